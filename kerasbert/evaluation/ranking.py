"""How well probabilities rank texts, whatever the threshold: average precision and its curves, from scikit-learn."""

from typing import Any, NamedTuple

import numpy as np

from kerasbert.evaluation.outcomes import Outcome

MAX_POINTS = 400


class Curve(NamedTuple):
    """A precision-recall curve.

    Args:
        name: the label, or how several are averaged.
        recall: falling to 0.
        precision: at each recall.
        average_precision: the area under it.
        chosen: (recall, precision) of what was decided; None where nothing was.
    """

    name: str
    recall: np.ndarray
    precision: np.ndarray
    average_precision: float
    chosen: tuple[float, float] | None


def average_precisions(outcome: Outcome) -> dict[str, Any]:
    """Average precision of each label, one against the rest, and over all labels.

    Args:
        outcome: of one head.

    Returns:
        `per_label`: name -> value, None for a label that no text has; `macro`, their mean; `micro`, over all labels of
        all texts together. None where there is nothing to average.

    Example:
        >>> probabilities = np.array([[0.8, 0.2], [0.4, 0.6]])
        >>> outcome = Outcome("", "multiclass", ("a", "b"), np.arange(2), np.array([0, 0]), probabilities, np.array([0, 1]))
        >>> average_precisions(outcome)["per_label"]
        {'a': 1.0, 'b': None}
    """
    truth, scores = outcome.truth, outcome.scores
    values = [_average_precision(truth[:, i], scores[:, i]) for i in range(truth.shape[1])]
    known = [value for value in values if value is not None]
    return {
        "per_label": dict(zip(outcome.label_names, values, strict=True)),
        "macro": float(np.mean(known)) if known else None,
        "micro": _average_precision(truth.reshape(-1), scores.reshape(-1)),
    }


def curves_to_show(outcome: Outcome, per_label: dict[str, float | None], *, limit: int = 6) -> list[Curve]:
    """The precision-recall curves that tell most about a head.

    Args:
        outcome: of the head.
        per_label: average precision of each label, from `average_precisions`.
        limit: the most curves, >= 4.

    Returns:
        That of the positive label of a binary head; else those of all labels, or, where they are more than `limit`, the
        micro-average, the best two labels and the worst.
    """
    known = [i for i, name in enumerate(outcome.label_names) if per_label[name] is not None]
    if outcome.task == "binary":
        return [_curve_of(outcome, 1)] if 1 in known else []
    if len(known) <= limit:
        return [_curve_of(outcome, i) for i in known]
    ranked = sorted(known, key=lambda i: -(per_label[outcome.label_names[i]] or 0.0))
    together = _curve("all labels (micro-average)", outcome.truth, outcome.scores, outcome.chosen)
    return [together, *[_curve_of(outcome, i) for i in (*ranked[:2], *ranked[3 - limit :])]]


def _curve_of(outcome: Outcome, place: int) -> Curve:
    columns = (outcome.truth[:, place], outcome.scores[:, place], outcome.chosen[:, place])
    return _curve(outcome.label_names[place], *columns)


def _curve(name: str, truth: np.ndarray, scores: np.ndarray, chosen: np.ndarray) -> Curve:
    from sklearn.metrics import average_precision_score, precision_recall_curve

    truth, scores, chosen = truth.reshape(-1), scores.reshape(-1), chosen.reshape(-1)
    precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
    kept = np.unique(np.linspace(0, len(recall) - 1, min(len(recall), MAX_POINTS)).astype(int))
    hits = float((truth & chosen).sum())
    point = (hits / truth.sum(), hits / chosen.sum()) if chosen.any() else None
    return Curve(name, recall[kept], precision[kept], float(average_precision_score(truth, scores)), point)


def _average_precision(truth: np.ndarray, scores: np.ndarray) -> float | None:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(truth, scores)) if truth.any() else None
