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
        probabilities: (n,) of 1; one on an edge belongs to the bin below.
        bins: number of bins, >= 1.

    Returns:
        `expected_calibration_error`, the mean gap over the texts (None without a text), and lists over the bins that are not
        empty: the means `predicted` and `observed`, `count`, and `low` and `high`, the 95 % Wilson interval of `observed`.

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017.
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
    """Measure the calibration of a head, see `reliability`.

    Probabilities are those of the predicted class, of the positive label, or of all labels and texts together.
    """
    if outcome.task.uses_thresholds:
        return reliability(outcome.y_true.reshape(-1), outcome.probabilities.reshape(-1), bins=bins)
    confidence = np.take_along_axis(outcome.probabilities, outcome.y_pred.reshape(-1, 1).astype(np.int64), axis=1)
    return reliability(outcome.y_pred == outcome.y_true, confidence.reshape(-1), bins=bins)
