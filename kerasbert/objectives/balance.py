"""Weights by which rare labels count more in a loss."""

import numpy as np

from kerasbert._core.checks import check_choice, check_number

WEIGHTINGS = ("balanced", "effective", "sqrt")
BETA = 0.999


def class_weights(counts: np.ndarray, method: str = "balanced", *, beta: float = BETA) -> np.ndarray:
    """Compute weights of exclusive classes from their counts, float64 (C,); 1 for a class without examples.

    `"balanced"` is n / (C n_c) as in scikit-learn; `"sqrt"` proportional to the root of that, with mean 1 over the
    examples; `"effective"` (1 - beta) / (1 - beta ** n_c), with sum C.

    Raises:
        ConfigError: when `method` is unknown or `beta` outside [0, 1).

    Reference:
        Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019, equation 3.
    """
    check_choice("method", method, WEIGHTINGS)
    counts = np.asarray(counts, dtype=np.float64)
    present = counts > 0
    some = counts[present]
    if method == "effective":
        own = 1.0 / _effective(some, beta)
        own *= len(some) / own.sum()
    else:
        own = some.sum() / (len(some) * some)
        own = own if method == "balanced" else np.sqrt(own) * some.sum() / (np.sqrt(own) * some).sum()
    weights = np.ones(len(counts))
    weights[present] = own
    return weights


def positive_weights(positives: np.ndarray, total: int, method: str = "balanced", *, beta: float = BETA) -> np.ndarray:
    """Compute weights of independent labels' positives (of negatives 1), float64 (C,); 1 where all or none are.

    `"balanced"` is negatives / positives; `"sqrt"` the root of that; `"effective"` the ratio of the effective numbers.

    Raises:
        ConfigError: when `method` is unknown or `beta` outside [0, 1).

    Reference:
        Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019, section 4.
    """
    check_choice("method", method, WEIGHTINGS)
    positives = np.asarray(positives, dtype=np.float64)
    negatives = total - positives
    usable = (positives > 0) & (negatives > 0)
    few, many = np.where(usable, positives, 1.0), np.where(usable, negatives, 1.0)
    if method == "effective":
        return np.asarray(_effective(many, beta) / _effective(few, beta))
    return np.asarray(many / few if method == "balanced" else np.sqrt(many / few))


def _effective(counts: np.ndarray, beta: float) -> np.ndarray:
    check_number("beta", beta, 0, 1, open_maximum=True)
    return np.asarray((1.0 - beta**counts) / (1.0 - beta))
