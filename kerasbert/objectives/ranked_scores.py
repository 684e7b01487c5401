"""Scores of rankings, from scikit-learn, with undefined ones as None."""

from collections.abc import Sequence
from typing import Any

import numpy as np

RANKED = ("average_precision", "roc_auc")
AVERAGES = ("micro", "macro", "weighted")


def rank_scores(truth: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """Compute `average_precision` and `roc_auc`, each `per_label` (C numbers), `micro`, `macro` and `weighted`.

    A label that no text has, has neither; one that every text has, has no ROC curve. Such a value is None, and the macro
    and weighted means are over the other labels.
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
    """Compute scikit-learn's log loss; None without texts.

    Of labels that are not exclusive each label of each text is an answer of its own.
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
    """Return score -> labels without a value, from `rank_scores`."""
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
