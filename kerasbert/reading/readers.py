"""Labelled texts from a file, a frame, a data set or plain lists: rows one after the other, or collected in memory.

Whoever reads texts iterates over `usable_rows`: `read_examples` collects them, a token cache is written from them.
"""

import dataclasses
import gzip
import itertools
import os
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, check_texts, half_surrogate, shorten
from kerasbert._core.errors import ConfigError, DataError, KerasbertWarning
from kerasbert._core.options import filled, takes_options
from kerasbert.labels.cells import LabelCells, label_column
from kerasbert.labels.names import is_missing
from kerasbert.reading._files import (
    LARGEST_FILE,
    LONGEST,
    LOST,
    Lines,
    LostError,
    SourceFile,
    StandardInput,
    carriage_hint,
    check_file,
    check_start,
    open_bytes,
)
from kerasbert.reading._frames import read_frame
from kerasbert.reading._table import Row, Table, table_of_rows
from kerasbert.reading._tfrecord import TokenRow
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.examples import Examples
from kerasbert.reading.formats import format_of, taken_in_words
from kerasbert.reading.read_options import DEFAULTS, UTF_8, ReadOptions
from kerasbert.reading.sources import source_of

MISSING = ("empty", "error")
# The column of a pair (texts, labels), where none is named.
LABEL_COLUMN = "label"

# Reads the labels of a row from its cells, its place and its source; raises a `DataError` when they cannot be used.
ReadLabels = Callable[[Mapping[str, Any], str, str], Any]
# Refuses the token ids that a row holds in place of a text; the second argument is its place.
CheckIds = Callable[[np.ndarray, str], None]


class FileError(DataError):
    """A file that cannot be used as a whole."""


class TextColumns(NamedTuple):
    """Where the texts of a row stand, and what a missing one is: `"error"`, or `"empty"` for an empty text."""

    text: str = "text"
    pair: str | None = None
    missing: str = "error"

    @property
    def names(self) -> list[str]:
        """The column, or both."""
        return [self.text, *([self.pair] if self.pair else [])]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowOptions:
    """How the texts of sources are read.

    Args:
        text_column: column of the texts.
        text_pair_column: column of second texts.
        missing: what a missing text is: `"error"`, or `"empty"` for an empty text.
        on_error: what becomes of a row that cannot be used, because it is malformed or its text or all its labels are
            missing: `"stop"`, or `"skip"`, which leaves it out and tells how many there were.
    """

    text_column: str = "text"
    text_pair_column: str | None = None
    missing: str = "error"
    on_error: str = "stop"

    @property
    def columns(self) -> "TextColumns":
        """Where the texts stand."""
        return TextColumns(self.text_column, self.text_pair_column, check_choice("missing", self.missing, MISSING))


class RowSource(NamedTuple):
    """The rows of a source, as they are read; `unit`, `"line"` or `"row"`, is what their numbers count."""

    rows: Iterator[Row]
    label_columns: list[str]
    source: str
    unit: str = "row"


class UsableRow(NamedTuple):
    """A row whose text and labels can be used; `texts` is None where token ids stand for them."""

    number: int
    texts: list[str] | None
    cells: Mapping[str, Any]
    labels: Any


@takes_options(RowOptions, ReadOptions)
def read_examples(source: Any, *, label_columns: str | Sequence[str] | None = None, **options: Any) -> Examples:
    """Read texts and their label cells.

    Only the named columns are read. Cells stay what they are: those of a CSV file are text, also where they look like
    numbers or formulas; `kerasbert.labels.encode` makes arrays of them. Ids of a `datasets.ClassLabel` come as its names, -1
    as None.

    Args:
        source: path of a .csv, .tsv, .jsonl (.ndjson), .json, .xlsx, .parquet or .tfrecord file, all but Parquet and Excel
            also as .gz; a pandas or polars frame, a pyarrow table or anything else that narwhals takes; a Hugging Face
            `datasets.Dataset`; a list of dicts; a pair `(texts, labels)`; or a list of texts.
        label_columns: label column or columns; None reads none. Of a pair: the name that its labels get, or `"label"`.
        **options: those of `RowOptions` and `ReadOptions`.

    Returns:
        The examples, in the order of the source.

    Raises:
        DataError: when the file, a column or a row cannot be used; the message names file and line, or row.
        TypeError: when the source is none of these, or a text is no text; the message names the row.
        ConfigError: when an option is out of its range, columns are asked of a list of texts, or an option of files is given
            for something that cannot follow it.

    Example:
        >>> read_examples([{"text": "hello", "label": "greeting"}], label_columns="label").labels
        {'label': ['greeting']}
    """
    asked = filled(RowOptions, None, options)
    bad, columns = BadRows(asked.on_error), asked.columns
    rows = open_rows(source, columns, _column_names(label_columns), filled(ReadOptions, None, options))
    read_labels = _some_label(rows.label_columns) if asked.on_error == "skip" and rows.label_columns else None
    examples = collect_examples(rows, bad, columns, read_labels)
    if bad.count:
        warnings.warn(f"{rows.source}: {bad.describe()}.", KerasbertWarning, stacklevel=3)
    return examples


