import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.uncertainty.reliability import BINS, ends, errors_of, reliability, resamples, with_intervals

RANDOM = np.random.default_rng(0)
SHARES = RANDOM.dirichlet(np.ones(4) * 0.5, 300)
CLASSES = RANDOM.integers(0, 4, 300)
EACH = RANDOM.random((300, 3))
FLAGS = (RANDOM.random((300, 3)) < EACH).astype("float32")


def test_the_measures_of_exclusive_labels():
    measured = with_intervals(errors_of(Multiclass(4), CLASSES, SHARES))
    chosen = SHARES.argmax(axis=1)
    expected = reliability(chosen == CLASSES, SHARES.max(axis=1), bins=BINS)["expected_calibration_error"]
    assert measured["expected_calibration_error"] == pytest.approx(expected)
    assert measured["log_loss"] == pytest.approx(log_loss(CLASSES, SHARES, labels=range(4)))
    assert measured["brier"] == pytest.approx(((SHARES - np.eye(4)[CLASSES]) ** 2).sum(axis=1).mean())


@pytest.mark.parametrize("task", [Multilabel(3), Binary()], ids=["multilabel", "binary"])
def test_the_measures_of_independent_labels(task):
    shares, flags = EACH[:, : task.units], FLAGS[:, : task.units]
    measured = with_intervals(errors_of(task, flags, shares))
    expected = reliability(flags.reshape(-1), shares.reshape(-1), bins=BINS)["expected_calibration_error"]
    assert measured["expected_calibration_error"] == pytest.approx(expected)
    assert measured["brier"] == pytest.approx(brier_score_loss(flags.reshape(-1), shares.reshape(-1)))
    assert measured["log_loss"] == pytest.approx(log_loss(flags.reshape(-1), shares.reshape(-1)))


def test_unknown_labels_are_not_judged():
    labels = np.where(np.arange(300) % 3 == 0, -1, CLASSES)
    known = labels >= 0
    whole = with_intervals(errors_of(Multiclass(4), labels, SHARES))
    part = with_intervals(errors_of(Multiclass(4), labels[known], SHARES[known]))
    flags = np.where(np.arange(300)[:, None] % 3 == 0, -1, FLAGS)
    both = errors_of(Multilabel(3), flags, EACH), errors_of(Multilabel(3), flags[known], EACH[known])
    for name in ("expected_calibration_error", "brier", "log_loss"):
        assert whole[name] == pytest.approx(part[name])
        one, other = (with_intervals(errors)[name] for errors in both)
        assert one == pytest.approx(other)


def test_intervals_are_those_of_a_bootstrap():
    errors = errors_of(Multiclass(4), CLASSES, SHARES)
    drawn = [RANDOM.integers(0, 300, 300) for _ in range(2000)]
    expected = np.quantile([errors.brier[rows].mean() for rows in drawn], [0.025, 0.975])
    assert with_intervals(errors)["intervals"]["brier"] == pytest.approx(expected, abs=0.01)


def test_resamples_draw_as_many_texts_as_there_are():
    weights = np.concatenate(list(resamples(20)))
    assert weights.shape == (1000, 20) and (weights.sum(axis=1) == 20).all() and ends(weights[:, 0])[0] == 0
