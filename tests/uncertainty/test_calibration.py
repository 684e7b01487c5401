import dataclasses

import numpy as np
import pytest
from held_out import labels_for, other_texts

import kerasbert as kb
from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.single import SingleOutput
from kerasbert.uncertainty.calibration import Calibration, calibrated, fit_calibration, moved_thresholds
from kerasbert.uncertainty.logits import logit_layers, probabilities_of
from kerasbert.uncertainty.scaling import Scaling, fit_scaling

HEAD = "probabilities"
FIVE = SingleOutput(Multiclass(5))
MANY = SingleOutput(Multilabel(["a", "b", "c"]))
YES_NO = SingleOutput(Binary(["no", "yes"]))


def too_sure(outputs, count=600, factor=3.0, seed=0):
    """Labels, and the probabilities of a classifier whose logits are too large by a factor."""
    random = np.random.default_rng(seed)
    (layer,) = logit_layers(outputs)
    logits = random.normal(size=(count, layer.task.units)) * 1.5
    given = layer.given(logits)
    if layer.exclusive:
        labels = (logits + random.gumbel(size=logits.shape)).argmax(axis=1)
    else:
        labels = (random.random(given.shape) < given).astype("float32")
    return {HEAD: labels}, probabilities_of(outputs, [layer], {HEAD: logits * factor})


@pytest.mark.parametrize("outputs", [FIVE, MANY, YES_NO], ids=["multiclass", "multilabel", "binary"])
def test_a_classifier_that_is_too_sure_is_calmed(outputs):
    y_true, probabilities = too_sure(outputs)
    found = fit_calibration(outputs, y_true, probabilities, always=False)
    assert found.scalings[HEAD].scale == pytest.approx([1 / 3] * outputs.tasks[HEAD].units, rel=0.25)
    measured = found.measured[HEAD]
    for name in ("expected_calibration_error", "brier", "log_loss"):
        before, after = measured["before"], measured["after"]
        assert after[name] < before[name]
        assert before["intervals"][name][0] < before[name] < before["intervals"][name][1]
    assert found.gains[HEAD]["low"] > 0 and "ECE" in repr(found) and len(found._repr_html_()) > 100


def test_a_classifier_that_can_be_believed_stays_as_it_is():
    y_true, probabilities = too_sure(FIVE, factor=1.0)
    found = fit_calibration(FIVE, y_true, probabilities, always=False)
    assert not found.scalings and found.gains[HEAD]["low"] <= 0
    before, after = (found.measured[HEAD][when] for when in ("before", "after"))
    assert before["intervals"].keys() == after["intervals"].keys() and before["brier"] == pytest.approx(after["brier"])
    assert repr(found).startswith("No gain on 600 texts")
    always = fit_calibration(FIVE, y_true, probabilities, always=True)
    assert always.scalings[HEAD].scale == pytest.approx([1] * 5, abs=0.1)


def test_what_a_text_says_is_not_used_to_judge_it():
    # With a fold's own texts the loss would fall by more: the gain is that of scalings that did not see them.
    y_true, probabilities = too_sure(MANY, count=60, factor=1.0)
    (layer,) = logit_layers(MANY)
    logits = layer.logits(probabilities)
    own = layer.losses(y_true, logits) - layer.losses(y_true, fit_scaling(layer, y_true, logits)(logits))
    assert fit_calibration(MANY, y_true, probabilities).gains[HEAD]["log_loss"] < own.mean()


@pytest.mark.parametrize("outputs", [FIVE, MANY, YES_NO], ids=["multiclass", "multilabel", "binary"])
def test_no_decision_changes(outputs):
    y_true, probabilities = too_sure(outputs)
    units = outputs.tasks[HEAD].units
    thresholds = {HEAD: np.linspace(0.1, 0.8, units)}
    found = fit_calibration(outputs, y_true, probabilities)
    after = calibrated(outputs, probabilities, found.scalings)
    moved = moved_thresholds(outputs, thresholds, found.scalings)
    assert np.array_equal(outputs.predict(probabilities, thresholds)[HEAD], outputs.predict(after, moved)[HEAD])
    again = calibrated(outputs, after, found.undoing)
    assert np.allclose(again[HEAD], probabilities[HEAD], atol=1e-5)
    assert moved_thresholds(outputs, moved, found.undoing)[HEAD] == pytest.approx(thresholds[HEAD])


def test_thresholds_that_choose_all_or_nothing_stay():
    moved = moved_thresholds(MANY, {HEAD: np.array([0.0, 0.5, 1.0])}, {HEAD: Scaling(np.ones(3) * 2, np.ones(3))})
    assert moved[HEAD] == pytest.approx([0, 1 / (1 + np.exp(-1)), 1])


def test_it_is_plain_data():
    y_true, probabilities = too_sure(MANY)
    found = fit_calibration(MANY, y_true, probabilities)
    again = Calibration.from_plain(found.to_plain(), {}, MANY)
    assert again.to_plain() == found.to_plain() and again.num_texts == 600
    with pytest.raises(ValueError, match="must have 5 numbers; got 3"):
        Calibration.from_plain(found.to_plain(), {}, FIVE)
    broken = {HEAD: {"scale": [1.0, 0.0, 1.0], "shift": [0.0] * 3}}
    with pytest.raises(ValueError, match="a scale must be above 0; got 0.0"):
        Calibration.from_plain({**found.to_plain(), "layers": broken}, {}, MANY)


def test_each_level_of_a_hierarchy_has_its_own(classifier_of):
    trained = classifier_of("hierarchical")
    texts, labels = other_texts(), labels_for(trained.outputs)
    y_true, probabilities = trained.encode_labels(labels), trained.probabilities(texts)
    found = fit_calibration(trained.outputs, y_true, probabilities)
    assert set(found.scalings) == {"class", "subclass"} == set(found.measured)
    after = calibrated(trained.outputs, probabilities, found.scalings)
    parents = np.array(trained.outputs.hierarchy.parents[0])
    assert np.allclose(after["subclass"] @ np.eye(3)[parents], after["class"])
    # Texts that know their class alone say nothing of the subclasses.
    y_true["subclass"][:80] = -1
    with pytest.raises(kb.DataError, match="at least 50 texts with a known label of 'subclass' .* got 40"):
        fit_calibration(trained.outputs, y_true, probabilities)


@pytest.mark.parametrize(
    ("outputs", "change", "message"),
    [
        (
            FIVE,
            lambda y: y[:49],
            "Calibration needs at least 50 texts with a known label that were not trained on; got 49",
        ),
        (YES_NO, lambda y: y * 0, "needs texts with and without a label; got 600 that have no label, 'no' alone"),
        (MANY, lambda y: y * 0 + 1, "needs texts with and without a label; got 600 that have every label"),
    ],
    ids=["few", "one of two", "every label"],
)
def test_texts_that_say_too_little_are_refused(outputs, change, message):
    y_true, probabilities = too_sure(outputs)
    y_true = {HEAD: change(y_true[HEAD])}
    with pytest.raises(kb.DataError, match=message):
        fit_calibration(outputs, y_true, {HEAD: probabilities[HEAD][: len(y_true[HEAD])]})


def test_a_label_that_never_occurs_is_no_obstacle():
    y_true, probabilities = too_sure(MANY)
    y_true[HEAD][:, 1] = 0
    assert np.isfinite(fit_calibration(MANY, y_true, probabilities).scalings[HEAD].shift).all()
    y_true, probabilities = too_sure(FIVE)
    y_true[HEAD][y_true[HEAD] == 4] = 0
    assert dataclasses.is_dataclass(fit_calibration(FIVE, y_true, probabilities))