def open_rows(
    source: Any, columns: TextColumns, label_columns: Sequence[str] = (), options: ReadOptions = DEFAULTS
) -> RowSource:
    """Open the rows of a source, for `usable_rows`."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        check_file(path)
        return open_file(source_of(path, options), columns, label_columns)
    for name, value in options.changed().items():
        raise ConfigError(f"`{name}` goes with data files; got {value!r} with a {type(source).__name__}.")
    if _is_pair(source):
        name = label_columns[0] if label_columns else LABEL_COLUMN
        table = _read_pair(source, columns.text, name, label_columns)
        return RowSource(table.rows(), [name], table.source)
    wanted = list(dict.fromkeys([*columns.names, *label_columns]))
    table = _read_list(list(source), columns.text, wanted) if _is_list(source) else read_frame(source, wanted)
    return RowSource(table.rows(), list(label_columns), table.source)


def open_file(file: SourceFile, columns: TextColumns, label_columns: Sequence[str] = ()) -> RowSource:
    """Open the rows of a data file of any size; see `open_rows`."""
    wanted = list(dict.fromkeys([*columns.names, *label_columns]))
    rows = stream_rows(file, wanted, columns.text)
    return RowSource(rows, list(label_columns), file.path, format_of(file).unit)


def stream_rows(
    file: SourceFile, wanted: Sequence[str], text_column: str = "text", lines: Lines | None = None, **passing: int
) -> Iterator[Row]:
    """Iterate over the rows of a file of any size; a row, or a batch of a column, is held in memory.

    Args:
        lines: those of the file; None reads them.
        **passing: `skip`, rows to pass over, where the format takes it.
    """
    if file.size == 0 and not isinstance(file, StandardInput):
        raise FileError(f"{file.path} is empty (0 bytes); remove it.")
    lines = byte_lines(file) if lines is None else lines
    try:
        yield from format_of(file).rows(file, lines, list(wanted), text_column, **passing)
    except DataError as error:
        raise FileError(str(error)) from error


def columns_of(file: SourceFile) -> list[str]:
    """The names of the columns of a file.

    Raises:
        DataError: when its format has no columns.
    """
    copying = format_of(file).copying
    if copying is None:
        raise DataError(
            f"{file.path} has no columns that can be kept; give a .csv, .tsv, .jsonl, .json, .xlsx or .parquet."
        )
    return copying.columns(file, byte_lines(file))


def byte_lines(file: SourceFile, opened: Callable[[Any], None] = lambda stream: None) -> Iterator[Any]:
    """The lines of a file with their ends, as bytes; a fault of the file comes as a `LostError` in its place.

    Args:
        opened: called with the stream of bytes once it is open.
    """
    encoding = file.options.encoding
    try:
        with open_bytes(file) as stream:
            opened(stream)
            stream.read(check_start(file, stream.peek(4)[:4]))
            while line := stream.readline(LONGEST + 1):
                if len(line) > LONGEST and not line.endswith(b"\n"):
                    yield LostError(f"is longer than {LONGEST} bytes; {LOST}.{carriage_hint(line)}")
                    return
                yield line if encoding == UTF_8 else _as_utf_8(line, encoding)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield LostError(f"{file.path} is cut or no gzip file ({shorten(str(error))}); {LOST}.")
    except OSError as error:
        raise DataError(f"{file.path} cannot be read: {error.strerror or error}.") from error


def _as_utf_8(line: bytes, encoding: str) -> Any:
    """A line of another encoding, as UTF-8; what is wrong where it is not of that encoding."""
    try:
        return line.decode(encoding).encode(UTF_8)
    except UnicodeDecodeError as error:
        return DataError(f"is not {encoding} at its byte {error.start}; name the encoding that the file has.")


def usable_rows(
    rows: RowSource,
    bad: BadRows,
    columns: TextColumns,
    read_labels: ReadLabels | None = None,
    check_ids: CheckIds | None = None,
) -> Iterator[UsableRow]:
    """Iterate over the rows that can be used.

    Args:
        read_labels: reads the labels of a row; None: they are left as they are.
        check_ids: checks token ids that stand for a text; None: they are refused.
    """
    for number, cells in rows.rows:
        place = f"{rows.source}, {rows.unit} {number}"
        try:
            texts = row_texts(cells, columns, place, check_ids)
            labels = None if read_labels is None else read_labels(cells, place, rows.source)
        except (DataError, TypeError) as error:
            bad.add(place, error)
            continue
        yield UsableRow(number, texts, cells, labels)


def collect_examples(
    rows: RowSource, bad: BadRows, columns: TextColumns, read_labels: ReadLabels | None = None
) -> Examples:
    """Read rows into memory; `read_labels` refuses those whose labels cannot be used."""
    check_choice("missing", columns.missing, MISSING)
    texts: list[list[str]] = [[] for _ in columns.names]
    labels: dict[str, list[Any]] = {name: [] for name in rows.label_columns}
    numbers: list[int] = []
    size = 0
    for row in usable_rows(rows, bad, columns, read_labels):
        own = row.texts or []
        size += len(own[0])
        if size > LARGEST_FILE:
            raise DataError(f"{rows.source} has texts of more than {LARGEST_FILE} characters. Split the file.")
        for collected, one in zip(texts, own, strict=True):
            collected.append(one)
        for name, cells in labels.items():
            cells.append(row.cells[name])
        numbers.append(row.number)
    return Examples(
        texts[0],
        texts[1] if columns.pair else None,
        {name: LabelCells(cells, rows.source, numbers, rows.unit, name) for name, cells in labels.items()},
        rows.source,
        numbers,
    )


@dataclasses.dataclass(frozen=True)
class ExampleReader:
    """Reads files of the same columns into memory.

    Args:
        columns: of the texts.
        label_columns: whose cells are read.
        on_error: what becomes of unusable rows, see `read_examples`; None: nothing can be chosen, they are refused.
        read_labels: refuses rows whose labels cannot be used; None: all are kept.
        options: of files.
        tell: called with what is not said by the name of a file, and with what was left out of it, in words.
    """

    columns: TextColumns
    label_columns: Sequence[str]
    on_error: str | None
    read_labels: ReadLabels | None
    options: ReadOptions
    tell: Callable[[str], None]

    def read(self, path: Path | str) -> Examples:
        """Read a file."""
        bad = BadRows("stop", hint="") if self.on_error is None else BadRows(self.on_error)
        check_file(Path(path))
        rows = open_file(self._source(path), self.columns, self.label_columns)
        examples = collect_examples(rows, bad, self.columns, self.read_labels)
        if bad.count:
            self.tell(f"{path}: {bad.describe()}.")
        return examples

    def read_pieces(self, path: Path | str, size: int) -> Iterator[Examples]:
        """Read a file of any size, some rows at a time."""
        bad = BadRows("stop", hint="") if self.on_error is None else BadRows(self.on_error)
        check_file(Path(path), largest=None)
        rows = open_file(self._source(path), self.columns, self.label_columns)
        while piece := list(itertools.islice(rows.rows, size)):
            yield collect_examples(rows._replace(rows=iter(piece)), bad, self.columns, self.read_labels)
        if bad.count:
            self.tell(f"{path}: {bad.describe()}.")

    def _source(self, path: Path | str) -> SourceFile:
        """A file; what its name does not say of it is told."""
        file = source_of(Path(path), self.options)
        if words := taken_in_words(file):
            self.tell(f"{path} is read {words}.")
        return file


def _some_label(columns: Sequence[str]) -> ReadLabels:
    """A check that refuses a row without any label."""

    def check(cells: Mapping[str, Any], place: str, source: str) -> None:
        if all(is_missing(cells[name]) or _is_blank(cells[name]) for name in columns):
            raise DataError(f"{place}: the label is missing; fill it or leave the row out.")

    return check


def _column_names(labels: Any) -> list[str]:
    names = [labels] if isinstance(labels, str) else list(labels or ())
    for name in names:
        if not isinstance(name, str):
            raise TypeError(
                f"`label_columns` must be a column name or several; got {shorten(name)} of {type(name).__name__}."
            )
    return names


def _read_list(rows: list[Any], text: str, wanted: list[str]) -> Table:
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


def _read_pair(pair: tuple[Any, Any], text: str, name: str, columns: Sequence[str]) -> Table:
    texts, labels = check_texts("texts", pair[0]), list(label_column(pair[1]).cells)
    if len(columns) > 1:
        raise ConfigError(
            f"The labels of a pair (texts, labels) are one column; got {len(columns)} names in `label_columns`."
        )
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


def row_texts(cells: Any, columns: TextColumns, place: str, check_ids: CheckIds | None = None) -> list[str] | None:
    """The text of a row, or two; None where token ids stand for them.

    Raises:
        DataError: when the row cannot be used.
        TypeError: when its text is no text.
    """
    if isinstance(cells, DataError):
        raise cells
    if isinstance(cells, TokenRow):
        if check_ids is None:
            raise DataError("holds token ids in place of a text, which `prepare` reads (--stream of `train`).")
        check_ids(cells["input_ids"], place)
        return None
    return [check_text(cells[column], column, place, columns.missing) for column in columns.names]


def check_text(cell: Any, column: str, place: str, missing: str) -> str:
    """The text of a cell; `missing` is a choice of `MISSING`."""
    if type(cell) is str and cell.isascii():
        return cell
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
