import dataclasses

import numpy as np
import pytest
from held_out import KINDS, labels_for, other_texts
from trained_classifiers import LABELS, TEXTS

import kerasbert as kb
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import sketch_texts
from kerasbert.uncertainty.calibration import Calibration, calibrated, cross_fitted
from kerasbert.uncertainty.fitted import one_of
from kerasbert.uncertainty.folding import has_summed_levels, undo_calibration
from kerasbert.uncertainty.sets import PredictionSets


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_gives_what_the_scaled_logits_do(kind, classifier_of):
    trained = classifier_of(kind)
    texts, labels = other_texts(), labels_for(trained.outputs)
    before = trained.probabilities(texts)
    scaled = trained.calibrated(texts, labels, always=True)
    found = one_of(Calibration, scaled.uncertainty)
    summed = has_summed_levels(trained.model)
    expected = calibrated(trained.outputs, before, found.scalings, summed=summed)
    after = scaled.probabilities(texts)
    for head, values in expected.items():
        assert np.allclose(after[head], values, atol=1e-5) and not np.allclose(before[head], after[head], atol=1e-4)
    # The classifier itself stays as it was.
    assert all(np.array_equal(values, before[head]) for head, values in trained.probabilities(texts).items())
    if kind not in ("summed", "independent levels"):
        for head, decided in scaled.y_pred(after).items():
            assert np.array_equal(decided, trained.y_pred(before)[head])
    # What it was trained as comes back.
    undo_calibration(scaled.model, scaled.uncertainty)
    for head, values in scaled.probabilities(texts).items():
        assert np.allclose(values, before[head], atol=1e-5)


def test_calibrating_again_replaces_the_first_and_drops_the_sets(classifier_of):
    trained = classifier_of("multilabel")
    texts, labels = other_texts(), labels_for(trained.outputs)
    once = trained.calibrated(texts, labels, always=True).with_sets(texts, labels)
    assert set(once.uncertainty) == {"calibration", "sets"}
    twice = once.calibrated(texts, labels, always=True)
    assert set(twice.uncertainty) == {"calibration"}
    first, second = (one_of(Calibration, one.uncertainty).scalings["probabilities"] for one in (once, twice))
    assert second.scale == pytest.approx(first.scale, rel=1e-3) and second.shift == pytest.approx(first.shift, abs=1e-3)
    assert twice.thresholds["probabilities"] == pytest.approx(once.thresholds["probabilities"], abs=1e-4)


def test_a_saved_folder_keeps_calibration_and_sets(classifier_of, tmp_path):
    trained = classifier_of("multitask")
    texts, labels = other_texts(), labels_for(trained.outputs)
    trained = trained.calibrated(texts, labels, always=True).with_sets(texts, labels)
    trained.save(tmp_path / "saved")
    loaded = kb.load(tmp_path / "saved").trained_
    for head, values in trained.probabilities(texts).items():
        assert np.array_equal(loaded.probabilities(texts)[head], values)
    assert one_of(Calibration, loaded.uncertainty).to_plain() == one_of(Calibration, trained.uncertainty).to_plain()
    assert loaded.predict_set(texts, coverage=0.9) == trained.predict_set(texts, coverage=0.9)


@pytest.mark.parametrize("kind", ["multilabel", "hierarchical"])
def test_sets_are_fitted_on_texts_that_did_not_scale_themselves(kind, classifier_of):
    trained = classifier_of(kind)
    texts, labels = other_texts(), labels_for(trained.outputs)
    scaled = trained.calibrated(texts, labels, always=True)
    scalings, summed = one_of(Calibration, scaled.uncertainty).scalings, has_summed_levels(trained.model)
    y_true = trained.encode_labels(labels)
    crossed = cross_fitted(trained.outputs, y_true, trained.probabilities(texts), scalings, summed=summed)
    expected = PredictionSets.fit(trained.outputs, y_true, crossed)
    found = scaled.with_sets(texts, labels).prediction_sets
    for head, (scores,) in expected.heads.items():
        assert np.allclose(found.heads[head][0].scores[-5:], scores.scores[-5:], atol=1e-4)
    # Other texts are taken as the model says.
    others, theirs = other_texts(seed=7), labels_for(trained.outputs, seed=8)
    own = PredictionSets.fit(trained.outputs, trained.encode_labels(theirs), scaled.probabilities(others))
    for head, (scores,) in own.heads.items():
        assert np.array_equal(scaled.with_sets(others, theirs).prediction_sets.heads[head][0].scores, scores.scores)


