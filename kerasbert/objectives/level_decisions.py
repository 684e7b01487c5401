"""Consistent predictions of a hierarchical model, and scores over its levels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert.labels.hierarchy import Hierarchy

DEFAULT_THRESHOLD = 0.5


def decide_levels(
    probabilities: Mapping[str, np.ndarray],
    hierarchy: Hierarchy,
    *,
    several: bool = False,
    thresholds: Mapping[str, Any] | None = None,
) -> dict[str, np.ndarray]:
    """Predict every level top-down: level name -> int64 class ids (n,), or (n, C) of 0 and 1.

    Exclusive labels: the most probable class, then the most probable of its subclasses. Independent labels (`several`):
    those at their threshold or above whose parent was decided for. So a decision's parent is always decided for as well.

    A subclass of another class may be more probable than the one that is decided for, where that class has fewer
    subclasses. Starting with the class does not punish a class for having many of them, or none that training knew.
    """
    values = [np.asarray(probabilities[level]) for level in hierarchy.levels]
    if several:
        limits = [DEFAULT_THRESHOLD if thresholds is None else thresholds[level] for level in hierarchy.levels]
        decided = [(array >= limit).astype(np.int64) for array, limit in zip(values, limits, strict=True)]
        for depth, parents in enumerate(map(np.array, hierarchy.parents)):
            decided[depth + 1] *= decided[depth][:, parents]
    else:
        decided = [values[0].argmax(axis=1)]
        for array, parents in zip(values[1:], map(np.array, hierarchy.parents), strict=True):
            inside = parents[None, :] == decided[-1][:, None]  # (n, C), the children of what was decided above
            decided.append(np.where(inside, array, -1.0).argmax(axis=1))
    return dict(zip(hierarchy.levels, decided, strict=True))


def score_hierarchy(
    labels: Mapping[str, np.ndarray],
    predicted: Mapping[str, np.ndarray],
    hierarchy: Hierarchy,
    *,
    several: bool = False,
) -> dict[str, Any]:
    """Score all levels together, without unknown labels (-1).

    Returns:
        `num_examples`; `accuracy`, the share of texts with every known label right at every level;
        `inconsistent`, the number of texts with a predicted label whose parent is not predicted; and
        `hierarchical_precision`, `hierarchical_recall`, `hierarchical_f1`, of the labels of all levels, summed over texts.

    Reference:
        Kiritchenko, Matwin and Famili, "Functional Annotation of Genes Using Hierarchical Text Categorization", 2005.
    """
    flags = [
        _as_flags(labels[level], predicted[level], len(names), several)
        for level, names in zip(hierarchy.levels, hierarchy.names, strict=True)
    ]
    actual, decided, known = (np.concatenate(parts, axis=1) for parts in zip(*flags, strict=True))
    hits = float((actual & decided & known).sum())
    precision = hits / max(float((decided & known).sum()), 1.0)
    recall = hits / max(float((actual & known).sum()), 1.0)
    right = ((actual == decided) | ~known).all(axis=1)
    return {
        "num_examples": len(actual),
        "accuracy": float(right.mean()) if len(right) else 0.0,
        "inconsistent": int(_contradictions([decided for _, decided, _ in flags], hierarchy.parents).sum()),
        "hierarchical_precision": precision,
        "hierarchical_recall": recall,
        "hierarchical_f1": 2 * precision * recall / max(precision + recall, 1e-12),
    }


def _as_flags(labels: Any, predicted: Any, count: int, several: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the labels and predictions of one level and which are known, each bool (n, C)."""
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if several:
        return labels > 0, predicted > 0, labels >= 0
    places = np.arange(count)[None, :]
    known = np.broadcast_to((labels >= 0)[:, None], (len(labels), count))
    return labels[:, None] == places, predicted[:, None] == places, known


def _contradictions(decided: Sequence[np.ndarray], parents: Sequence[Sequence[int]]) -> np.ndarray:
    wrong = np.zeros(len(decided[0]), dtype=bool)
    for above, below, places in zip(decided, decided[1:], parents, strict=False):
        wrong |= (below & ~above[:, np.array(places)]).any(axis=1)
    return wrong
