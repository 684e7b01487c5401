"""One function that reads labelled texts from a file, a frame, a data set or plain lists."""

import numbers
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.data._csv import read_csv, read_tsv
from kerasbert.data._files import check_file
from kerasbert.data._frames import read_frame
from kerasbert.data._jsonl import read_jsonl
from kerasbert.data._parquet import read_parquet
from kerasbert.data._table import Table, table_of_rows
from kerasbert.data.examples import Examples
from kerasbert.data.label_cells import LabelCells

FILE_READERS: dict[str, Callable[[Path, Sequence[str]], Table]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
    ".tsv": read_tsv,
}
MISSING = ("empty", "error")
# The column of a pair (texts, labels), where none is named.
LABEL_COLUMN = "label"


def read_examples(
    source: Any,
    *,
    text: str = "text",
    text_pair: str | None = None,
    labels: str | Sequence[str] | None = None,
    missing: str = "error",
) -> Examples:
    """Read texts and their label cells.

    Only the named columns are read. Cells stay what they are: those of a CSV file are text, also where they look like
    numbers or formulas; `kerasbert.data.labels` makes arrays of them.

    Args:
        source: path of a .csv, .tsv, .jsonl (.ndjson) or .parquet file; a pandas or polars frame, a pyarrow table or
            anything else that narwhals takes; a Hugging Face `datasets.Dataset`; a list of dicts; a pair
            `(texts, labels)`; or a list of texts.
        text: column of the texts.
        text_pair: column of second texts.
        labels: label column or columns; None reads none. Of a pair: the name that its labels get, or `"label"`.
        missing: what a missing text is: `"error"`, or `"empty"` for an empty text.

    Returns:
        The examples, in the order of the source.

    Raises:
        DataError: when the file, a column or a row cannot be used; the message names file and line, or row.
        TypeError: when the source is none of these, or a text is no text; the message names the row.
        ConfigError: when `missing` is neither of the two, or columns are asked of a list of texts.

    Example:
        >>> read_examples([{"text": "hello", "label": "greeting"}], labels="label").labels
        {'label': ['greeting']}
    """
    check_choice("missing", missing, MISSING)
    columns = _column_names(labels)
    if _is_pair(source):
        table = _read_pair(source, text, columns)
        columns = [name for name in table.columns if name != text]
    else:
        table = _read_table(source, text, list(dict.fromkeys([text, *([text_pair] if text_pair else []), *columns])))
    return Examples(
        _texts(table, text, missing),
        None if text_pair is None else _texts(table, text_pair, missing),
        {name: LabelCells(table.columns[name], table.source, table.rows, table.unit, name) for name in columns},
        table.source,
        list(table.rows),
    )


def _column_names(labels: Any) -> list[str]:
    names = [labels] if isinstance(labels, str) else list(labels or ())
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"`labels` must be a column name or several; got {shorten(name)} of {type(name).__name__}.")
    return names


def _read_table(source: Any, text: str, wanted: list[str]) -> Table:
    if isinstance(source, (str, os.PathLike)):
        return _read_file(Path(source), wanted)
    if _is_list(source):
        return _read_list(list(source), text, wanted)
    return read_frame(source, wanted)


def _read_file(path: Path, wanted: list[str]) -> Table:
    check_file(path)
    reader = FILE_READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path} must end in one of {', '.join(sorted(FILE_READERS))}; got {path.suffix!r}.")
    return reader(path, wanted)


def _read_list(rows: list, text: str, wanted: list[str]) -> Table:
    numbers_of_rows = range(1, len(rows) + 1)
    if any(isinstance(row, Mapping) for row in rows):
        for number, row in zip(numbers_of_rows, rows, strict=True):
            if not isinstance(row, Mapping):
                raise DataError(f"the given rows, row {number}: must be a dict as the others are; got {shorten(row)}.")
        return Table(table_of_rows(rows, wanted, "the given rows"), numbers_of_rows, "the given rows", "row")
    if rows and len(wanted) > 1:
        raise ConfigError(
            f"A list of texts has no column {wanted[1]!r}; give a list of dicts, or a pair (texts, labels)."
        )
    columns = {name: rows if name == text else [] for name in wanted}
    return Table(columns, numbers_of_rows, "the given texts", "row")


def _read_pair(pair: tuple, text: str, columns: list[str]) -> Table:
    texts, labels = (list(part) if not isinstance(part, Mapping) else part for part in pair)
    if len(columns) > 1:
        raise ConfigError(f"The labels of a pair (texts, labels) are one column; got {len(columns)} names in `labels`.")
    if len(texts) != len(labels):
        raise DataError(
            f"A pair (texts, labels) must have one label for each text; got {len(texts)} and {len(labels)}."
        )
    cells: dict[str, Any] = {text: texts, columns[0] if columns else LABEL_COLUMN: labels}
    return Table(cells, range(1, len(texts) + 1), "the given texts", "row")


def _is_list(source: Any) -> bool:
    return isinstance(source, (Sequence, np.ndarray)) and not isinstance(source, (bytes, bytearray, memoryview))


def _is_pair(source: Any) -> bool:
    """Whether it is `(texts, labels)`: a tuple of two columns, which a tuple of two texts is not."""
    if not isinstance(source, tuple) or len(source) != 2:
        return False
    return all(hasattr(part, "__len__") and not isinstance(part, (str, bytes, Mapping)) for part in source)


def _texts(table: Table, column: str, missing: str) -> list[str]:
    if column in table.not_text:
        raise DataError(
            f"{table.source}: {column!r} must be a column of texts; it is stored as {table.not_text[column]}. Cast it "
            f"to string and write the file again."
        )
    return [_text(cell, missing, table, index, column) for index, cell in enumerate(table.columns[column])]


def _text(cell: Any, missing: str, table: Table, index: int, column: str) -> str:
    # The place is written out only when a message needs it.
    return cell if _is_plain(cell) else check_text(cell, column, table.place(index), missing)


def _is_plain(cell: Any) -> bool:
    return type(cell) is str and cell.isascii()


def check_text(cell: Any, column: str, place: str, missing: str) -> str:
    """The text of a cell.

    Args:
        cell: what a reader gave.
        column: its column.
        place: such as `data.csv, line 3`.
        missing: a choice of `MISSING`.

    Returns:
        The text.

    Raises:
        DataError: when it is missing or holds half of a surrogate pair.
        TypeError: when it is no text.
    """
    if isinstance(cell, str):
        try:
            cell.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(
                f"{place}: {column!r} holds half of a surrogate pair at character {error.start}; decode the text again."
            ) from None
        return str(cell)
    if _is_missing(cell):
        if missing == "empty":
            return ""
        raise DataError(f"{place}: {column!r} is missing; fill it, or pass missing='empty' to read it as ''.")
    raise TypeError(f"{place}: {column!r} must be a text; got {shorten(cell)} of type {type(cell).__name__}.")


def _is_missing(cell: Any) -> bool:
    # pandas' own marks by name: importing pandas for them would cost a second.
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, numbers.Real) and cell != cell
