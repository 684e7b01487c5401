import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers.fingerprint import weights_fingerprint
from kerasbert.classifiers.pooled_states import with_pooled_states

BUILT = {
    "multiclass": lambda config: kb.build_multiclass(3, encoder=config, compile=False),
    "hidden units": lambda config: kb.build_binary(encoder=config, hidden_units=(5,), compile=False),
    "pooler": lambda config: kb.build_multilabel(3, encoder=config, pooling="pooler", compile=False),
    "several": lambda config: kb.build_multitask(
        {"a": kb.Multilabel(2), "b": kb.Binary()}, encoder=config, compile=False
    ),
    "layerwise": lambda config: kb.build_layerwise(kb.Multiclass(3), encoder=config, compile=False),
}


def arrays(values):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, values)


@pytest.mark.parametrize("name", BUILT)
def test_states_are_means_of_what_the_encoder_gives_and_logits_make_the_output(name, tiny_config, tiny_inputs):
    model = BUILT[name](tiny_config)
    found = arrays(with_pooled_states(model, [2, 0])(tiny_inputs, training=False))
    states, mask = model.states(tiny_inputs), tiny_inputs["attention_mask"][..., None]
    for layer in (2, 0):
        mean = (states.hidden_states[layer] * mask).sum(1) / mask.sum(1)
        np.testing.assert_allclose(found["pooled"][str(layer)], mean, atol=1e-5)
    if name == "layerwise":
        shares = keras.ops.convert_to_numpy(keras.ops.softmax(found["logits"]["probabilities"]))
        np.testing.assert_allclose(shares, states.output["layer_2"], atol=1e-5)
        return
    for head, layer in model.heads.items():
        own = states.output[head] if isinstance(states.output, dict) else states.output
        activation = keras.activations.get(layer.activation)
        np.testing.assert_allclose(arrays(activation(found["logits"][head])), own, atol=1e-5)


@pytest.mark.parametrize(("scores", "level"), [("own", "class"), ("summed", "subclass")])
def test_a_hierarchy_gives_the_logits_of_one_level(scores, level, tiny_config, tiny_inputs):
    model = kb.build_hierarchical(
        {"a": ["b", "c"], "d": ["e"]}, encoder=tiny_config, class_scores=scores, compile=False
    )
    found = arrays(with_pooled_states(model, [1])(tiny_inputs, training=False))
    assert list(found["logits"]) == [level]
    shares = arrays(keras.ops.softmax(found["logits"][level]))
    np.testing.assert_allclose(shares, found["output"][level], atol=1e-5)


def test_of_a_text_in_windows_it_is_the_mean_over_them(tiny_config, tiny_inputs):
    model = kb.build_binary(encoder=tiny_config, window_pooling="mean", max_length=8, compile=False)
    inputs = {**tiny_inputs, "window_rows": np.array([[1, 2]], "int32")}
    states, mask = model.states(inputs), tiny_inputs["attention_mask"][..., None]
    found = arrays(with_pooled_states(model, [1])(inputs, training=False))["pooled"]["1"]
    expected = ((states.hidden_states[1] * mask).sum(1) / mask.sum(1)).mean(0, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_fingerprint_is_that_of_the_weights(tiny_config):
    model = BUILT["multiclass"](tiny_config)
    before = weights_fingerprint(model)
    other = BUILT["multiclass"](tiny_config)
    other.set_weights(model.get_weights())
    assert weights_fingerprint(other) == before
    model.head.output_layer.bias.assign([0.0, 0.0, 1e-3])
    assert weights_fingerprint(model) != before and len(before) == 64
