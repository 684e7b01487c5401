"""Precision-recall curves, from scikit-learn."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from kerasbert.evaluation.outcomes import Outcome

MAX_POINTS = 400
MICRO = "all labels (micro-average)"


class Curve(NamedTuple):
    """A precision-recall curve: precision at each recall, falling to 0, and the area under it.

    `operating_point` is (recall, precision) of the predictions; None where the label was never predicted.
    """

    name: str
    recall: np.ndarray
    precision: np.ndarray
    average_precision: float
    operating_point: tuple[float, float] | None

    @property
    def is_micro(self) -> bool:
        """Whether it is the curve of all labels together."""
        return self.name == MICRO


def curves_to_show(outcome: Outcome, per_label: Mapping[str, float | None], *, limit: int = 6) -> list[Curve]:
    """Select the precision-recall curves to show for a head.

    That of a binary head's positive label; else those of all labels or, of more than `limit` (>= 4), the micro-average,
    the best two and the worst. `per_label` is the average precision of each label, None where no text has it.
    """
    names = outcome.label_names
    # A binary head has one unit, that of the last of two labels; the curve of the first would say the same.
    known = [i for i in range(len(names) - outcome.task.units, len(names)) if per_label[names[i]] is not None]
    if len(known) <= limit:
        return [_curve(outcome, names[i], i) for i in known]
    ranked = sorted(known, key=lambda i: -(per_label[names[i]] or 0.0))
    best_and_worst = (*ranked[:2], *ranked[3 - limit :])
    micro = _curve(outcome, MICRO, slice(None))
    return [micro, *[_curve(outcome, names[i], i) for i in best_and_worst]]


def _curve(outcome: Outcome, name: str, columns: int | slice) -> Curve:
    from sklearn.metrics import precision_recall_curve

    flags = (outcome.true_flags, outcome.label_probabilities, outcome.predicted_flags)
    y_true, probabilities, y_pred = (array[:, columns].reshape(-1) for array in flags)
    precision, recall, _ = precision_recall_curve(y_true, probabilities, drop_intermediate=True)
    # scikit-learn's formula of average precision, without sorting once more.
    average = float(-(np.diff(recall) * precision[:-1]).sum())
    kept = np.unique(np.linspace(0, len(recall) - 1, min(len(recall), MAX_POINTS)).astype(int))
    hits = float((y_true & y_pred).sum())
    point = (hits / y_true.sum(), hits / y_pred.sum()) if y_pred.any() else None
    return Curve(name, recall[kept], precision[kept], average, point)
