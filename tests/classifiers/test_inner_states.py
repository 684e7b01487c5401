import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert import ConfigError, DataError

FORMS = {
    "mean": lambda config: kb.build_multiclass(3, encoder=config),
    "pooler": lambda config: kb.build_binary(encoder=config, pooling="pooler"),
    "layers": lambda config: kb.build_multilabel(3, encoder=config, layers=(0, 2), combine="attention"),
    "heads": lambda config: kb.build_multitask({"a": kb.Multiclass(2), "b": kb.Binary()}, encoder=config),
    "levels": lambda config: kb.build_hierarchical({"x": ["x1"], "y": ["y1", "y2"]}, encoder=config),
}


def outputs_of(value):
    return value if isinstance(value, dict) else {"": value}


@pytest.mark.parametrize("form", FORMS)
def test_one_call_gives_all_that_lies_between(form, tiny_config, tiny_inputs):
    model = FORMS[form](tiny_config)
    states, encoded = model.states(tiny_inputs, attentions=True), model.encoder(tiny_inputs, output_attentions=True)
    for name, expected in outputs_of(model.predict(tiny_inputs, verbose=0)).items():
        assert np.allclose(outputs_of(states.output)[name], expected, atol=1e-6)
    assert np.allclose(states.vectors, keras.Model(model.input, model.vectors)(tiny_inputs), atol=1e-6)
    assert np.allclose(np.stack(states.hidden_states), np.stack(encoded.hidden_states), atol=1e-6)
    assert np.allclose(np.stack(states.attentions), np.stack(encoded.attentions), atol=1e-6)
    assert states.attentions[0].shape == (2, 2, 4, 4) and np.allclose(states.attentions[0].sum(-1), 1, atol=1e-5)


def test_attentions_are_left_out_unless_asked_for(tiny_config, tiny_inputs):
    states = FORMS["mean"](tiny_config).states(tiny_inputs)
    assert states.attentions == () and len(states.hidden_states) == 3


def test_each_layer_of_a_layerwise_model_has_a_vector(tiny_config, tiny_inputs):
    model = kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config)
    states = model.states(tiny_inputs)
    assert set(states.vectors) == {"layer_1", "layer_2"}
    mask = tiny_inputs["attention_mask"][..., None]
    assert np.allclose(states.vectors["layer_1"], (states.hidden_states[1] * mask).sum(1) / mask.sum(1), atol=1e-5)
    assert np.allclose(
        states.output["probabilities"], model.predict(tiny_inputs, verbose=0)["probabilities"], atol=1e-6
    )


def test_windows_of_texts(tiny_config, tiny_inputs):
    model = kb.build_multiclass(3, encoder=tiny_config, window_pooling="max")
    states = model.states({**tiny_inputs, "window_rows": np.array([[1, 2]])})
    assert (states.output.shape, states.vectors.shape, states.hidden_states[0].shape) == ((1, 3), (1, 16), (2, 4, 16))


def test_states_equal_those_of_torch(tiny_config, tiny_inputs, tmp_path):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    model = FORMS["mean"](tiny_config)
    model.encoder.save_pretrained(tmp_path / "encoder")
    other = transformers.BertModel.from_pretrained(str(tmp_path / "encoder"), attn_implementation="eager").eval()
    with torch.no_grad():
        expected = other(
            **{name: torch.tensor(value) for name, value in tiny_inputs.items()},
            output_hidden_states=True,
            output_attentions=True,
        )
    states = model.states(tiny_inputs, attentions=True)
    for name in ("hidden_states", "attentions"):
        for own, theirs in zip(getattr(states, name), getattr(expected, name), strict=True):
            assert np.allclose(own, theirs.numpy(), atol=1e-4)


BAD = {
    "text": (["good card"], DataError, "got raw text"),
    "one array": (np.ones((1, 3), "int32"), ConfigError, "Inputs must be input_ids"),
    "missing": ({"input_ids": np.ones((1, 3), "int32")}, ConfigError, "attention_mask"),
}


@pytest.mark.parametrize(("inputs", "error", "message"), BAD.values(), ids=BAD)
def test_inputs_that_are_none(inputs, error, message, tiny_config):
    with pytest.raises(error, match=message):
        FORMS["mean"](tiny_config).states(inputs)


def test_a_flag_of_another_type(tiny_config, tiny_inputs):
    with pytest.raises(TypeError, match="`attentions` must be True or False; got 1"):
        FORMS["mean"](tiny_config).states(tiny_inputs, attentions=1)
