"""Labelled texts in memory, whatever they were read from."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from kerasbert._core.display import brief_repr
from kerasbert.labels.cells import LabelCells


@dataclasses.dataclass(frozen=True)
class Examples:
    """Texts with their raw label cells, in the order of their source.

    Args:
        texts: n texts.
        text_pairs: n second texts, or None.
        labels: column name -> n raw cells (str, int, float, bool, None or list), which the readers give as `LabelCells`;
            empty without labels.
        source: where they came from, for messages: a path, or words such as "the frame".
        rows: n numbers, the line of the file or the row of the table that holds each example, counted from 1, for
            messages; None counts the texts.

    Example:
        >>> examples = Examples(["a", "b"], None, {"label": ["x", "y"]})
        >>> len(examples), examples.take([1]).labels, examples.take([1]).rows
        (2, {'label': ['y']}, [2])
    """

    texts: list[str]
    text_pairs: list[str] | None = None
    labels: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    source: str = "the given texts"
    rows: list[int] | None = None

    __repr__ = brief_repr

    def __post_init__(self) -> None:
        if self.rows is None:
            # The way to fill a field of a frozen dataclass.
            object.__setattr__(self, "rows", list(range(1, len(self.texts) + 1)))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int] | np.ndarray) -> Self:
        """The examples at some indices, in that order.

        Args:
            indices: m places in [0, n).

        Returns:
            The m examples, which keep their row numbers.
        """

        def chosen(cells: list[Any]) -> list[Any]:
            return [cells[index] for index in indices]

        return dataclasses.replace(
            self,
            texts=chosen(self.texts),
            text_pairs=None if self.text_pairs is None else chosen(self.text_pairs),
            labels={
                name: cells.take(indices) if isinstance(cells, LabelCells) else chosen(cells)
                for name, cells in self.labels.items()
            },
            rows=chosen(self.rows or []),
        )
