import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers.architecture import architecture_of

TASKS = {"binary": kb.Binary(["n", "y"]), "multiclass": kb.Multiclass(3), "multilabel": kb.Multilabel(4)}


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def perturbed(model):
    """Weights that differ everywhere, so that a wrong one shows."""
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.05 * random.normal(size=weight.shape))
    return model


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_vote_is_the_weighted_mean_of_the_layers(task, tiny_config, tiny_inputs):
    model = perturbed(kb.build_layerwise(task, encoder=tiny_config, layers=[0, 2, 1], pooling="attention"))
    output = {name: values(tensor) for name, tensor in model(tiny_inputs).items()}
    logits = 10 * values(model.votes.layer_bias)
    weights = np.exp(logits) / np.exp(logits).sum()
    expected = sum(weight * output[f"layer_{layer}"] for layer, weight in enumerate(weights))
    assert np.allclose(output["probabilities"], expected, atol=1e-6)
    assert list(model.votes.vote_weights.values()) == pytest.approx(weights.tolist(), rel=1e-5)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_truncated_model_answers_as_its_layer(task, layer, tiny_config, tiny_inputs):
    model = perturbed(
        kb.build_layerwise(task, encoder=tiny_config, layers=[0, 1, 2], pooling="multihead_attention", hidden_units=[5])
    )
    small = kb.truncate(model, layer)
    assert small.encoder.config.num_hidden_layers == max(layer, 1) and small.votes is None
    assert np.allclose(values(small(tiny_inputs)), values(model(tiny_inputs)[f"layer_{layer}"]), atol=1e-6)


def test_vote_loss_trains_the_weights_alone(tiny_config, tiny_inputs):
    import tensorflow as tf

    model = kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config)
    with tf.GradientTape() as tape:
        loss = keras.ops.mean(model(tiny_inputs, training=True)["probabilities"][:, 0])
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    moved = [w.path for w, g in zip(model.trainable_weights, gradients, strict=True) if g is not None and np.any(g)]
    assert moved == ["probabilities/layer_bias"]


def test_training_finds_the_layer_that_knows(tiny_config):
    # The middle token is the label; the classifier of the last layer is kept from learning it.
    random = np.random.default_rng(0)
    ids = np.stack([np.full(64, 2), random.integers(5, 7, 64), np.full(64, 3)], axis=1).astype("int32")
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    labels = ids[:, 1] - 5
    model = kb.build_layerwise(kb.Multiclass(2), encoder=tiny_config, layers=[0, 1, 2])
    model.get_layer("layer_2").trainable = False  # this one can only guess
    model.get_layer("layer_2").output_layer.kernel.assign(np.zeros((16, 2)))
    model.compile("adam", loss=dict.fromkeys(model.output, "sparse_categorical_crossentropy"))
    model.optimizer.learning_rate = 1e-2
    model.fit(inputs, labels, epochs=25, batch_size=16, verbose=0)
    weights = model.votes.vote_weights
    assert weights[2] < 0.1 and sum(weights.values()) == pytest.approx(1, rel=1e-5)
    assert (values(model(inputs)["probabilities"]).argmax(1) == labels).all()


def test_architecture_rebuilds(tiny_config):
    architecture = architecture_of(kb.build_layerwise(kb.Multilabel(["a", "b"]), encoder=tiny_config, layers=[1, 2]))
    assert architecture["builder"] == "build_layerwise" and architecture["arguments"]["layers"] == [1, 2]
    assert architecture["arguments"]["task"] == {"task": "multilabel", "label_names": ["a", "b"]}


def test_saved_by_keras(tiny_config, tiny_inputs, tmp_path):
    model = perturbed(kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    for name, tensor in model(tiny_inputs).items():
        assert np.allclose(values(again(tiny_inputs)[name]), values(tensor), atol=1e-6)


BAD = {
    "one layer": ({"layers": [1]}, "`layers` must name at least two hidden states of a layerwise model; got"),
    "outside": ({"layers": [1, 3]}, "`layers` must be an integer from -3 to 2"),
    "twice": ({"layers": [1, 1]}, "`layers` must be distinct"),
    "pooler": ({"pooling": "pooler"}, "`pooling` must not be 'pooler' in a layerwise model"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(options, message, tiny_config):
    with pytest.raises(kb.ConfigError, match=message):
        kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config, **options)


def test_bad_truncations(tiny_config):
    model = kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config)
    with pytest.raises(kb.ConfigError, match="`layer` must be one of 1, 2; got 0"):
        kb.truncate(model, 0)
    with pytest.raises(kb.ConfigError, match="`layer` must be an integer from -3 to 2"):
        kb.truncate(model, 3)
    with pytest.raises(kb.ConfigError, match="`model` must be a layerwise classifier"):
        kb.truncate(kb.build_multiclass(3, encoder=tiny_config), 1)
    with pytest.raises(TypeError, match=r"`task` must be Binary\(...\)"):
        kb.build_layerwise("binary", encoder=tiny_config)
