"""P-values of tests that depend on each other, put together."""

from collections.abc import Sequence

import numpy as np

LEAST = 1e-300
# A p-value of nearly 1 must not outweigh a small one.
MOST = 0.95


def combined_p_value(
    p_values: Sequence[float] | np.ndarray, weights: Sequence[float] | np.ndarray | None = None
) -> float:
    """Combine p-values by Cauchy's distribution, which small p-values alone decide, however the tests depend on each other.

    Args:
        p_values: of n tests, in [0, 1].
        weights: of the tests, > 0; None: equal.

    Returns:
        One p-value; 1 without tests.

    Reference:
        Liu and Xie, "Cauchy Combination Test", 2020; Fang, Chang, Park and Tseng, "Heavy-Tailed Distribution for Combining
        Dependent p-Values with Asymptotic Robustness", 2023, for the bound near 1.

    Example:
        >>> combined_p_value([0.02, 0.5, 0.5])
        0.05...
    """
    values = np.clip(np.asarray(p_values, np.float64), LEAST, MOST)
    if not len(values):
        return 1.0
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    shares = shares / shares.sum()
    # tan(pi (1/2 - p)) is 1 / (pi p) to many digits where p is small, and loses them where it is computed.
    with np.errstate(divide="ignore"):
        tangents = np.where(values < 1e-8, 1 / (np.pi * values), 1 / np.tan(np.pi * values))
    total = float((shares * tangents).sum())
    return float(1 / (np.pi * total)) if total > 1e8 else float(0.5 - np.arctan(total) / np.pi)


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Correct p-values for their number, so that the chance that any of the true hypotheses is rejected is bounded.

    Reference:
        Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.

    Example:
        >>> holm([0.01, 0.5, 0.02])
        array([0.03, 0.5 , 0.04])
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    found = np.empty(len(values))
    found[order] = np.minimum(steps, 1)
    return found
