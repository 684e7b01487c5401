"""Label names, and label cells as the arrays that a model trains on."""

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError, DataError


def check_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return label names as a tuple if they can be told apart.

    Args:
        names: the names.

    Returns:
        The names, in their order.

    Raises:
        ConfigError: when there is none, one is empty, or two are the same but for case and space.
        TypeError: when it is no list of texts.

    Example:
        >>> check_label_names(["ham", "spam"])
        ('ham', 'spam')
    """
    if isinstance(names, (str, bytes, Mapping)) or not isinstance(names, Iterable):
        raise TypeError(f"`label_names` must be a list of names; got {shorten(names)}.")
    names = tuple(names)
    if not names:
        raise ConfigError("`label_names` must hold at least one name; got none.")
    seen: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"`label_names` must be texts; got {shorten(name)} of type {type(name).__name__}.")
        key = " ".join(name.casefold().split())
        if not key:
            raise ConfigError(f"`label_names` must not be blank; got {name!r}.")
        if key in seen:
            raise ConfigError(f"`label_names` must differ by more than case and space; got {seen[key]!r} and {name!r}.")
        seen[key] = name
    return names


def collect_label_names(cells: Iterable[Any], *, delimiter: str | None = None) -> list[str]:
    """The distinct labels of some cells, sorted: numbers by value, names by alphabet.

    Args:
        cells: one cell an example: a name, a number, a bool, or a list of these.
        delimiter: separator of several names in one text; None: a text is one name.

    Returns:
        The names; a number is named by its digits.

    Raises:
        DataError: when a cell is missing.

    Example:
        >>> collect_label_names(["b", "a", "b"]), collect_label_names([10, 9])
        (['a', 'b'], ['9', '10'])
    """
    names = {name for row, cell in enumerate(cells, start=1) for name in _names_in(cell, delimiter, row, "labels")}
    if all(_is_number(name) for name in names):
        return sorted(names, key=float)
    return sorted(names)


def encode_binary(
    cells: Sequence[Any], names: Sequence[str], *, source: str = "labels", first_row: int = 1
) -> np.ndarray:
    """Cells of a yes-or-no label as 0 and 1.

    Args:
        cells: n cells: one of the two names, or 0, 1, False, True.
        names: the negative and the positive name.
        source: named in messages.
        first_row: number of the first row in messages.

    Returns:
        Float32 (n, 1).

    Raises:
        DataError: when a cell is neither; the message names the row.

    Example:
        >>> encode_binary(["spam", "ham"], ["ham", "spam"]).tolist()
        [[1.0], [0.0]]
    """
    return encode_class_ids(cells, names, source=source, first_row=first_row).astype(np.float32).reshape(-1, 1)


def encode_class_ids(
    cells: Sequence[Any], names: Sequence[str], *, source: str = "labels", first_row: int = 1
) -> np.ndarray:
    """Cells of one label each as class ids.

    Args:
        cells: n cells: a name, or a whole number in [0, C).
        names: the C names; where all of them are numbers, a number in a cell is looked up among them.
        source: named in messages.
        first_row: number of the first row in messages.

    Returns:
        Int32 (n,).

    Raises:
        DataError: when a cell is missing, no whole number, out of range or unknown; the message names the row.

    Example:
        >>> encode_class_ids(["b", 0], ["a", "b"]).tolist()
        [1, 0]
    """
    index = {name: position for position, name in enumerate(names)}
    ids = [_class_id(cell, index, f"{source}, row {row}") for row, cell in enumerate(cells, start=first_row)]
    return np.array(ids, dtype=np.int32)


def encode_multi_hot(
    cells: Sequence[Any],
    names: Sequence[str],
    *,
    delimiter: str | None = None,
    source: str = "labels",
    first_row: int = 1,
) -> np.ndarray:
    """Cells of any number of labels each as rows of 0 and 1.

    Args:
        cells: n cells: a list of names or ids, a delimited text, or a row of C zeros and ones in an array.
        names: the C names.
        delimiter: separator of several names in one text.
        source: named in messages.
        first_row: number of the first row in messages.

    Returns:
        Float32 (n, C); a row without labels is all zeros.

    Raises:
        DataError: when a cell is missing, or a label is unknown or neither 0 nor 1; the message names the row.

    Example:
        >>> encode_multi_hot([["b"], []], ["a", "b"]).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    index = {name: position for position, name in enumerate(names)}
    if isinstance(cells, np.ndarray) and cells.ndim == 2:
        return _check_zeros_and_ones(cells, len(index), source, first_row)
    rows = np.zeros((len(cells), len(index)), dtype=np.float32)
    for position, cell in enumerate(cells):
        where = f"{source}, row {first_row + position}"
        labels = (
            cell
            if isinstance(cell, (list, tuple, set, np.ndarray))
            else _names_in(cell, delimiter, first_row + position, source)
        )
        for label in labels:
            rows[position, _class_id(label, index, where)] = 1.0
    return rows


