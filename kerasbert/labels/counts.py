"""How many examples have each label."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class LabelCounts:
    """Stands for the label array of a head that is too large to hold, for whatever only counts.

    Args:
        counts: examples of each class of a multi-class head; positive ones of a binary head, (1,), and of each label of a
            multi-label head.
        total: examples.

    Example:
        >>> labels = LabelCounts(np.array([3, 7]), 10)
        >>> len(labels)
        10
    """

    counts: np.ndarray
    total: int

    def __len__(self) -> int:
        return self.total


def label_counts(encoded: np.ndarray, count: int) -> np.ndarray:
    """How many rows have each label.

    Args:
        encoded: class ids (n,), 0 or 1 of shape (n, 1) for a binary label of two names, or of shape (n, C); -1 where
            unknown.
        count: number of names.

    Returns:
        Int64 (count,).

    Example:
        >>> label_counts(np.array([[1.0], [0.0], [1.0]]), 2).tolist(), label_counts(np.array([0, -1]), 2).tolist()
        ([1, 2], [1, 0])
    """
    if encoded.ndim == 2 and (encoded.shape[1] > 1 or count == 1):
        return np.asarray((encoded > 0).sum(axis=0), dtype=np.int64)
    ids = encoded.reshape(-1).astype(np.int64)
    return np.bincount(ids[ids >= 0], minlength=count)
