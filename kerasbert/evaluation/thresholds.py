"""Decision thresholds for each label, chosen on validation data, because 0.5 is wrong for rare labels."""

import numpy as np

from kerasbert._core.errors import DataError


def tune_thresholds(labels: np.ndarray, probabilities: np.ndarray, *, default: float = 0.5) -> np.ndarray:
    """For each label the threshold that gives the best F1 on validation data.

    A label is predicted at its threshold or above. The threshold lies halfway between the two neighbouring
    probabilities, and of several equally good ones it is the one nearest to `default`. A label without a positive
    example keeps the default.

    Args:
        labels: (n, C) of 0 or 1.
        probabilities: (n, C) in [0, 1].
        default: in [0, 1].

    Returns:
        Thresholds, float64 (C,), in [0, 1].

    Raises:
        DataError: when the shapes differ or there are no rows.

    Example:
        >>> tune_thresholds(np.array([[0], [1], [1]]), np.array([[0.1], [0.2], [0.9]])).round(2).tolist()
        [0.15]

    Reference:
        Lipton et al., "Thresholding Classifiers to Maximize F1 Score", 2014.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.shape != probabilities.shape or labels.ndim != 2 or not len(labels):
        raise DataError(
            f"`labels` and `probabilities` must be of one shape (n, C), n >= 1; got {labels.shape} and {probabilities.shape}."
        )
    return np.array([_best(labels[:, i], probabilities[:, i], default) for i in range(labels.shape[1])])


def _best(labels: np.ndarray, probabilities: np.ndarray, default: float) -> float:
    positives = labels.sum()
    if not positives:
        return default
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    predicted = np.arange(1, len(ranked) + 1)
    f1 = 2 * np.cumsum(labels[order]) / (predicted + positives)
    # Only between two different probabilities can a threshold be put.
    separable = np.append(ranked[:-1] > ranked[1:], True)
    cuts = np.append((ranked[:-1] + ranked[1:]) / 2, ranked[-1] / 2)
    f1, cuts = f1[separable], cuts[separable]
    best = cuts[f1 >= f1.max() - 1e-12]
    return float(best[np.argmin(np.abs(best - default))])
