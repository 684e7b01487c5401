"""The models run on Keras's other backends: build, forward, one training step, with the numbers of TensorFlow."""

import functools
import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import kerasbert as kb

pytestmark = pytest.mark.long

SCRIPT = """
import sys
import keras, numpy as np
import kerasbert as kb
from kerasbert.saving.model_states import classifier_state

config = kb.BertConfig(vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], "int32")
inputs = {"input_ids": ids, "attention_mask": (ids > 0).astype("int32"), "token_type_ids": np.zeros_like(ids)}
labels = {"a": np.array([0, 2]), "b": np.array([[0.0, 1.0], [1.0, 0.0]])}
for name, options in eval(sys.argv[2]).items():
    model = kb.build_multitask({"a": kb.Multiclass(3), "b": kb.Multilabel(2)}, encoder=config, **options)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.1, weight.shape) for weight in model.get_weights()])
    before = model.predict(inputs, verbose=0)
    np.savez(f"{sys.argv[1]}/{name}.npz", **before)
    state = classifier_state(model)
    digest = state.digest
    assert state.unchanged()
    losses = model.fit(inputs, labels, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all(), losses
    assert not state.unchanged() and state.digest != digest and state.unchanged()
    keras.tree.map_structure(lambda a, b: np.testing.assert_raises(AssertionError, np.testing.assert_array_equal, a, b),
                             before, model.predict(inputs, verbose=0))

# What an encoder returns is a structure to each backend.
encoder = kb.TFBertModel(config)
assert list(encoder.predict(inputs, verbose=0)) == ["last_hidden_state", "pooler_output"]
output = encoder(inputs, head_mask=np.ones((2, 2), "float32"), output_attentions=True)
assert len(output.hidden_states) == 3 and len(output.to_tuple()) == 3
"""


OPTIONS = {
    "attention pooling": {"pooling": "attention"},
    "weighted": {"layers": (0, 2), "combine": "weighted", "pooling": "multihead_attention"},
    "attention over layers first": {
        "layers": (1, 2),
        "combine": "attention",
        "combine_before_pooling": True,
        "pooling": "last",
    },
}


@pytest.fixture(scope="module")
def probabilities(tmp_path_factory):
    """Backend -> what the models of `OPTIONS` answer before training; each backend has one process of its own."""

    @functools.cache
    def run(backend):
        folder = tmp_path_factory.mktemp(backend)
        environment = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
        command = [sys.executable, "-c", SCRIPT, str(folder), repr(OPTIONS)]
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr[-2000:]
        return {name: np.load(folder / f"{name}.npz") for name in OPTIONS}

    return run


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_trains_and_agrees(backend, name, probabilities):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    outputs, expected = (probabilities(each)[name] for each in (backend, "tensorflow"))
    assert all(np.allclose(outputs[head], expected[head], atol=1e-5) for head in ("a", "b"))


def test_builds_and_trains_inside_a_strategy(tiny_config, tiny_inputs):
    import tensorflow as tf

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        model = kb.build_multiclass(3, encoder=tiny_config)
    assert np.isfinite(model.fit(tiny_inputs, np.array([0, 2]), verbose=0).history["loss"][0])