def multi_hot_from_columns(
    labels: Mapping[str, Sequence[Any]], columns: Sequence[str], *, source: str = "labels"
) -> np.ndarray:
    """Several columns of 0 and 1, one for each label, as rows.

    Args:
        labels: column name -> n cells: 0, 1, False, True, or these as text.
        columns: the columns, in the order of the labels.
        source: named in messages.

    Returns:
        Float32 (n, C).

    Raises:
        DataError: when a cell is neither 0 nor 1; the message names column and row.

    Example:
        >>> multi_hot_from_columns({"a": [1, 0], "b": ["0", "1"]}, ["a", "b"]).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    values = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
    rows = np.zeros((len(labels[columns[0]]), len(columns)), dtype=np.float32)
    for position, column in enumerate(columns):
        for row, cell in enumerate(labels[column]):
            value = values.get(str(cell).strip().lower())
            if value is None:
                raise DataError(f"{source}, row {row + 1}: {column!r} must be 0 or 1; got {shorten(cell)}.")
            rows[row, position] = value
    return rows


def _names_in(cell: Any, delimiter: str | None, row: int, source: str) -> list[str]:
    if isinstance(cell, (list, tuple, set, np.ndarray)):
        return [name for part in cell for name in _names_in(part, None, row, source)]
    if cell is None or (isinstance(cell, numbers.Real) and math.isnan(cell)):
        raise DataError(f"{source}, row {row}: the label is missing; fill it or leave the row out.")
    if isinstance(cell, str):
        return [part.strip() for part in cell.split(delimiter) if part.strip()] if delimiter else [cell]
    return [_digits(cell)]


def _digits(number: Any) -> str:
    if isinstance(number, (bool, np.bool_)):
        return str(int(number))
    return str(int(number)) if float(number).is_integer() else str(number)


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False


def _class_id(cell: Any, index: Mapping[str, int], where: str) -> int:
    if isinstance(cell, str):
        if cell in index:
            return index[cell]
        raise DataError(
            f"{where}: the label {shorten(cell)} is unknown; the labels are {_listed(index)}.{suggestion(cell, index)}"
        )
    if cell is None or not isinstance(cell, (numbers.Real, np.bool_)) or math.isnan(cell):
        raise DataError(f"{where}: the label must be a name or a class id; got {shorten(cell)}.")
    if not float(cell).is_integer():
        raise DataError(f"{where}: the label must be a whole number from 0 to {len(index) - 1}; got {cell}.")
    if all(_is_number(name) for name in index) and _digits(cell) in index:
        return index[_digits(cell)]
    if 0 <= cell < len(index) and not all(_is_number(name) for name in index):
        return int(cell)
    raise DataError(f"{where}: the label must be from 0 to {len(index) - 1} or one of {_listed(index)}; got {cell}.")


def _listed(index: Mapping[str, int]) -> str:
    names = list(index)
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _check_zeros_and_ones(rows: np.ndarray, num_labels: int, source: str, first_row: int) -> np.ndarray:
    if rows.shape[1] != num_labels:
        raise DataError(f"{source}: must have {num_labels} columns, one for each label; got {rows.shape[1]}.")
    wrong = np.argwhere((rows != 0) & (rows != 1))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(f"{source}, row {first_row + row}: labels must be 0 or 1; got {rows[row, column]}.")
    return rows.astype(np.float32)
