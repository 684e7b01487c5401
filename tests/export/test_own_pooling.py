"""A pooling of the user's own in every export."""

import keras
import numpy as np
import pytest
from keras import ops
from trained_classifiers import LABELS, TEXTS, with_large_weights

import kerasbert as kb
from kerasbert import ConfigError
from kerasbert.export import tflite


@keras.saving.register_keras_serializable(package="exported")
class GatedMean(kb.layers.Pooling):
    """Mean of the hidden states, times a learned gate."""

    has_weights = True
    torch_code = """
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return mean * self.weights[f"{name}/gate"]
    """

    def build(self, hidden_states_shape, attention_mask_shape=None):
        self.gate = self.add_weight((hidden_states_shape[-1],), name="gate", initializer="ones")

    def call(self, hidden_states, attention_mask):
        mask = ops.expand_dims(ops.cast(attention_mask, hidden_states.dtype), -1)
        return ops.sum(hidden_states * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0) * self.gate


@keras.saving.register_keras_serializable(package="exported")
class FirstToken(keras.layers.Layer):
    """A layer of no base class of ours."""

    def call(self, hidden_states, attention_mask):
        return hidden_states[:, 0] * 2.0


@pytest.fixture(scope="module")
def classifier(tiny_folder):
    return with_large_weights(tiny_folder, TEXTS, LABELS, task="multiclass", pooling=GatedMean(), layers=1)


@pytest.mark.parametrize("way", ["saved_model", "onnx", "tflite"])
def test_graphs_hold_it(way, classifier, tmp_path):
    if way == "onnx":
        pytest.importorskip("tf2onnx")
    options = {"warmup": False} if way == "saved_model" else {}
    report = getattr(classifier, f"export_{way}")(tmp_path / "out", texts=TEXTS, **options).report
    assert report["different_decisions"] == 0 and report["largest_difference"] < 1e-4


def test_pytorch_gets_its_code(classifier, tmp_path):
    report = classifier.save_pretrained(tmp_path / "out", texts=TEXTS).report
    assert report["largest_difference"] < 1e-5
    again = kb.load(tmp_path / "out")
    assert np.allclose(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS), atol=1e-6)


def test_a_folder_names_the_class_that_is_to_be_imported(classifier, tmp_path, monkeypatch):
    classifier.save_pretrained(tmp_path / "out")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "exported>GatedMean")
    with pytest.raises(ConfigError, match="is of the class 'exported>GatedMean' of the module .*Import the module"):
        kb.load(tmp_path / "out")


def test_without_code_for_pytorch_the_way_out_is_told(tiny_folder, tmp_path):
    other = with_large_weights(tiny_folder, TEXTS, LABELS, task="multiclass", pooling=FirstToken(), layers=1)
    with pytest.raises(
        ConfigError, match="FirstToken is a layer of your own.*`torch_code`.*or export a SavedModel, ONNX"
    ):
        other.save_pretrained(tmp_path / "out")
    other.save(tmp_path / "saved")
    assert np.array_equal(kb.load(tmp_path / "saved").predict_proba(TEXTS), other.predict_proba(TEXTS))


def test_half_precision_keeps_it(classifier):
    copy = tflite.in_precision(classifier.model_, "mixed_bfloat16")
    gates = [model.features.pooling.gate for model in (copy, classifier.model_)]
    assert np.array_equal(*gates) and copy.encoder.compute_dtype == "bfloat16"
