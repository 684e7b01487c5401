"""Label cells that know where they stand, so that a wrong one is told by file and line."""

from collections.abc import Iterable, Sequence
from typing import Any


class LabelCells(list):
    """A list of label cells with the place of each in its source; everywhere else it is a list like any other.

    Args:
        cells: n cells.
        source: named in messages: a path, or words such as "the frame".
        rows: n line or row numbers.
        unit: `"line"` or `"row"`, what the numbers count.

    Example:
        >>> cells = LabelCells(["a", "b"], "data.csv", [2, 3], "line")
        >>> cells == ["a", "b"], cells.replaced(["A", "B"]).place(1)
        (True, 'data.csv, line 3')
    """

    def __init__(self, cells: Iterable[Any], source: str, rows: Sequence[int], unit: str = "row") -> None:
        super().__init__(cells)
        self.source = source
        self.rows = rows
        self.unit = unit

    def place(self, position: int) -> str:
        """How a message names the cell at a position, such as `data.csv, line 3`."""
        return f"{self.source}, {self.unit} {self.rows[position]}"

    def replaced(self, cells: Iterable[Any]) -> "LabelCells":
        """Other cells at the same places, one for each."""
        return LabelCells(cells, self.source, self.rows, self.unit)

    def take(self, indices: Iterable[int]) -> "LabelCells":
        """The cells at some positions, which keep their places."""
        indices = list(indices)
        rows = [self.rows[index] for index in indices]
        return LabelCells((self[index] for index in indices), self.source, rows, self.unit)
