"""How many errors remain where only the surest predictions are answered."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, check_number
from kerasbert._core.errors import DataError

# Points of a curve that is drawn or stored.
POINTS = 101


def risk_coverage(
    confidence: np.ndarray, correct: np.ndarray, *, resamples: int = 200, level: float = 0.95, seed: int = 0
) -> dict[str, Any]:
    """Measure the share of errors among the surest predictions, for every share of predictions that is answered.

    Args:
        confidence: (n,), n >= 1, higher for a surer prediction.
        correct: bool (n,), whether each prediction is right.
        resamples: of the texts, for the interval, >= 1.
        level: confidence of the interval, in (0, 1).
        seed: of the resamples.

    Returns:
        `aurc`, the area under the curve: the mean of the risk over all shares, in [0, 1], lower is better; `excess_aurc`, the
        part of it that a perfect order of the same errors would not have; `interval`, (low, high) of `aurc` by bootstrap;
        and `coverage` and `risk`, lists of at most 101 points of the curve. Predictions of one confidence are in a random
        order, of which the expected value is taken.

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when there is no prediction or the shapes differ.

    Example:
        >>> risk_coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, False]))["risk"]
        [0.0, 0.0, 0.3333333333333333, 0.5]

    Reference:
        Geifman, Uziel and El-Yaniv, "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers", 2019, for the area
        and its excess, which is exact here.
    """
    check_int("resamples", resamples, 1)
    check_int("seed", seed, 0)
    check_number("level", level, 0, 1, open_minimum=True, open_maximum=True)
    confidence, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
    if confidence.shape != wrong.shape or confidence.ndim != 1 or not len(wrong):
        raise DataError(
            f"`confidence` and `correct` must be of one shape (n,) with n >= 1; got {confidence.shape} and {wrong.shape}."
        )
    groups = np.unique(-confidence, return_inverse=True)[1]  # the surest first
    risks = _risks(groups, wrong)
    random, number = np.random.default_rng(seed), len(wrong)
    drawn = [
        float(_risks(groups[rows], wrong[rows]).mean()) for rows in random.integers(0, number, (resamples, number))
    ]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    places = np.unique(np.linspace(0, number - 1, min(POINTS, number)).round().astype(int))
    return {
        "aurc": float(risks.mean()),
        "excess_aurc": float(risks.mean() - _risks(wrong.astype(int), wrong).mean()),
        "interval": (float(low), float(high)),
        "coverage": ((places + 1) / number).tolist(),
        "risk": risks[places].tolist(),
    }


def without_curve(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `risk_coverage` measured without the points of the curve."""
    return {name: value for name, value in measured.items() if name not in ("coverage", "risk")}


def _risks(groups: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return the expected share of errors among the first 1, 2, ... n predictions, by ascending group.

    Of a group that is answered in part, the expected number of errors is that part of its errors.
    """
    sizes = np.bincount(groups)
    errors = np.bincount(groups, wrong, len(sizes))
    filled = sizes > 0
    rate = np.repeat(errors[filled] / sizes[filled], sizes[filled])
    return np.asarray(np.cumsum(rate) / np.arange(1, len(wrong) + 1))
