"""Raw label cells: their places in the source, the columns that hold them, and the labels that each names."""

import ast
import io
import json
import numbers
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import frame_columns, shorten, suggestion
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.labels.values import plain_value, to_array

FLAGS = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
# What cells are called that do not say where they are from.
LABELS = "labels"
# Longest text that is looked into for a list.
LONGEST_LIST = 100_000
# Cells that a representation lists.
LISTED = 10
_OPENING = {"[": "]", "(": ")", "{": "}"}
_CLOSING = {")", ">", "'", '"'}
# What `print` makes of an array: quoted texts with nothing between them but space.
_PRINTED_ARRAY = re.compile(r"""(['"])\s+\1""")
# What `str` and `print` make of values and arrays of numbers.
_PRINTED_VALUE = re.compile(
    r"""(?:np\.\w+|array|tensor|tf\.Tensor|set|frozenset|Decimal)\(.*\)|b(['"]).*\1|<\w+\.\w+: .*>""", re.DOTALL
)
_PRINTED_NUMBERS = re.compile(r"[\s\d.,eE+-]*\d[\s\d.,eE+-]*")
_NO_COLUMNS = (str, bytes, bytearray, memoryview, Mapping, set, frozenset, io.IOBase)


class LabelCells(list[Any]):
    """A list of label cells with the place of each in its source; everywhere else it is a list like any other.

    Args:
        cells: n cells.
        source: named in messages: a path, or words such as "the frame".
        rows: n line or row numbers.
        unit: `"line"` or `"row"`, what the numbers count.
        column: the column that they stand in; None: it has no name.

    Example:
        >>> cells = LabelCells(["a", "b"], "data.csv", [2, 3], "line")
        >>> cells == ["a", "b"], cells.replaced(["A", "B"]).place(1)
        (True, 'data.csv, line 3')
    """

    def __init__(
        self, cells: Iterable[Any], source: str, rows: Sequence[int], unit: str = "row", column: str | None = None
    ) -> None:
        super().__init__(cells)
        self.source = source
        self.rows = rows
        self.unit = unit
        self.column = column

    def __repr__(self) -> str:
        if len(self) <= LISTED:
            return super().__repr__()
        return f"LabelCells({shorten(list(self[:LISTED]), 120)}, {len(self):,} cells of {self.source})"

    def place(self, position: int) -> str:
        """How a message names the cell at a position, such as `data.csv, line 3`."""
        return f"{self.source}, {self.unit} {self.rows[position]}"

    def replaced(self, cells: Iterable[Any]) -> "LabelCells":
        """Other cells at the same places, one for each."""
        return LabelCells(cells, self.source, self.rows, self.unit, self.column)

    def take(self, indices: Iterable[int]) -> "LabelCells":
        """The cells at some positions, which keep their places."""
        indices = list(indices)
        rows = [self.rows[index] for index in indices]
        return LabelCells((self[index] for index in indices), self.source, rows, self.unit, self.column)


class Place:
    """Where a cell stands, in words only when a message needs it; cells that know it are believed before the caller."""

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


class LabelColumn(NamedTuple):
    """The labels of one head: n cells or an array (n, C) of flags, and the C names that a frame of flags brings."""

    cells: Any
    names: tuple[str, ...] | None = None


def label_column(labels: Any, *, several: bool | None = None, source: str = LABELS) -> LabelColumn:
    """Labels as they were given, read once, as cells.

    Args:
        labels: a list, tuple, generator, array, Series or Arrow column of n cells; where a text may have several labels also
            an array (n, C) or sparse matrix of 0 and 1, or a frame of C columns of 0 and 1.
        several: whether a text may have several labels; None: either.
        source: named in messages.
    """
    if isinstance(labels, LabelCells):
        return LabelColumn(labels)
    if hasattr(labels, "toarray"):  # scipy's sparse matrices
        labels = labels.toarray()
    if isinstance(labels, _NO_COLUMNS) or not (hasattr(labels, "__iter__") or hasattr(labels, "__array__")):
        raise TypeError(
            f"`{source}` must be a list of labels, one for each text; got {shorten(labels)} of type {type(labels).__name__}."
        )
    columns = frame_columns(labels)
    if columns is not None:
        return _frame_column(labels, columns, several, source)
    listed = labels if isinstance(labels, list) else _listed(labels)
    return LabelColumn(_checked_array(listed, several, source) if isinstance(listed, np.ndarray) else listed)


def cell_parts(
    cell: Any, place: Any, *, several: bool | None = None, delimiter: str | None = None, known: Any = ()
) -> list[Any]:
    """The labels that one cell names, as they were written.

    Args:
        cell: a label, a list of labels, or a text that holds several: with a delimiter, or as a printed list.
        place: put in front of messages.
        several: whether a text may have several labels; None: either.
        delimiter: separator of several names in one text; None: a text is one name.
        known: names that are taken as they are.
    """
    cell = cell if isinstance(cell, str) else plain_value(cell)
    parts = [plain_value(part) for part in _parts(cell, place, several, delimiter, known)]
    if several is False and len(parts) != 1:
        one_hot = len(parts) > 1 and all(flag_value(part) is not None for part in parts)
        way = " Give class numbers instead of one-hot rows: labels.argmax(axis=1)." if one_hot else ""
        raise DataError(f"{place}: a text must have one label here; got {shorten(cell)}.{way}")
    return parts


def flag_value(cell: Any) -> float | None:
    """The value of 0, 1, False or True, as a number or as its text; None of anything else."""
    if isinstance(cell, str):
        return FLAGS.get(cell.strip().lower())
    cell = plain_value(cell)
    if isinstance(cell, (numbers.Real, np.bool_)) and not isinstance(cell, np.timedelta64) and cell in (0, 1):
        return float(cell)
    return None


