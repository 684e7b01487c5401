"""Predictions of a head for labelled texts."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.tasks.task import Task
from kerasbert.uncertainty.abstention import confidence_of

# Bounds the logarithm of a probability of zero.
LEAST = np.finfo(np.float64).eps


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Predictions of one head or level for the texts whose label is known.

    Args:
        head: its name.
        task: of the head, with C label names.
        rows: int (n,), the places among the texts.
        y_true: see `Task`.
        probabilities: (n, units).
        y_pred: of the shape of `y_true`.
        thresholds: (units,); None where not known.
    """

    head: str
    task: Task
    rows: np.ndarray
    y_true: np.ndarray
    probabilities: np.ndarray
    y_pred: np.ndarray
    thresholds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The C label names."""
        return self.task.label_names

    @property
    def true_flags(self) -> np.ndarray:
        """The true labels, bool (n, C); a binary head has a column for either label."""
        return self.task.flags(self.y_true)

    @property
    def predicted_flags(self) -> np.ndarray:
        """The predicted labels, bool (n, C)."""
        return self.task.flags(self.y_pred)

    @property
    def label_probabilities(self) -> np.ndarray:
        """The probability of each label, float64 (n, C)."""
        return self.task.columns(self.probabilities.astype(np.float64))

    @property
    def label_thresholds(self) -> list[float | None]:
        """The threshold of each of the C labels; None for a label without one."""
        return self.task.thresholds_by_label(self.thresholds)

    def losses(self) -> np.ndarray:
        """How surprising the true labels are, (n,): their cross-entropy, of independent labels the mean over them."""
        true, shares = self.true_flags, self.label_probabilities
        if self.task.exclusive:
            return np.asarray(-np.log(np.maximum((shares * true).sum(axis=1), LEAST)))
        return np.asarray(-np.log(np.maximum(np.where(true, shares, 1 - shares), LEAST)).mean(axis=1))

    def confidence(self) -> np.ndarray:
        """How sure each prediction is, (n,): see `confidence_of`."""
        return confidence_of(self.task, self.probabilities, self.y_pred)

    def score(self) -> dict[str, Any]:
        """Score the predictions, see `Task.score`."""
        return self.task.score(self.y_true, self.y_pred, self.probabilities)


def outcomes_by_head(
    outputs: Outputs, y_true: ByHead, probabilities: ByHead, y_pred: ByHead, thresholds: ByHead | None = None
) -> dict[str, Outcome]:
    """Collect the outcome of each head or level."""
    limits: Mapping[str, np.ndarray] = thresholds or {}
    outcomes = {}
    for head, task in outputs.tasks.items():
        rows = np.flatnonzero(task.known(y_true[head]))
        labels, values, predicted = (part[head][rows] for part in (y_true, probabilities, y_pred))
        outcomes[head] = Outcome(head, task, rows, labels, values, predicted, limits.get(head))
    return outcomes


def error_ranks(outcomes: Mapping[str, Outcome], num_texts: int) -> list[int | None]:
    """Rank the texts that have a wrong label: 1 is the one whose true labels are the most surprising; None where all are right.

    Args:
        outcomes: by head; the losses of several heads are added up.
        num_texts: of the data, those without a known label too.
    """
    losses, is_wrong = np.zeros(num_texts), np.zeros(num_texts, dtype=bool)
    for outcome in outcomes.values():
        losses[outcome.rows] += outcome.losses()
        is_wrong[outcome.rows] |= ~outcome.task.correct(outcome.y_true, outcome.y_pred)
    ranks: list[int | None] = [None] * num_texts
    worst_first = [int(place) for place in np.argsort(-losses, kind="stable") if is_wrong[place]]
    for rank, place in enumerate(worst_first, start=1):
        ranks[place] = rank
    return ranks
