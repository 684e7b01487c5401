"""Label names, and label cells as the arrays that a model trains on.

A label is told by its name or by its place among the names. Names win: where all names are numbers, a number in a cell
is one of them; else it is a place, from 0. Nothing is rounded, guessed or dropped; a message names the row.
"""

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.data.label_cells import LabelCells

FLAGS = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
# Tried for a hint only, never to split.
USUAL_DELIMITERS = (",", ";", "|")
NUM_LISTED = 8
# What cells are called that do not say where they are from.
LABELS = "labels"


def check_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return label names as a tuple if they can be told apart.

    Args:
        names: the names.

    Returns:
        The names, in their order.

    Raises:
        ConfigError: when there is none, one is blank, or two are the same but for case and space.
        TypeError: when it is no list of texts.

    Example:
        >>> check_label_names(["ham", "spam"])
        ('ham', 'spam')
    """
    if isinstance(names, (str, bytes, Mapping)) or not isinstance(names, Iterable):
        raise TypeError(f"`label_names` must be a list of names; got {shorten(names)} of type {type(names).__name__}.")
    names = tuple(names)
    if not names:
        raise ConfigError("`label_names` must hold at least one name; got none.")
    seen: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"`label_names` must be texts; got {shorten(name)} of type {type(name).__name__}.")
        key = " ".join(name.casefold().split())
        if not key:
            raise ConfigError(f"`label_names` must not be blank; got {shorten(name)}.")
        if key in seen:
            raise ConfigError(
                f"`label_names` must differ by more than case and space; got {shorten(seen[key])} and {shorten(name)}."
            )
        seen[key] = name
    return names


def collect_label_names(
    cells: Iterable[Any],
    *,
    delimiter: str | None = None,
    source: str = LABELS,
    first_row: int | Sequence[int] = 1,
) -> list[str]:
    """The distinct labels of some cells, sorted, so that the same data always gives the same order.

    Args:
        cells: n cells: a name, a whole number, a bool, or a list of these.
        delimiter: separator of several names in one text; None: a text is one name.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        The names: by value if all are numbers, else by alphabet. A number or bool is named by its digits.

    Raises:
        DataError: when a cell is missing or no label.

    Example:
        >>> collect_label_names(["b", "a", "b"]), collect_label_names([10, 9])
        (['a', 'b'], ['9', '10'])
    """
    names: set[str] = set()
    for position, cell in enumerate(cells):
        place = _Place(cells, source, first_row, position)
        names.update(_name(part, place) for part in _parts(cell, delimiter, place))
    return sorted(names, key=float) if all(map(_is_number, names)) else sorted(names)


def encode_binary(
    cells: Sequence[Any], names: Sequence[str], *, source: str = LABELS, first_row: int | Sequence[int] = 1
) -> np.ndarray:
    """Cells of a yes-or-no label as 0 and 1.

    Args:
        cells: n cells: one of the two names, or 0, 1, False, True.
        names: the negative and the positive name.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Float32 (n, 1).

    Raises:
        DataError: when a cell is neither; the message names the row.
        ConfigError: when there are not two names.

    Example:
        >>> encode_binary(["spam", "ham"], ["ham", "spam"]).tolist()
        [[1.0], [0.0]]
    """
    if len(names) != 2:
        raise ConfigError(f"A binary label has two names, (negative, positive); got {shorten(tuple(names))}.")
    cells = cells.reshape(-1) if isinstance(cells, np.ndarray) and cells.shape[1:] == (1,) else cells
    return encode_class_ids(cells, names, source=source, first_row=first_row).astype(np.float32).reshape(-1, 1)


def encode_class_ids(
    cells: Sequence[Any], names: Sequence[str], *, source: str = LABELS, first_row: int | Sequence[int] = 1
) -> np.ndarray:
    """Cells of one label each as class ids.

    Args:
        cells: n cells: a name, or a whole number in [0, C).
        names: the C names; where all of them are numbers, a number in a cell is one of them.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Int32 (n,).

    Raises:
        DataError: when a cell is missing, no whole number, out of range or unknown; the message names the row.

    Example:
        >>> encode_class_ids(["b", 0], ["a", "b"]).tolist()
        [1, 0]
    """
    index = _Index(names)
    ids = [index.id_of(cell, _Place(cells, source, first_row, position)) for position, cell in enumerate(cells)]
    return np.array(ids, dtype=np.int32)


def encode_multi_hot(
    cells: Sequence[Any],
    names: Sequence[str],
    *,
    delimiter: str | None = None,
    source: str = LABELS,
    first_row: int | Sequence[int] = 1,
) -> np.ndarray:
    """Cells of any number of labels each as rows of 0 and 1.

    Args:
        cells: n cells: a list, tuple, set or array of names or ids; a delimited text; or a row of C zeros and ones.
            They are read as such rows if all of them have C entries, each 0 or 1; an array (n, C) always is.
        names: the C names.
        delimiter: separator of several names in one text; None: a text is one name.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Float32 (n, C); a row without labels is all zeros.

    Raises:
        DataError: when a cell is missing, a label is unknown, or a row of an array is not of 0 and 1.

    Example:
        >>> encode_multi_hot([["b"], []], ["a", "b"]).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    if isinstance(cells, np.ndarray) and cells.ndim == 2:
        return _checked_flags(cells, len(names), source, first_row)
    cells = list(cells)
    if cells and all(_is_row_of_flags(cell, len(names)) for cell in cells):
        return np.array([list(cell) for cell in cells], dtype=np.float32)
    index = _Index(names)
    rows = np.zeros((len(cells), len(names)), dtype=np.float32)
    for position, cell in enumerate(cells):
        place = _Place(cells, source, first_row, position)
        for part in _parts(cell, delimiter, place):
            rows[position, index.id_of(part, place)] = 1.0
    return rows


