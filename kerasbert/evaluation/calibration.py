"""How far probabilities can be taken at their word."""

from typing import Any

import numpy as np

from kerasbert._core.checks import check_int
from kerasbert._core.errors import DataError
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.objectives.exact_intervals import wilson_interval


def reliability(probabilities: np.ndarray, happened: np.ndarray, *, bins: int = 10) -> dict[str, Any]:
    """Predicted probability against observed frequency, in bins of equal width.

    Args:
        probabilities: (n,) in [0, 1].
        happened: (n,) of 0 or 1, whether what was predicted came true.
        bins: the number of bins, >= 1; a probability on an edge belongs to the bin below.

    Returns:
        `expected_calibration_error`, the mean over the texts of the gap between the two in their bin (None without a
        text), and the bins that hold something: `predicted` and `observed`, their means, `count`, and `low` and `high`,
        between which the observed frequency lies with 95 % confidence.

    Raises:
        ConfigError: when `bins` is less than 1.
        DataError: when the shapes differ.

    Example:
        >>> reliability(np.array([0.75, 0.75, 0.1]), np.array([1, 0, 0]), bins=2)["observed"]
        [0.0, 0.5]

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017; Wilson, 1927, for the intervals.
    """
    check_int("bins", bins, 1)
    probabilities, happened = np.asarray(probabilities, np.float64), np.asarray(happened, np.float64)
    if probabilities.shape != happened.shape or probabilities.ndim != 1:
        raise DataError(
            f"`probabilities` and `happened` must be of one shape (n,); got {probabilities.shape} and {happened.shape}."
        )
    places = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities)
    count = np.bincount(places, minlength=bins)
    filled = count > 0
    count = count[filled]
    predicted = np.bincount(places, probabilities, bins)[filled] / count
    observed = np.bincount(places, happened, bins)[filled] / count
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
    """`reliability` of one head.

    Args:
        outcome: of the head. Judged are, of a multi-class head, the probability of the label decided for; of a binary
            one, that of the positive label; of a multi-label one, those of all labels of all texts together.
        bins: the number of bins.

    Returns:
        See `reliability`.

    Example:
        >>> probabilities = np.array([[0.5, 0.5], [0.1, 0.9]])
        >>> outcome = Outcome("", "multiclass", ("a", "b"), np.arange(2), np.array([0, 1]), probabilities, np.array([1, 1]))
        >>> calibration_of(outcome)["observed"]
        [0.0, 1.0]
    """
    if outcome.task != "multiclass":
        return reliability(outcome.probabilities.reshape(-1), outcome.labels.reshape(-1), bins=bins)
    confidence = np.take_along_axis(outcome.probabilities, outcome.decisions.reshape(-1, 1).astype(np.int64), axis=1)
    return reliability(confidence.reshape(-1), outcome.decisions == outcome.labels, bins=bins)