def flag_of(cell: Any, column: str, place: Any) -> float:
    """The value, 0.0 or 1.0, of a cell in a column of 0 and 1."""
    value = flag_value(cell)
    if value is None:
        raise DataError(f"{place}: {column!r} must be 0 or 1; got {shorten(cell)}.")
    return value


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
            rows[position, number] = flag_of(cell, column, Place(labels[column], source, first_row, position))
    return rows


def _frame_column(frame: Any, own: list[Any], several: bool | None, source: str) -> LabelColumn:
    columns = list(map(str, own))
    if several is False or (several is None and not _holds_flags(frame, own)):
        raise TypeError(
            f"`{source}` must be one column of labels; got a {type(frame).__name__} with the columns {shorten(columns)}. "
            f"Give one of them, such as df[{own[0] if own else 'label'!r}]."
        )
    _check_columns(own, source)
    cells = {name: list(_listed(frame[key])) for name, key in zip(columns, own, strict=True)}
    rows = multi_hot_from_columns(cells, columns, source=source)
    # By name, so that the order of the columns is no matter.
    return LabelColumn([[columns[place] for place in np.flatnonzero(row)] for row in rows], tuple(columns))


def _holds_flags(frame: Any, own: list[Any]) -> bool:
    """Whether every cell of a frame is 0 or 1, so that its columns may be labels."""
    return all(flag_value(cell) is not None for key in own for cell in _listed(frame[key]))


def _check_columns(columns: list[Any], source: str) -> None:
    """Refuse a frame of flags of which a column has no name, or the name of another one."""
    for place, name in enumerate(columns):
        if not isinstance(name, (str, numbers.Real)) or name != name:
            raise DataError(
                f"{source}: the columns of a frame of 0 and 1 are the labels, each a text; got {shorten(name)}. Rename it."
            )
        if str(name) in map(str, columns[:place]):
            raise DataError(f"{source} has two columns named {str(name)!r}; rename one.")


def _listed(column: Any) -> Any:
    """The values of a column, of which tensors and Arrow columns give scalars of their own when they are iterated."""
    for method in ("to_pylist", "to_list"):  # Arrow; pandas and polars
        if hasattr(column, method):
            return getattr(column, method)()
    return to_array(column) if hasattr(column, "__array__") else list(column)


def _checked_array(array: np.ndarray, several: bool | None, source: str) -> Any:
    """The cells of an array; rows of names become lists."""
    if array.ndim == 1:
        return array
    if array.ndim == 2 and array.shape[1] == 1 and several is not True:
        return array.reshape(-1)
    if array.ndim == 2 and several is not False:
        return array if array.dtype.kind in "biuf" else array.tolist()
    if array.ndim == 2:
        raise DataError(
            f"`{source}` must be one label a text, shape (n,); got an array of shape {array.shape}. Give class numbers "
            f"instead of one-hot rows: labels.argmax(axis=1)."
        )
    raise DataError(f"`{source}` must have one row a text, shape (n,) or (n, C); got an array of shape {array.shape}.")


def _parts(cell: Any, place: Any, several: bool | None, delimiter: str | None, known: Any) -> list[Any]:
    if isinstance(cell, str):
        return _text_parts(cell, place, several, delimiter, known)
    if isinstance(cell, (list, tuple, set, frozenset)):
        return list(cell)
    if isinstance(cell, Mapping):
        raise DataError(f"{place}: the labels must be a list; got {shorten(cell)} of type {type(cell).__name__}.")
    if hasattr(cell, "to_list"):  # a Series
        return list(cell.to_list())
    if hasattr(cell, "__array__") and not isinstance(cell, np.generic):
        array = to_array(cell)
        if array.ndim != 1:
            raise DataError(f"{place}: the labels must be a list; got an array of shape {array.shape}.")
        return list(array)
    return [cell]


def _text_parts(cell: str, place: Any, several: bool | None, delimiter: str | None, known: Any) -> list[Any]:
    text = cell.strip()
    if text[-1:] in _CLOSING and _PRINTED_VALUE.fullmatch(text) and cell not in known:
        raise _printed_error(text, place)
    if _OPENING.get(text[:1]) == text[-1:] and len(text) > 1 and cell not in known:
        found = _printed_list(text, place, several)
        if found is not None:
            return found
        if delimiter and delimiter in text and text[0] not in text[1:]:  # such as (a, b)
            raise _printed_error(text, place)
    if delimiter and several is not False:
        return [part.strip() for part in cell.split(delimiter) if part.strip()]
    return [cell]


def _printed_list(text: str, place: Any, several: bool | None) -> list[Any] | None:
    """The labels of a list that was written as text; None where the text is a name in brackets."""
    inside = text[1:-1]
    value = _literal(text)
    if isinstance(value, (list, tuple, set)) and not any(isinstance(part, (list, dict, tuple, set)) for part in value):
        return list(value)
    is_name = not isinstance(value, (list, tuple, set, dict)) and not any(mark in inside for mark in "'\"")
    printed = any(form.fullmatch(inside.strip()) for form in (_PRINTED_NUMBERS, _PRINTED_VALUE))
    if is_name and (text[0] == "(" or (several is not True and "," not in inside and not printed)):
        return None
    raise _printed_error(text, place)


def _printed_error(text: str, place: Any) -> DataError:
    return DataError(
        f"{place}: the cell {shorten(text)} holds a list or an object written as text. Write several labels as a JSON list "
        f'such as ["a", "b"], or with a delimiter (label_delimiter, --label-delimiter); of an annotation export take '
        f"the labels out first; where it is a name, give label_names."
    )


def _literal(text: str) -> Any:
    """What a JSON or Python list says; None where it is neither."""
    if len(text) > LONGEST_LIST or _PRINTED_ARRAY.search(text):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return None
