"""What `fit` does with its validation texts once the weights are trained."""

import types
from unittest import mock

import numpy as np
import pytest
from held_out import labels_for, other_texts
from trained_classifiers import TASKS, TEXTS

import kerasbert as kb
from kerasbert.text_classifier import fitting
from kerasbert.uncertainty.calibration import Calibration


@pytest.fixture(autouse=True)
def _no_training():
    """The weights stay as they are: their training is tested elsewhere."""
    history = types.SimpleNamespace(history={}, params=None)
    with mock.patch.object(fitting, "finetune", lambda *given, **options: history):
        yield


def fit(folder, kind="multilabel", count=120, validation=True, **arguments):
    own, labels = TASKS[kind]
    settings = {"encoder": str(folder), "max_length": 32, "verbose": False, **own, **arguments}
    classifier = kb.TextClassifier(**settings)
    outputs = classifier.plan().read(labels).outputs
    data = (other_texts(count), labels_for(outputs, count)) if validation else None
    return classifier.fit(TEXTS, labels, validation=data)


pytestmark = pytest.mark.filterwarnings("ignore:.*validation text has the label", "ignore:the labels")


@pytest.mark.parametrize("kind", ["multitask", "hierarchical", "independent levels"])
def test_it_calibrates_every_kind(kind, two_block_folder):
    plain, scaled = (fit(two_block_folder, kind, calibrate=calibrate).trained_ for calibrate in (False, True))
    assert plain.uncertainty == {} and set(scaled.uncertainty) == {"calibration"}
    texts = other_texts()
    before, after = plain.probabilities(texts), scaled.probabilities(texts)
    assert all(not np.allclose(before[head], after[head], atol=1e-4) for head in before)
    if kind != "independent levels":
        for head, decided in plain.y_pred(before).items():
            assert np.array_equal(scaled.y_pred(after)[head], decided)


def test_training_on_begins_with_the_weights_that_were_trained(two_block_folder):
    classifier = fit(two_block_folder, calibrate=True)
    plain = fit(two_block_folder, calibrate=False).predict_proba(TEXTS)
    assert not np.allclose(classifier.predict_proba(TEXTS), plain, atol=1e-4)
    classifier.set_params(warm_start=True, calibrate=False)
    assert np.allclose(classifier.fit(TEXTS, TASKS["multilabel"][1]).predict_proba(TEXTS), plain, atol=1e-5)
    assert classifier.trained_.uncertainty == {}


def test_unasked_it_calibrates_where_there_is_a_gain(two_block_folder):
    found = Calibration.of(fit(two_block_folder).trained_.uncertainty)
    assert (found.gains["probabilities"]["low"] > 0) == bool(found.scalings)
    assert fit(two_block_folder, count=49).trained_.uncertainty == {}
    assert fit(two_block_folder, validation=False).trained_.uncertainty == {}


def test_what_is_asked_for_and_cannot_be_done_is_refused_before_the_training(two_block_folder):
    with pytest.raises(kb.ConfigError, match="`calibrate` must be left out without validation texts"):
        fit(two_block_folder, validation=False, calibrate=True)
    with pytest.raises(kb.DataError, match="at least 50 texts with a known label .* got 49"):
        fit(two_block_folder, count=49, calibrate=True)
    with pytest.raises(kb.ConfigError, match="`calibrate` must not be True with `layerwise`"):
        fit(two_block_folder, "multiclass", layerwise=True, calibrate=True)
    with pytest.raises(TypeError, match="`calibrate` must be"):
        fit(two_block_folder, calibrate="yes")


def test_a_layerwise_classifier_stays_as_it_is(two_block_folder):
    classifier = fit(two_block_folder, "multiclass", layerwise=True)
    assert classifier.trained_.uncertainty == {}
    with pytest.raises(kb.ConfigError, match="A layerwise classifier cannot be calibrated"):
        classifier.fit_calibration(other_texts(), labels_for(classifier.trained_.outputs))


def test_an_estimator_calibrates_and_fits_sets(two_block_folder):
    classifier = fit(two_block_folder, "multiclass", validation=False)
    texts, labels = other_texts(), labels_for(classifier.trained_.outputs)
    assert repr(classifier.fit_calibration(texts, labels, always=True)).startswith("Calibrated on 120 texts: labels")
    assert classifier.fit_sets(texts, labels).largest_coverage == pytest.approx(120 / 121)
    sets = classifier.predict_set(texts, coverage=0.9)
    assert np.mean([label in one for label, one in zip(labels, sets, strict=True)]) >= 0.9
    empties = classifier.predict_set(texts, coverage=0.1, empty=True)
    assert any(not one for one in empties) and all(classifier.predict_set(texts, coverage=0.1))
