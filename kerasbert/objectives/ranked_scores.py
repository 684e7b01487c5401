"""How well probabilities rank texts, whatever the threshold: from scikit-learn, with what is undefined said plainly."""

from collections.abc import Sequence
from typing import Any

import numpy as np

RANKED = ("average_precision", "roc_auc")
AVERAGES = ("micro", "macro", "weighted")


def rank_scores(truth: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Average precision and area under the ROC curve, of each label against the rest and over all labels.

    A label that no text has, has neither; one that every text has, has no ROC curve. Such a value is None, and the macro
    and weighted means are over the other labels.

    Args:
        truth: bool (n, C), which labels each text has.
        scores: (n, C), the higher the surer.

    Returns:
        `average_precision` and `roc_auc`, each a dict of `per_label`, a list of C numbers or None, and of `micro`,
        `macro` and `weighted`, None where there is nothing to average.

    Example:
        >>> rank_scores(np.array([[True, False], [False, False]]), np.array([[0.9, 0.1], [0.4, 0.6]]))["roc_auc"]
        {'per_label': [1.0, None], 'micro': 1.0, 'macro': 1.0, 'weighted': 1.0}
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    truth, scores = np.asarray(truth, dtype=bool), np.asarray(scores, dtype=np.float64)
    support = truth.sum(axis=0)
    measures = zip(RANKED, (average_precision_score, roc_auc_score), (len(truth) + 1, len(truth)), strict=True)
    found = {}
    for name, measure, limit in measures:
        values = [
            float(measure(truth[:, i], scores[:, i])) if 0 < support[i] < limit else None for i in range(truth.shape[1])
        ]
        defined = 0 < support.sum() < truth.size + (name == "average_precision")
        micro = float(measure(truth.reshape(-1), scores.reshape(-1))) if defined else None
        found[name] = {"per_label": values, "micro": micro, **_means(values, support)}
    return found


def log_loss(truth: np.ndarray, probabilities: np.ndarray, *, exclusive: bool) -> float | None:
    """Mean negative log of the probability that was given to what is true, in nats.

    Args:
        truth: bool (n, C).
        probabilities: (n, C) in [0, 1].
        exclusive: whether a text has exactly one label; else each label of each text is an answer of its own.

    Returns:
        The loss, that of scikit-learn's `log_loss`; None without texts.

    Example:
        >>> round(log_loss(np.array([[True, False]]), np.array([[0.5, 0.5]]), exclusive=True), 4)
        0.6931
    """
    if not truth.size:
        return None
    values = np.asarray(probabilities)
    # The least probability that a loss is taken of is the precision of the type, as in scikit-learn.
    least = np.finfo(values.dtype if values.dtype.kind == "f" else np.float64).eps
    clipped = np.clip(values, least, 1 - least).astype(np.float64)
    if exclusive:
        return float(-np.log(clipped[truth]).mean())
    return float(-np.log(np.where(truth, clipped, 1 - clipped)).mean())


def undefined_labels(names: Sequence[str], ranked: dict[str, Any]) -> dict[str, list[str]]:
    """Which labels have no value, by score; empty where all have one.

    Args:
        names: the C labels.
        ranked: from `rank_scores`.
    """
    missing = {
        score: [name for name, value in zip(names, ranked[score]["per_label"], strict=True) if value is None]
        for score in RANKED
    }
    return {score: labels for score, labels in missing.items() if labels}


def _means(values: Sequence[float | None], support: np.ndarray) -> dict[str, float | None]:
    known = [(value, count) for value, count in zip(values, support, strict=True) if value is not None]
    if not known:
        return {"macro": None, "weighted": None}
    numbers, counts = np.array(known, dtype=np.float64).T
    return {"macro": float(numbers.mean()), "weighted": float(np.average(numbers, weights=counts))}
