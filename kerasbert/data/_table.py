"""What every reader hands on: the wanted columns as lists of cells, and where each row stands in the source."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from kerasbert._core.checks import suggestion
from kerasbert._core.errors import DataError


class Table(NamedTuple):
    """Some columns of a source.

    Args:
        columns: name -> n cells.
        rows: n line or row numbers, from 1.
        source: named in messages.
        unit: `"line"` or `"row"`, what the numbers count.
        not_text: name -> stored type, of the columns that a typed file keeps as something that is never a text.
    """

    columns: dict[str, list]
    rows: Sequence[int]
    source: str
    unit: str
    not_text: Mapping[str, str] = MappingProxyType({})

    def place(self, index: int) -> str:
        """How a message names a row.

        Args:
            index: place of the row among those read, from 0.

        Returns:
            Such as `data.csv, line 3`.
        """
        return f"{self.source}, {self.unit} {self.rows[index]}"


def check_columns(wanted: Iterable[str], found: Iterable[str], source: str) -> None:
    """Refuse a source that lacks a wanted column or has two of one name.

    Args:
        wanted: names asked for.
        found: names that there are.
        source: named in messages.

    Raises:
        DataError: when a column is missing or not unique.
    """
    found = list(found)
    for name in wanted:
        if name not in found:
            listed = ", ".join(map(repr, found)) or "none"
            raise DataError(f"{source} has no column {name!r}; it has {listed}.{suggestion(name, found)}")
        if found.count(name) > 1:
            raise DataError(f"{source} has {found.count(name)} columns named {name!r}; rename all but one.")


def table_of_rows(rows: Sequence[dict[str, Any]], wanted: Iterable[str], source: str) -> dict[str, list]:
    """Wanted columns of rows that are dicts; a key that a row lacks is a missing cell.

    Args:
        rows: n dicts.
        wanted: names asked for.
        source: named in messages.

    Returns:
        Name -> n cells.

    Raises:
        DataError: when no row has a wanted key.
    """
    wanted = list(wanted)
    if rows:
        check_columns(wanted, dict.fromkeys(name for row in rows for name in row), source)
    return {name: [row.get(name) for row in rows] for name in wanted}