WHOLE = """
import os, sys, warnings
import keras, numpy as np
import kerasbert as kb

sizes = dict(vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
config = kb.BertConfig(max_position_embeddings=8, **sizes)  # fewer positions than the lengths that Keras makes up
ids = np.array([[2, 5, 6, 3], [2, 7, 3, 0]], "int32")
inputs = {"input_ids": ids, "attention_mask": (ids > 0).astype("int32"), "token_type_ids": np.zeros_like(ids)}

for scores in ("own", "summed"):
    model = kb.build_hierarchical({"a": ["b", "c"], "d": ["e"]}, encoder=config, class_scores=scores)
    before = model.get_weights()
    losses = model.fit(inputs, {"class": np.array([0, 1]), "subclass": np.array([1, 2])}, epochs=2, verbose=0).history
    assert np.isfinite(losses["loss"]).all()
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights()))

model = kb.build_multiclass(3, encoder=config, pooling="attention", hidden_units=(4,))
for part in (model.encoder.blocks[0], model.encoder.embeddings, model.features.pooling, model.head.hidden_layers[0]):
    part.trainable = False
model.save(sys.argv[1])
names = [[weight.path for weight in one.trainable_weights]
         for one in (model, keras.models.load_model(sys.argv[1]), keras.models.clone_model(model))]
assert names[0] == names[1] == names[2] and len(names[0]) == 14, names
frozen = kb.build_binary(encoder=kb.TFBertModel(config, trainable=False))
assert [weight.path for weight in frozen.trainable_weights] == ["probabilities/logits/kernel", "probabilities/logits/bias"]

expected = model.predict(inputs, verbose=0)
for given in ({"labels": np.ones_like(ids), **inputs}, list(inputs.values())):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kb.KerasbertWarning)
        np.testing.assert_allclose(model.predict(given, verbose=0), expected, atol=1e-6)
try:
    model.predict({name: np.tile(rows, 3) for name, rows in inputs.items()}, verbose=0)
    raise AssertionError("12 tokens were taken")
except kb.ConfigError as error:
    assert "at most 8 tokens a row" in str(error)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_whole_models_behave_as_on_tensorflow(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", WHOLE, str(tmp_path / "model.keras")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]


LABELS = """
import keras, numpy as np
import kerasbert as kb

random = np.random.default_rng(0)
ids, flags = random.integers(0, 3, 8), random.integers(0, 2, 8)
three, one = random.dirichlet(np.ones(3), 8).astype("float32"), random.random((8, 1)).astype("float32")
of_ids = [kb.losses.SparseCategoricalCrossentropy, kb.losses.SparseLevelCrossentropy, lambda: kb.metrics.CohenKappa(3),
          lambda: kb.metrics.MatthewsCorrelationCoefficient(3), lambda: kb.metrics.F1Score(3, sparse=True),
          lambda: kb.metrics.HierarchicalF1([[0, 0, 1]])]
of_flags = [kb.losses.BinaryCrossentropy, kb.losses.AsymmetricLoss, kb.losses.BinaryLevelCrossentropy,
            kb.metrics.HammingLoss, lambda: kb.metrics.F1Score(1), lambda: kb.metrics.MultiLabelConfusionMatrix(1)]


def value(make, labels, predictions):
    return keras.ops.convert_to_numpy(make()(labels, predictions))


def refused(call, words):
    try:
        call()
    except kb.DataError as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)


for make in of_ids:
    np.testing.assert_allclose(value(make, np.eye(3)[ids], three), value(make, ids, three), rtol=1e-5)
    refused(lambda: value(make, np.where(ids == ids[2], 3, ids), three), "class ids from 0 to 2")
for make in of_flags:
    np.testing.assert_allclose(value(make, flags, one), value(make, flags[:, None], one), rtol=1e-5)
    refused(lambda: value(make, flags * 2 + 1, one), "must be 0 or 1")

config = kb.BertConfig(vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
model = kb.build_multitask({"spam": kb.Binary(), "topic": kb.Multiclass(3)}, encoder=config)
tokens = np.full((8, 4), 5, "int32")
inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
for topic in (ids, np.eye(3)[ids]):
    assert np.isfinite(model.fit(inputs, {"spam": flags, "topic": topic}, verbose=0).history["loss"]).all()
for method in (model.fit, model.evaluate, model.train_on_batch):
    refused(lambda: method(inputs, {"spam": flags, "topic": ids + 1}), "the head 'topic' must be class ids from 0 to 2")
early = keras.callbacks.EarlyStopping(monitor="val_macro_f1")
single = kb.build_multiclass(3, encoder=config)
single.fit(inputs, ids, validation_data=(inputs, ids), callbacks=[early], verbose=0)
assert early.monitor_op is keras.ops.greater
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_labels_are_read_and_refused_alike(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", LABELS], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
