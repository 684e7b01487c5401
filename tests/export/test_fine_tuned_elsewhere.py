"""The way of a classifier that was fine-tuned in PyTorch: read, trained on, and out to servers, phones and back."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hub_folders import CONFIGS, TEXTS, torch_logits, write_classifier

from kerasbert import ConfigError, TextClassifier
from kerasbert.export import comparison
from kerasbert.export.artefacts import open_artefact

pytest.importorskip("torch")
WORDPIECE = [family for family in CONFIGS if family != "roberta"]
# Special tokens that a text spells are text here, and not in transformers' folder.
PLAIN = [text for text in TEXTS if "[SEP]" not in text and "</s>" not in text]


@pytest.fixture(autouse=True, scope="module")
def _quick():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "TIMED_CALLS", 3)
        yield


@pytest.fixture(scope="module")
def trained_on(tmp_path_factory):
    """Family -> a classifier of transformers after one more step, and its folder."""
    made = {}

    def make(family):
        if family not in made:
            folder = write_classifier(family, tmp_path_factory.mktemp("hub") / family)
            classifier = TextClassifier.from_pretrained(folder)
            expected = softmax(torch_logits(folder, PLAIN))
            np.testing.assert_allclose(classifier.predict_proba(PLAIN), expected, atol=1e-5)
            before = [keras.ops.convert_to_numpy(weight) for weight in classifier.model_.trainable_weights]
            classifier.set_params(epochs=1, batch_size=4, verbose=False, validation_fraction=0.0, learning_rate=1e-4)
            classifier.fit(["good card", "bad parcel", "thanks", "my refund"], ["other", "joy", "joy", "anger"])
            after = [keras.ops.convert_to_numpy(weight) for weight in classifier.model_.trainable_weights]
            assert [one.shape for one in before] == [one.shape for one in after]
            assert 0 < max(np.abs(one - other).max() for one, other in zip(before, after, strict=True)) < 0.1
            made[family] = classifier
        return made[family]

    return make


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("family", WORDPIECE)
def test_a_server_gives_the_same(family, trained_on, tmp_path):
    classifier = trained_on(family)
    path = classifier.export_saved_model(tmp_path / "served", texts=TEXTS, warmup=False).path
    ask = tf.saved_model.load(str(path)).signatures["serving_default"]
    got = ask(text=tf.constant(TEXTS))
    np.testing.assert_allclose(got["probabilities"].numpy(), classifier.predict_proba(TEXTS), atol=1e-5)
    assert got["labels"].numpy()[:, 0].astype(str).tolist() == classifier.predict(TEXTS).tolist()


@pytest.mark.parametrize("family", WORDPIECE)
def test_a_phone_gives_the_same(family, trained_on, tmp_path):
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    classifier = trained_on(family)
    path = classifier.export_tflite(tmp_path / "phone", texts=TEXTS, length="dynamic").path
    interpreter = interpreters.Interpreter(model_path=str(path))
    ask = interpreter.get_signature_runner()
    for text, expected in zip(TEXTS, classifier.predict_proba(TEXTS), strict=True):
        ids = classifier.tokenizer_(text)["input_ids"]
        got = ask(ids=ids, mask=np.ones_like(ids), segment_ids=np.zeros_like(ids))["probabilities"][0]
        np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("family", CONFIGS)
def test_pytorch_gives_the_same(family, trained_on, tmp_path):
    classifier = trained_on(family)
    export = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS)
    assert export.report["standard_head"]
    np.testing.assert_allclose(softmax(torch_logits(export.path, TEXTS)), classifier.predict_proba(TEXTS), atol=1e-5)


@pytest.mark.parametrize("family", CONFIGS)
def test_onnx_runtime_gives_the_same(family, trained_on, tmp_path):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")
    classifier = trained_on(family)
    path = classifier.export_onnx(tmp_path / "onnx", texts=TEXTS).path
    got = open_artefact(path).predict_proba(TEXTS)
    np.testing.assert_allclose(got, classifier.predict_proba(TEXTS), atol=1e-5)


def test_raw_text_of_a_byte_level_tokenizer_is_refused(trained_on, tmp_path):
    classifier = trained_on("roberta")
    for export in (classifier.export_saved_model, classifier.export_tflite):
        with pytest.raises(
            ConfigError, match="for WordPiece tokenizers .* this one is BPE.*--format onnx or huggingface"
        ):
            export(tmp_path / "out")
    assert not list(tmp_path.rglob("*.*"))
