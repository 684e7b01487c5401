"""A bare encoder is exported by Keras's `export`; what reads the file gives the encoder's numbers."""

import numpy as np
import pytest
import tensorflow as tf

from kerasbert import ConfigError, TFBertModel
from kerasbert.encoders.families import ENCODERS


def served(path, inputs):
    loaded = tf.saved_model.load(path)
    return {name: value.numpy() for name, value in loaded.serve(tensors(inputs)).items()}


def tensors(inputs):
    return {name: tf.constant(rows) for name, rows in inputs.items()}


def in_onnx(path, inputs):
    session = pytest.importorskip("onnxruntime").InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def in_litert(path, inputs):
    runner = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(path).get_signature_runner()
    return runner(**inputs)


READERS = {"tf_saved_model": served, "onnx": in_onnx, "litert": in_litert}


@pytest.mark.parametrize("format", READERS)
def test_exported_encoder_equals_the_encoder(format, tiny_config, tiny_inputs, tmp_path):
    encoder = TFBertModel(tiny_config)
    expected = encoder(tiny_inputs)
    path = str(tmp_path / {"tf_saved_model": "served", "onnx": "model.onnx", "litert": "model.tflite"}[format])
    encoder.export(path, format=format, verbose=False)
    found = READERS[format](path, tiny_inputs)
    for name in ("last_hidden_state", "pooler_output"):
        np.testing.assert_allclose(found[name], getattr(expected, name), atol=1e-5)


@pytest.mark.parametrize("family", ENCODERS)
def test_outputs_that_the_config_asks_for_are_exported(family, tiny_config, tiny_inputs, tmp_path):
    values = {**tiny_config.to_dict(), "model_type": family, "output_hidden_states": True, "output_attentions": True}
    encoder = ENCODERS[family](values, add_pooling_layer=False)
    encoder.export(str(tmp_path / "served"), verbose=False)
    found, expected = served(str(tmp_path / "served"), tiny_inputs), encoder(tiny_inputs)
    np.testing.assert_allclose(found["hidden_states_1"], expected.hidden_states[1], atol=1e-5)
    np.testing.assert_allclose(found["attentions_0"], expected.attentions[0], atol=1e-5)


def test_a_missing_package_is_named(tiny_config, tmp_path, monkeypatch):
    def missing(*args, **kwargs):
        raise ImportError("No module named 'tf2onnx'")

    monkeypatch.setattr("keras.src.models.model.Model.export", missing)
    with pytest.raises(ConfigError, match=r"`format` 'onnx' needs a package .*tf2onnx.*kerasbert\[onnx\]"):
        TFBertModel(tiny_config).export(tmp_path / "model.onnx", format="onnx")
