"""Calibration: predicted probabilities against observed frequencies."""

from typing import Any

import numpy as np

from kerasbert._core.checks import check_int
from kerasbert._core.errors import DataError
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.objectives.exact_intervals import wilson_interval


def reliability(y_true: np.ndarray, probabilities: np.ndarray, *, bins: int = 10) -> dict[str, Any]:
    """Compare predicted probabilities with observed frequencies, in bins of equal width.

    Args:
        y_true: (n,) of 0 or 1.
        probabilities: (n,) in [0, 1], of 1.
        bins: number of bins, >= 1; a probability on an edge belongs to the bin below.

    Returns:
        `expected_calibration_error`, the mean gap over the texts (None without a text), and lists over the bins that are
        not empty: `predicted` and `observed`, the means, `count`, and `low` and `high`, the 95 % Wilson interval of the
        observed frequency.

    Raises:
        ConfigError: when `bins` is less than 1.
        DataError: when the shapes differ.

    Example:
        >>> reliability(np.array([1, 0, 0]), np.array([0.75, 0.75, 0.1]), bins=2)["observed"]
        [0.0, 0.5]

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017; Wilson, 1927, for the intervals.
    """
    check_int("bins", bins, 1)
    y_true, probabilities = np.asarray(y_true, np.float64), np.asarray(probabilities, np.float64)
    if y_true.shape != probabilities.shape or y_true.ndim != 1:
        raise DataError(
            f"`y_true` and `probabilities` must be of one shape (n,); got {y_true.shape} and {probabilities.shape}."
        )
    places = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities)
    count = np.bincount(places, minlength=bins)
    filled = count > 0
    count = count[filled]
    predicted = np.bincount(places, probabilities, bins)[filled] / count
    observed = np.bincount(places, y_true, bins)[filled] / count
    gap = np.abs(predicted - observed)
    low, high = wilson_interval(observed * count, count)
    return {
        "expected_calibration_error": float(np.average(gap, weights=count)) if len(count) else None,
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "count": count.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def calibration_of(outcome: Outcome, *, bins: int = 10) -> dict[str, Any]:
    """Measure the calibration of one head.

    A multi-class head is measured by the probability of the predicted label, a binary one by that of the positive label,
    a multi-label one by those of all labels and texts together.

    Args:
        outcome: of the head.
        bins: number of bins.

    Returns:
        See `reliability`.

    Example:
        >>> probabilities = np.array([[0.5, 0.5], [0.1, 0.9]])
        >>> outcome = Outcome("", Multiclass(["a", "b"]), np.arange(2), np.array([0, 1]), probabilities, np.array([1, 1]))
        >>> calibration_of(outcome)["observed"]
        [0.0, 1.0]
    """
    if outcome.task.uses_thresholds:
        return reliability(outcome.y_true.reshape(-1), outcome.probabilities.reshape(-1), bins=bins)
    confidence = np.take_along_axis(outcome.probabilities, outcome.y_pred.reshape(-1, 1).astype(np.int64), axis=1)
    return reliability(outcome.y_pred == outcome.y_true, confidence.reshape(-1), bins=bins)
