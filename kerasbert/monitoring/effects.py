"""Sizes of changes between two samples of counts, with 95 % intervals."""

import numpy as np

from kerasbert.objectives.exact_intervals import wilson_interval

CONFIDENCE_Z = 1.959963984540054


def share_effects(
    reference_hits: np.ndarray, reference_size: int, window_hits: np.ndarray, window_size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return both shares of C labels, and the ends of the interval of their difference: (C,) each.

    Returns:
        Share in the reference, in the window, the difference, its lower and its upper end.

    Reference:
        Newcombe, "Interval Estimation for the Difference between Independent Proportions", 1998, method 10.

    Example:
        >>> share_effects(np.array([10]), 100, np.array([30]), 100)[2]
        array([0.2])
    """
    first, second = np.asarray(reference_hits) / reference_size, np.asarray(window_hits) / window_size
    first_low, first_high = wilson_interval(np.asarray(reference_hits), np.full(first.shape, reference_size))
    second_low, second_high = wilson_interval(np.asarray(window_hits), np.full(second.shape, window_size))
    effect = second - first
    low = effect - np.sqrt((second - second_low) ** 2 + (first_high - first) ** 2)
    high = effect + np.sqrt((second_high - second) ** 2 + (first - first_low) ** 2)
    return first, second, effect, low, high


def rank_effect(reference: np.ndarray, window: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Return Cliff's delta of binned values, and its interval.

    It is the chance that a value of the window is larger than one of the reference, minus the chance that it is smaller: from
    -1 to 1.

    Args:
        reference: int (B,), how many values of the reference lie in each bin, in ascending order.
        window: the same of the window.

    Reference:
        Cliff, "Dominance Statistics: Ordinal Analyses to Answer Ordinal Questions", 1993, equation 10.

    Example:
        >>> rank_effect(np.array([10, 0]), np.array([0, 10]))[0]
        1.0
    """
    n, m = reference.sum(), window.sum()
    above = (np.cumsum(reference) - reference - (n - np.cumsum(reference))) / n  # of a window's value, (B,)
    below = (np.cumsum(window) - window - (m - np.cumsum(window))) / m
    delta = float(window @ above / m)
    of_window = float(window @ (above - delta) ** 2) / max(m - 1, 1)
    of_reference = float(reference @ (below + delta) ** 2) / max(n - 1, 1)
    width = CONFIDENCE_Z * np.sqrt(of_window / m + of_reference / n)
    return delta, (max(delta - width, -1.0), min(delta + width, 1.0))
