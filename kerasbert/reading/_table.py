"""What readers hand on: rows with their numbers, or the wanted columns as lists of cells."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kerasbert._core.checks import suggestion
from kerasbert._core.errors import DataError

# The number of a line or row, from 1, and its wanted cells by column, or the `DataError` that says what is wrong with it.
Row = tuple[int, Any]
# The cells of a column that is added to a file; None is an empty one.
Cells = Sequence[str | float | None]


class Table(NamedTuple):
    """Some columns of a source, each of n cells."""

    columns: Mapping[str, Sequence[Any]]
    source: str

    def rows(self) -> Iterator[Row]:
        """The rows, counted from 1."""
        names = list(self.columns)
        for number, cells in enumerate(zip(*self.columns.values(), strict=True), start=1):
            yield number, dict(zip(names, cells, strict=True))


def check_columns(wanted: Iterable[str], found: Iterable[str], source: str) -> None:
    """Refuse a source that lacks a wanted column or has two of one name."""
    found = list(found)
    for name in wanted:
        if name not in found:
            listed = ", ".join(map(repr, found)) or "none"
            raise DataError(f"{source} has no column {name!r}; it has {listed}.{suggestion(name, found)}")
        if found.count(name) > 1:
            raise DataError(f"{source} has {found.count(name)} columns named {name!r}; rename all but one.")


def table_of_rows(rows: Sequence[dict[str, Any]], wanted: Iterable[str], source: str) -> dict[str, list[Any]]:
    """Wanted columns of rows that are dicts; a key that a row lacks is a missing cell."""
    wanted = list(wanted)
    if rows:
        check_columns(wanted, dict.fromkeys(name for row in rows for name in row), source)
    return {name: [row.get(name) for row in rows] for name in wanted}


def check_number(source: str, rows: int, cells: Sequence[Any]) -> None:
    """Refuse a new column that has not one cell for each row."""
    if rows != len(cells):
        raise DataError(f"{source} has {rows} rows; got {len(cells)} cells for them.")
