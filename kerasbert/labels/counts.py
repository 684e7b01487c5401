"""How many examples have each label."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class LabelCounts:
    """Stands for the label array of a head that is too large to hold, for whatever only counts.

    Args:
        counts: examples of each class; positive ones of a binary head, (1,), and of each label of a multi-label head.
        total: examples.
    """

    counts: np.ndarray
    total: int

    def __len__(self) -> int:
        return self.total


def label_counts(encoded: np.ndarray, count: int) -> np.ndarray:
    """Count the rows that have each of `count` labels.

    Args:
        encoded: class ids (n,), -1 where unknown; or 0 and 1, (n, 1) for a binary head, (n, C) for a multi-label one.
    """
    if encoded.ndim == 2 and (encoded.shape[1] > 1 or count == 1):
        return np.asarray((encoded > 0).sum(axis=0), dtype=np.int64)
    ids = encoded.reshape(-1).astype(np.int64)
    return np.bincount(ids[ids >= 0], minlength=count)
