"""Decision thresholds for each label, chosen on validation data, because 0.5 is wrong for rare labels."""

import numpy as np

from kerasbert._core.checks import check_number
from kerasbert._core.errors import DataError

# A label's own best threshold counts as much as the common one when it has this many positive examples. On GoEmotions
# (docs/recipe.md) this gives a point of macro-F1 over each label's own threshold, which a rare label overfits.
STRENGTH = 10.0


def tune_thresholds(
    labels: np.ndarray, probabilities: np.ndarray, *, default: float = 0.5, strength: float = STRENGTH
) -> np.ndarray:
    """Tune each label's threshold for F1 on validation data, shrunk towards a common one for rare labels.

    A label is predicted at its threshold or above. Its own best one lies halfway between two neighbouring probabilities
    and, of several, nearest to `default`; the common one has the best macro-F1. With n positive examples a label's
    threshold is (n own + strength common) / (n + strength). Without any positive example all take the default.

    Args:
        labels: (n, C) of 0 or 1.
        probabilities: (n, C) in [0, 1].
        default: in [0, 1].
        strength: weight of the common threshold in examples, >= 0; 0 keeps each label's own.

    Returns:
        Thresholds, float64 (C,), in [0, 1].

    Raises:
        DataError: when the shapes differ or there are no rows.
        ConfigError: when a number is out of its range.

    Example:
        >>> tune_thresholds(np.array([[0], [1], [1]]), np.array([[0.1], [0.2], [0.9]]), strength=0).round(2).tolist()
        [0.15]

    Reference:
        Lipton et al., "Thresholding Classifiers to Maximize F1 Score", 2014; the shrinkage is ours.
    """
    check_number("default", default, 0, 1)
    check_number("strength", strength, 0)
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.shape != probabilities.shape or labels.ndim != 2 or not len(labels):
        raise DataError(
            f"`labels` and `probabilities` must be of one shape (n, C), n >= 1; got {labels.shape} and "
            f"{probabilities.shape}."
        )
    positives = labels.sum(axis=0).astype(np.float64)
    if not positives.any():
        return np.full(labels.shape[1], default)
    own = np.array([_best(labels[:, i], probabilities[:, i], default) for i in range(labels.shape[1])])
    if not strength:
        return own
    common = _common(labels, probabilities, default)
    return np.asarray((positives * own + strength * common) / (positives + strength))


def _common(labels: np.ndarray, probabilities: np.ndarray, default: float) -> float:
    cuts = np.linspace(0.01, 0.99, 99)
    macro = np.array([_macro_f1(labels, probabilities >= cut) for cut in cuts])
    best = cuts[macro >= macro.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - default))])


def _macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    hits = (labels.astype(bool) & predicted).sum(axis=0)
    return float(np.mean(2 * hits / np.maximum(labels.sum(axis=0) + predicted.sum(axis=0), 1)))


def _best(labels: np.ndarray, probabilities: np.ndarray, default: float) -> float:
    positives = labels.sum()
    if not positives:
        return default
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    predicted = np.arange(1, len(ranked) + 1)
    # F1 of predicting the k most probable texts, (n,), for every k at once.
    f1 = 2 * np.cumsum(labels[order]) / (predicted + positives)
    # Only between two different probabilities can a threshold be put.
    separable = np.append(ranked[:-1] > ranked[1:], True)
    cuts = np.append((ranked[:-1] + ranked[1:]) / 2, ranked[-1] / 2)
    f1, cuts = f1[separable], cuts[separable]
    best = cuts[f1 >= f1.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - default))])
