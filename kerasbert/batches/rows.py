"""Rows of token ids with labels, in memory or in a token cache, and which of them are held out."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from kerasbert.reading.splits import split_indices

# Rows beyond this number are not all looked at to hold some out, so that memory does not grow with them.
MOST_STRATIFIED = 1_000_000
MOST_HELD_OUT = 100_000


class LabelRows(Protocol):
    """Labels of rows, head by head; the keys of `heads` are their names."""

    num_rows: int

    @property
    def heads(self) -> Mapping[str, Any]:
        """See above."""
        ...

    def labels_of(self, head: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the labels of some rows, flat, and how many of them each row has, (m,)."""
        ...

    def encoded(self, head: str, rows: np.ndarray) -> np.ndarray:
        """Labels of some rows as the head trains on them."""
        ...


class RowStore(LabelRows, Protocol):
    """Where rows are: a `TokenCache`, or `MemoryRows`.

    Attributes:
        lengths: tokens of each row, (num_rows,).
        num_cut: texts that were cut.
        counts: head name -> how many rows have each label, (C,).
        max_length: tokens at which texts were cut.
    """

    lengths: np.ndarray
    num_cut: int
    max_length: int

    @property
    def counts(self) -> Mapping[str, np.ndarray]:
        """See above."""
        ...

    def read(self, rows: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
        """Token arrays and labels by head of some rows."""
        ...


class ArrayLabels:
    """Label arrays by head, ids (n,) or 0 and 1 of shape (n, 1) or (n, C), as `LabelRows`."""

    def __init__(self, labels: Mapping[str, np.ndarray]) -> None:
        self.heads = {name: np.asarray(array) for name, array in labels.items()}
        self.num_rows = len(next(iter(self.heads.values()), ()))

    def encoded(self, head: str, rows: np.ndarray) -> np.ndarray:
        """See `LabelRows.encoded`."""
        return np.asarray(self.heads[head][rows])

    def labels_of(self, head: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `LabelRows.labels_of`; a binary label has the numbers 0 and 1, ids are numbered anew."""
        array = self.heads[head]
        if array.ndim == 1:
            return np.searchsorted(np.unique(array), array[rows]), np.ones(len(rows), dtype=np.int64)
        marked = array[rows].reshape(len(rows), -1) > 0.5
        if marked.shape[1] == 1:
            return marked[:, 0].astype(np.int64), np.ones(len(rows), dtype=np.int64)
        return np.nonzero(marked)[1], marked.sum(axis=1)


def held_out_rows(rows: LabelRows, fraction: float, *, seed: int = 0) -> np.ndarray:
    """Choose a share of the rows to hold out, by the labels of the first head, as `split_indices` does; ascending.

    Of more than a million rows the ones held out are chosen among a million drawn by chance, at most 100,000.
    """
    among = np.arange(rows.num_rows)
    if rows.num_rows > MOST_STRATIFIED:
        among = np.sort(
            np.random.default_rng(seed).choice(rows.num_rows, MOST_STRATIFIED, replace=False, shuffle=False)
        )
        fraction = min(round(fraction * rows.num_rows), MOST_HELD_OUT) / MOST_STRATIFIED
    _, held_out = split_indices(rows.encoded(next(iter(rows.heads)), among), fraction, seed=seed)
    return np.asarray(among[held_out])
