"""One function that reads labelled texts from a file, a frame, a data set or plain lists.

A file is read by the iterator of rows of its format, as a stream is: reading into memory is collecting its rows.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, check_texts, half_surrogate, shorten, suggest_keywords
from kerasbert._core.errors import ConfigError, DataError, KerasbertWarning
from kerasbert.labels.cells import LabelCells, label_column
from kerasbert.labels.names import is_missing
from kerasbert.reading._files import LARGEST_FILE, UTF_8, check_encoding, check_file
from kerasbert.reading._frames import read_frame
from kerasbert.reading._table import Row, Table, table_of_rows
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.examples import Examples
from kerasbert.reading.row_streams import TokenRow, stream_rows, unit_of
from kerasbert.reading.sources import source_of

MISSING = ("empty", "error")
# The column of a pair (texts, labels), where none is named.
LABEL_COLUMN = "label"


# Looks at the cells of a row and where it stands, and raises a `DataError` when its labels cannot be used.
RowCheck = Callable[[Mapping[str, Any], str], None]


class RowSource(NamedTuple):
    """The rows of a source, as they are read.

    Args:
        rows: one after the other.
        labels: the label columns among their cells.
        source: named in messages.
        unit: `"line"` or `"row"`, what their numbers count.
    """

    rows: Iterator[Row]
    labels: list[str]
    source: str
    unit: str = "row"

    def place(self, number: int) -> str:
        """How a message names a row, such as `data.csv, line 3`."""
        return f"{self.source}, {self.unit} {number}"


@suggest_keywords
def read_examples(
    source: Any,
    *,
    text: str = "text",
    text_pair: str | None = None,
    labels: str | Sequence[str] | None = None,
    missing: str = "error",
    on_error: str = "stop",
    encoding: str = UTF_8,
) -> Examples:
    """Read texts and their label cells.

    Only the named columns are read. Cells stay what they are: those of a CSV file are text, also where they look like
    numbers or formulas; `kerasbert.labels.encode` makes arrays of them. Ids of a `datasets.ClassLabel` come as its names, -1
    as None.

    Args:
        source: path of a .csv, .tsv, .jsonl (.ndjson), .parquet or .tfrecord file, all but Parquet also as .gz; a pandas
            or polars frame, a pyarrow table or anything else that narwhals takes; a Hugging Face `datasets.Dataset`; a
            list of dicts; a pair `(texts, labels)`; or a list of texts.
        text: column of the texts.
        text_pair: column of second texts.
        labels: label column or columns; None reads none. Of a pair: the name that its labels get, or `"label"`.
        missing: what a missing text is: `"error"`, or `"empty"` for an empty text.
        on_error: what becomes of a row that cannot be used, because it is malformed or its text or all its labels are
            missing: `"stop"`, or `"skip"`, which leaves it out and warns of how many there were.
        encoding: of a text file: `"utf-8"`, or such as `"cp1252"` or `"latin-1"`.

    Returns:
        The examples, in the order of the source.

    Raises:
        DataError: when the file, a column or a row cannot be used; the message names file and line, or row.
        TypeError: when the source is none of these, or a text is no text; the message names the row.
        ConfigError: when `missing` or `on_error` is neither of the two, columns are asked of a list of texts, or `encoding` is
            unknown or given for something else than a text file.

    Example:
        >>> read_examples([{"text": "hello", "label": "greeting"}], labels="label").labels
        {'label': ['greeting']}
    """
    bad = BadRows(on_error)
    rows = open_rows(source, text=text, text_pair=text_pair, labels=labels, encoding=encoding)
    check = _check_some_label(rows.labels) if on_error == "skip" and rows.labels else None
    examples = collect_examples(rows, bad, text=text, text_pair=text_pair, missing=missing, check=check)
    if bad.count:
        warnings.warn(f"{rows.source}: {bad.describe()}.", KerasbertWarning, stacklevel=3)
    return examples


def open_rows(
    source: Any,
    *,
    text: str = "text",
    text_pair: str | None = None,
    labels: str | Sequence[str] | None = None,
    encoding: str = UTF_8,
) -> RowSource:
    """The rows of a source, to be read by `collect_examples`.

    Args:
        source: see `read_examples`.
        text: see `read_examples`.
        text_pair: see `read_examples`.
        labels: see `read_examples`.
        encoding: see `read_examples`.

    Returns:
        The rows.

    Raises:
        DataError: when the file cannot be opened or a frame lacks a column.
        TypeError: when the source is none that can be read.
        ConfigError: when columns are asked of a list of texts, or `encoding` cannot be followed.
    """
    if check_encoding(encoding) != UTF_8 and not isinstance(source, (str, os.PathLike)):
        raise ConfigError(f"`encoding` goes with text files; got {encoding!r} with a {type(source).__name__}.")
    columns = _column_names(labels)
    if _is_pair(source):
        name = columns[0] if columns else LABEL_COLUMN
        table = _read_pair(source, text, name, columns)
        return RowSource(table.rows(), [name], table.source)
    wanted = list(dict.fromkeys([text, *([text_pair] if text_pair else []), *columns]))
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        check_file(path)
        file = source_of(path, encoding)
        return RowSource(stream_rows(file, wanted, text), columns, file.path, unit_of(file))
    table = _read_list(list(source), text, wanted) if _is_list(source) else read_frame(source, wanted)
    return RowSource(table.rows(), columns, table.source)


def collect_examples(
    rows: RowSource,
    bad: BadRows,
    *,
    text: str = "text",
    text_pair: str | None = None,
    missing: str = "error",
    check: RowCheck | None = None,
) -> Examples:
    """Read rows into memory.

    Args:
        rows: from `open_rows`.
        bad: what is done with a row that cannot be used.
        text: column of the texts.
        text_pair: column of second texts.
        missing: see `read_examples`.
        check: what else a row is asked; None: nothing.

    Returns:
        The examples of the rows that can be used.

    Raises:
        DataError: when a row cannot be used and the policy is to stop, or the texts are too large for memory.
        TypeError: when a text is no text and the policy is to stop.
        ConfigError: when `missing` is out of its range.
    """
    check_choice("missing", missing, MISSING)
    columns = [text, *([text_pair] if text_pair else [])]
    texts: list[list[str]] = [[] for _ in columns]
    labels: dict[str, list[Any]] = {name: [] for name in rows.labels}
    numbers_of_rows: list[int] = []
    size = 0
    for number, cells in rows.rows:
        try:
            own = [_text(cells, column, missing, rows, number) for column in columns]
            if check is not None:
                check(cells, rows.place(number))
        except (DataError, TypeError) as error:
            bad.add(rows.place(number), error)
            continue
        size += len(own[0])
        if size > LARGEST_FILE:
            raise DataError(f"{rows.source} has texts of more than {LARGEST_FILE} characters. Split the file.")
        for kept, one in zip(texts, own, strict=True):
            kept.append(one)
        for name, kept_cells in labels.items():
            kept_cells.append(cells[name])
        numbers_of_rows.append(number)
    return Examples(
        texts[0],
        texts[1] if text_pair else None,
        {name: LabelCells(cells, rows.source, numbers_of_rows, rows.unit, name) for name, cells in labels.items()},
        rows.source,
        numbers_of_rows,
    )


def _check_some_label(columns: Sequence[str]) -> RowCheck:
    """A check that refuses a row without any label."""

    def check(cells: Mapping[str, Any], place: str) -> None:
        if all(is_missing(cells[name]) or _is_blank(cells[name]) for name in columns):
            raise DataError(f"{place}: the label is missing; fill it or leave the row out.")

    return check


def _column_names(labels: Any) -> list[str]:
    names = [labels] if isinstance(labels, str) else list(labels or ())
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"`labels` must be a column name or several; got {shorten(name)} of {type(name).__name__}.")
    return names


def _read_list(rows: list, text: str, wanted: list[str]) -> Table:
    if any(isinstance(row, Mapping) for row in rows):
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, Mapping):
                raise DataError(f"the given rows, row {number}: must be a dict as the others are; got {shorten(row)}.")
        return Table(table_of_rows(rows, wanted, "the given rows"), "the given rows")
    if len(wanted) > 1:
        if rows:
            raise ConfigError(
                f"A list of texts has no column {wanted[1]!r}; give a list of dicts, or a pair (texts, labels)."
            )
        return Table({name: [] for name in wanted}, "the given texts")
    return Table({text: rows}, "the given texts")


def _read_pair(pair: tuple, text: str, name: str, columns: list[str]) -> Table:
    texts, labels = check_texts("texts", pair[0]), list(label_column(pair[1]).cells)
    if len(columns) > 1:
        raise ConfigError(f"The labels of a pair (texts, labels) are one column; got {len(columns)} names in `labels`.")
    if len(texts) != len(labels):
        raise DataError(
            f"A pair (texts, labels) must have one label for each text; got {len(texts)} and {len(labels)}."
        )
    return Table({text: texts, name: labels}, "the given texts")


def _is_list(source: Any) -> bool:
    return isinstance(source, (Sequence, np.ndarray)) and not isinstance(source, (bytes, bytearray, memoryview))


def _is_pair(source: Any) -> bool:
    """Whether it is `(texts, labels)`: a tuple of two columns, which a tuple of two texts is not."""
    if not isinstance(source, tuple) or len(source) != 2:
        return False
    return all(hasattr(part, "__len__") and not isinstance(part, (str, bytes, Mapping)) for part in source)


def _text(cells: Any, column: str, missing: str, rows: RowSource, number: int) -> str:
    if isinstance(cells, DataError):
        raise cells
    if isinstance(cells, TokenRow) and column not in cells:
        raise DataError("holds token ids in place of a text, which `prepare` reads (--stream of `train`).")
    cell = cells[column]
    # The place is written out only when a message needs it.
    return cell if type(cell) is str and cell.isascii() else check_text(cell, column, rows.place(number), missing)


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
        half = half_surrogate(cell)
        if half is not None:
            raise DataError(
                f"{place}: {column!r} holds half of a surrogate pair at character {half}; decode the text again."
            )
        return str(cell)
    if is_missing(cell):
        if missing == "empty":
            return ""
        raise DataError(f"{place}: {column!r} is missing; fill it, or pass missing='empty' to read it as ''.")
    raise TypeError(f"{place}: {column!r} must be a text; got {shorten(cell)} of type {type(cell).__name__}.")


def _is_blank(cell: Any) -> bool:
    return isinstance(cell, str) and not cell.strip()
