import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from held_out import KINDS, labels_for, other_texts

import kerasbert as kb
from kerasbert.export.artefacts import artefact_of, open_artefact
from kerasbert.export.decisions import choose_sets
from kerasbert.export.description import describe
from kerasbert.export.saved_model import export_saved_model
from kerasbert.uncertainty.calibration import Calibration
from kerasbert.uncertainty.sets import PredictionSets


@pytest.mark.parametrize(("method", "each_label"), [("lac", False), ("raps", True)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_chooses_the_same_sets(kind, method, each_label, classifier_of):
    trained = classifier_of(kind)
    texts, labels = other_texts(), labels_for(trained.outputs)
    probabilities = trained.probabilities(texts)
    y_true = trained.encode_labels(labels)
    sets = PredictionSets.fit(trained.outputs, y_true, probabilities, method=method, each_label=each_label)
    outputs = {head: tf.constant(values) for head, values in probabilities.items()}
    for coverage in (0.3, 0.8):
        expected = sets.flags(trained.outputs, probabilities, coverage)
        chosen = choose_sets(trained.model, sets, outputs, tf.constant(coverage, tf.float32))
        for head, flags in expected.items():
            assert np.array_equal(chosen[head].numpy(), flags)
    # What so few texts cannot promise.
    everything = choose_sets(trained.model, sets, outputs, tf.constant(0.999, tf.float32))
    assert all(flags.numpy().all() for flags in everything.values())


def test_an_export_gives_sets_too(classifier_of):
    trained = classifier_of("multitask")
    texts, labels = other_texts(), labels_for(trained.outputs)
    trained = trained.with_sets(texts, labels)
    artefact = artefact_of(describe(trained, "onnx"), trained.probabilities)
    assert artefact.predict_set(texts, coverage=0.9) == trained.predict_set(texts, coverage=0.9)
    assert artefact.evaluate(texts, labels)["topic"]["sets"] == trained.evaluate(texts, labels)["topic"]["sets"]


@pytest.mark.long
def test_a_saved_model_has_a_signature_for_sets(classifier_of, tmp_path):
    trained = classifier_of("hierarchical")
    texts, labels = other_texts(), labels_for(trained.outputs)
    trained = trained.calibrated(texts, labels, always=True).with_sets(texts, labels)
    report = export_saved_model(trained, tmp_path / "served", texts=texts[:8]).report
    assert report["different_sets"] == 0 and report["warmup_requests"] == 3 * 6
    loaded = tf.saved_model.load(str(tmp_path / "served" / "1"))
    served = loaded.signatures["sets"](text=tf.constant(texts[:8]), coverage=tf.constant(0.8))
    expected = trained.predict_set(texts[:8], coverage=0.8)
    for level, own in expected.items():
        rows = zip(served[f"{level}_labels"].numpy(), served[f"{level}_count"].numpy(), strict=True)
        assert [[name.decode() for name in names[:count]] for names, count in rows] == own


@pytest.mark.long
def test_every_export_computes_the_calibrated_probabilities(classifier_of, tmp_path):
    trained = classifier_of("multilabel")
    texts, labels = other_texts(), labels_for(trained.outputs)
    scaled = trained.calibrated(texts, labels, always=True)
    expected = scaled.probabilities(texts)["probabilities"]
    assert not np.allclose(expected, trained.probabilities(texts)["probabilities"], atol=1e-3)
    classifier = kb.TextClassifier.from_trained(scaled)
    opened = open_artefact
    for name, write in (("onnx", classifier.export_onnx), ("tflite", classifier.export_tflite)):
        write(tmp_path / name)
        assert np.allclose(opened(tmp_path / name).predict_proba(texts), expected, atol=1e-5)
    classifier.save_pretrained(tmp_path / "torch")
    again = kb.load(tmp_path / "torch").trained_
    assert np.allclose(again.predict_proba(texts), expected, atol=1e-5)
    # Another program may train on what lies there, and a promise would no longer hold.
    assert Calibration.of(again.uncertainty) is None and dataclasses.is_dataclass(again)
