"""How many examples have each label, where the labels themselves are too many to hold."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class LabelCounts:
    """It stands where the label array of a head stands, for whatever only counts.

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