def labels_without_examples(encoded: np.ndarray, names: Sequence[str]) -> list[str]:
    """Which labels no row has.

    Args:
        encoded: int (n,) of class ids, float (n, 1) of a binary label, or float (n, C) of 0 and 1.
        names: the C names, (negative, positive) for a binary label.

    Returns:
        Their names, in their order.

    Example:
        >>> labels_without_examples(np.array([0, 2, 2]), ["a", "b", "c"])
        ['b']
    """
    if encoded.ndim == 2 and encoded.shape[1] > 1:
        present = set(np.flatnonzero(encoded.any(axis=0)).tolist())
    elif encoded.ndim == 2 and len(names) == 1:
        present = {0} if encoded.any() else set()
    else:
        present = set(np.unique(encoded).astype(int).tolist())
    return [name for position, name in enumerate(names) if position not in present]


def multi_hot_from_columns(
    labels: Mapping[str, Sequence[Any]],
    columns: Sequence[str],
    *,
    source: str = LABELS,
    first_row: int | Sequence[int] = 1,
) -> np.ndarray:
    """Several columns of 0 and 1, one for each label, as rows.

    Args:
        labels: column name -> n cells: 0, 1, False, True, or these as text.
        columns: the C columns, in the order of the labels.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Float32 (n, C).

    Raises:
        DataError: when a cell is neither 0 nor 1, a column is missing, or columns differ in length.
        ConfigError: when no column is named.

    Example:
        >>> multi_hot_from_columns({"a": [1, 0], "b": ["0", "1"]}, ["a", "b"]).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if not columns:
        raise ConfigError("`columns` must name at least one column; got none.")
    for column in columns:
        if column not in labels:
            listed = ", ".join(map(repr, labels)) or "none"
            raise DataError(f"{source} has no column {column!r}; it has {listed}.{suggestion(column, labels)}")
    counts = {column: len(labels[column]) for column in columns}
    if len(set(counts.values())) > 1:
        raise DataError(f"{source}: the columns must have the same number of rows; got {counts}.")
    rows = np.zeros((counts[columns[0]], len(columns)), dtype=np.float32)
    for number, column in enumerate(columns):
        for position, cell in enumerate(labels[column]):
            value = FLAGS.get(str(cell).strip().lower())
            if value is None:
                place = _Place(labels[column], source, first_row, position)
                raise DataError(f"{place}: {column!r} must be 0 or 1; got {shorten(cell)}.")
            rows[position, number] = value
    return rows


class _Place:
    """Where a cell stands; written out only when a message needs it. Cells that know it are believed before the caller."""

    __slots__ = ("cells", "source", "first_row", "position")

    def __init__(self, cells: Any, source: str, first_row: int | Sequence[int], position: int) -> None:
        self.cells = cells
        self.source = source
        self.first_row = first_row
        self.position = position

    def __str__(self) -> str:
        if isinstance(self.cells, LabelCells) and self.source == LABELS:
            return self.cells.place(self.position)
        row = self.first_row + self.position if isinstance(self.first_row, int) else self.first_row[self.position]
        return f"{self.source}, row {row}"


class _Index:
    """Which id a cell means."""

    def __init__(self, names: Sequence[str]) -> None:
        self.ids = {name: position for position, name in enumerate(names)}
        self.numeric = all(map(_is_number, self.ids))

    def id_of(self, cell: Any, place: _Place) -> int:
        """The id of a name, number or bool.

        Raises:
            DataError: when it is none of the labels.
        """
        if isinstance(cell, str):
            return self._id_of_name(cell, place)
        if isinstance(cell, (bool, np.bool_)):
            return self._in_range(int(cell), cell, place)
        number = _whole_number(cell, place)
        if self.numeric:
            if str(number) not in self.ids:
                raise DataError(f"{place}: the label {shorten(number)} is unknown; the labels are {self._listed()}.")
            return self.ids[str(number)]
        return self._in_range(number, cell, place)

    def _id_of_name(self, name: str, place: _Place) -> int:
        if name in self.ids:
            return self.ids[name]
        if not name.strip():
            raise DataError(f"{place}: the label is missing; fill it or leave the row out.")
        # A CSV file knows no numbers: "3" is the id 3 where no label is called so.
        if name.isascii() and name.isdigit() and len(name) < 10 and not self.numeric:
            return self._in_range(int(name), name, place)
        raise DataError(
            f"{place}: the label {shorten(name)} is unknown; the labels are {self._listed()}.{self._hint(name)}"
        )

    def _in_range(self, number: int, cell: Any, place: _Place) -> int:
        if 0 <= number < len(self.ids):
            return number
        raise DataError(
            f"{place}: the label must be from 0 to {len(self.ids) - 1} or one of {self._listed()}; got {shorten(cell)}."
        )

    def _hint(self, name: str) -> str:
        for delimiter in USUAL_DELIMITERS:
            if delimiter in name and all(part.strip() in self.ids for part in name.split(delimiter)):
                return f" Several in one cell need the delimiter {delimiter!r}."
        return suggestion(name, self.ids)

    def _listed(self) -> str:
        names = [shorten(name, 40) for name in self.ids]
        more = f" and {len(names) - NUM_LISTED} more" if len(names) > NUM_LISTED else ""
        return ", ".join(names[:NUM_LISTED]) + more


def _parts(cell: Any, delimiter: str | None, place: _Place) -> list[Any]:
    """The labels of one cell."""
    if isinstance(cell, (list, tuple, set, frozenset, np.ndarray)):
        return list(cell)
    if isinstance(cell, str) and delimiter:
        return [part.strip() for part in cell.split(delimiter) if part.strip()]
    if isinstance(cell, Mapping):
        raise DataError(f"{place}: the labels must be a list; got {shorten(cell)} of type {type(cell).__name__}.")
    return [cell]


def _name(part: Any, place: _Place) -> str:
    if isinstance(part, str):
        if not part.strip():
            raise DataError(f"{place}: the label is missing; fill it or leave the row out.")
        return str(part)
    return str(int(part)) if isinstance(part, (bool, np.bool_)) else str(_whole_number(part, place))


def _whole_number(cell: Any, place: _Place) -> int:
    if cell is None or type(cell).__name__ == "NAType" or (isinstance(cell, numbers.Real) and cell != cell):
        raise DataError(f"{place}: the label is missing; fill it or leave the row out.")
    if isinstance(cell, numbers.Integral):
        return int(cell)
    if not isinstance(cell, numbers.Real):
        raise DataError(
            f"{place}: the label must be a name or an id; got {shorten(cell)} of type {type(cell).__name__}."
        )
    if not math.isfinite(cell) or cell != math.floor(cell):
        raise DataError(f"{place}: the label must be a name or a whole number; got {cell}.")
    return int(float(cell)) if not isinstance(cell, numbers.Integral) else int(cell)


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False


def _is_row_of_flags(cell: Any, num_labels: int) -> bool:
    if not isinstance(cell, (list, tuple, np.ndarray)) or len(cell) != num_labels:
        return False
    return all(isinstance(value, (numbers.Real, np.bool_)) and value in (0, 1) for value in cell)


def _checked_flags(rows: np.ndarray, num_labels: int, source: str, first_row: int | Sequence[int]) -> np.ndarray:
    if rows.shape[1] != num_labels:
        raise DataError(f"{source}: must have {num_labels} columns, one for each label; got {rows.shape[1]}.")
    wrong = np.argwhere((rows != 0) & (rows != 1))
    if len(wrong):
        row, column = map(int, wrong[0])
        place = _Place(rows, source, first_row, row)
        raise DataError(f"{place}: the labels must be 0 or 1; got {shorten(rows[row, column].item())}.")
    return rows.astype(np.float32)


# Task of a head -> what makes the arrays that it trains on from label cells and names.
ENCODE_LABELS = {"binary": encode_binary, "multiclass": encode_class_ids, "multilabel": encode_multi_hot}
