"""What one head predicted for labelled texts, in one form for every task."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Labels, probabilities and predictions of one head or level, for the texts whose label is known.

    Args:
        head: name of the head or level.
        task: `"binary"`, `"multiclass"` or `"multilabel"`.
        label_names: the C names, in the order of the columns; (negative, positive) for a binary head.
        rows: int (n,), the index of each row among the texts.
        y_true: class ids (n,) of a multi-class head, else 0 or 1 of shape (n, C), with C = 1 for a binary one.
        probabilities: (n, C), or (n, 1) of the positive label for a binary head.
        y_pred: the predictions, of the shape of `y_true`.
        thresholds: (C,) or (1,) of a binary or multi-label head; None where the most probable label is predicted.

    Example:
        >>> probabilities = np.array([[0.9], [0.2]])
        >>> outcome = Outcome("spam", "binary", ("no", "yes"), np.arange(2), np.array([[1], [1]]), probabilities,
        ...                   np.array([[1], [0]]), np.array([0.5]))
        >>> outcome.true_flags.astype(int).tolist(), outcome.label_probabilities.round(1).tolist()
        ([[0, 1], [0, 1]], [[0.1, 0.9], [0.8, 0.2]])
    """

    head: str
    task: str
    label_names: tuple[str, ...]
    rows: np.ndarray
    y_true: np.ndarray
    probabilities: np.ndarray
    y_pred: np.ndarray
    thresholds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def true_flags(self) -> np.ndarray:
        """Bool (n, C): the labels of each text; a binary head has a column for either label."""
        return self._flags(self.y_true)

    @property
    def predicted_flags(self) -> np.ndarray:
        """Bool (n, C): the predicted labels."""
        return self._flags(self.y_pred)

    @property
    def label_probabilities(self) -> np.ndarray:
        """Float64 (n, C): the probability of each label."""
        values = self.probabilities.astype(np.float64)
        return np.concatenate([1 - values, values], axis=1) if self.task == "binary" else values

    @property
    def label_thresholds(self) -> list[float | None]:
        """The threshold of each of the C labels; None for a label without one."""
        if self.thresholds is None:
            return [None] * len(self.label_names)
        own: list[float | None] = [float(value) for value in self.thresholds]
        return [None, *own] if self.task == "binary" else own

    def _flags(self, values: np.ndarray) -> np.ndarray:
        if self.task == "multilabel":
            return values > 0
        return np.equal(values.reshape(-1, 1).astype(np.int64), np.arange(len(self.label_names)))
