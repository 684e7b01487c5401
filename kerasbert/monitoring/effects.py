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


def mean_effects(
    reference: np.ndarray, window: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return both means of binned values, and the ends of the interval of their difference: (C,) each.

    Args:
        reference: int (C, B), texts of the reference by bin.
        window: int (C, B), texts of the window by bin.
        values: (B,), what a bin stands for.

    Returns:
        Mean in the reference, in the window, the difference, its lower and its upper end.

    Reference:
        Welch, "The Generalization of Student's Problem when Several Different Population Variances Are Involved", 1947.
    """
    means, errors = [], []
    for counts in (reference.astype(np.float64), window.astype(np.float64)):
        number = counts.sum(axis=1)
        means.append(counts @ values / number)
        variance = np.maximum(counts @ values**2 / number - means[-1] ** 2, 0) * number / np.maximum(number - 1, 1)
        errors.append(variance / number)
    width = CONFIDENCE_Z * np.sqrt(errors[0] + errors[1])
    effect = means[1] - means[0]
    return means[0], means[1], effect, effect - width, effect + width


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
    return delta, (float(max(delta - width, -1.0)), float(min(delta + width, 1.0)))