@pytest.mark.parametrize("kind", KINDS)
def test_sets_have_the_form_of_predictions(kind, classifier_of):
    trained = classifier_of(kind)
    texts, labels = other_texts(), labels_for(trained.outputs)
    sets = trained.with_sets(texts, labels).predict_set(texts[:7], coverage=0.8)
    for head, own in (sets if isinstance(sets, dict) else {"probabilities": sets}).items():
        task = trained.outputs.tasks[head]
        assert len(own) == 7 and all(set(one) <= set(task.label_names) for one in own)
        assert not task.exclusive or all(own)
        best = task.columns(trained.probabilities(texts[:7])[head]).argmax(axis=1)
        assert all(not one or one[0] == task.label_names[place] for one, place in zip(own, best, strict=True))


def test_evaluation_measures_the_sets(classifier_of):
    trained = classifier_of("multiclass")
    texts, labels = other_texts(), labels_for(trained.outputs)
    trained = trained.with_sets(texts, labels)
    scores = trained.evaluate(texts, labels)
    sets = trained.predict_set(texts, coverage=0.9)
    covered = np.mean([label in one for label, one in zip(labels, sets, strict=True)])
    assert scores["sets"]["0.9"]["coverage"] == pytest.approx(covered) and covered >= 0.9
    assert scores["sets"]["0.9"]["size"] == pytest.approx(np.mean([len(one) for one in sets]))
    assert "sets" not in classifier_of("multiclass").evaluate(texts, labels)


def test_texts_that_were_trained_on_are_refused(classifier_of):
    trained = classifier_of("multiclass")
    for use in (trained.calibrated, trained.with_sets):
        with pytest.raises(
            kb.DataError, match="must not be those that the classifier was trained on.* 8 of 8 that can"
        ):
            use(TEXTS, LABELS)
    # A few texts, such as greetings, are in both.
    texts, labels = [*other_texts(60), "thanks"], labels_for(trained.outputs, 61)
    assert PredictionSets.of(trained.with_sets(texts, labels).uncertainty) is not None
    told = {**trained.data, "text_sketch": sketch_texts(text_keys(texts))}
    with pytest.raises(kb.DataError, match="must not be those"):
        dataclasses.replace(trained, data=told).with_sets(texts, labels)


def test_bad_input(classifier_of):
    trained = classifier_of("multiclass")
    texts, labels = other_texts(), labels_for(trained.outputs)
    with pytest.raises(kb.DataError, match="at least 50 texts with a known label .* got 20"):
        trained.calibrated(texts[:20], labels[:20])
    with pytest.raises(kb.DataError, match="must have one row for each text; got 119 for 120"):
        trained.calibrated(texts, labels[1:])
    with pytest.raises(kb.DataError, match="'other'"):
        trained.with_sets(texts, ["other", *labels[1:]])
    with pytest.raises(kb.ConfigError, match="no prediction sets yet; fit them on labelled texts"):
        trained.predict_set(texts)
    with pytest.raises(kb.ConfigError, match="`method` must be one of 'aps', 'lac', 'raps'; got 'top'"):
        trained.with_sets(texts, labels, method="top")
    few = trained.with_sets(texts[:19], labels[:19])
    with pytest.raises(
        kb.ConfigError, match="`coverage` must be at most 0.95 .* 19 texts.*got 0.98.* at least 49 texts"
    ):
        few.predict_set(texts, coverage=0.98)
    for wrong in (0, 1, 1.5, float("nan")):
        with pytest.raises(kb.ConfigError, match="`coverage` must be"):
            few.predict_set(texts, coverage=wrong)
