"""The rows of a data file of any size, one after the other: what is held in memory is a row, or a batch of a column.

A row that cannot be used comes as a `DataError` in its place, so that whoever reads decides whether to stop.
"""

import collections
import contextlib
import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert._core.names import INPUT_IDS, TOKEN_TYPE_IDS
from kerasbert.data._jsonl import _row as json_row
from kerasbert.data._parquet import _not_text
from kerasbert.data._table import check_columns
from kerasbert.data.sources import SourceFile

# Longest line and cell: what goes beyond it is a file that is cut in no lines, or a quote that is never closed.
LONGEST = 16 * 1024**2
PARQUET_ROWS = 4096
LOST = "the rest of the file cannot be read"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")

# The number of a line or row, from 1, and its wanted cells, the token ids that it holds ready, or what is wrong with it.
Row = tuple[int, Any]


class FileError(DataError):
    """A file that cannot be used as a whole."""


class TokenRow(dict):
    """The cells of a row whose text is given as token ids, under `input_ids` and perhaps `token_type_ids`."""


def stream_rows(file: SourceFile, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """Read a file row by row.

    Args:
        file: to read.
        wanted: columns to read.
        text: the column among them for which a TFRecord file may hold token ids instead.

    Yields:
        The number of a line or row, and a dict of its wanted cells; a `TokenRow` where token ids stand for the text; or
        the `DataError` that says what is wrong with it.

    Raises:
        FileError: when the whole file cannot be used: it lacks a column, is empty or of another kind.
    """
    if file.size == 0:
        raise FileError(f"{file.path} is empty (0 bytes); remove it.")
    try:
        yield from STREAMS[file.format](file, list(wanted), text)
    except DataError as error:
        raise FileError(str(error)) from error


def unit_of(file: SourceFile) -> str:
    """What the numbers of its rows count, `"line"` or `"row"`."""
    return "row" if file.format in ("parquet", "tfrecord") else "line"


def _stream_csv(file: SourceFile, wanted: list[str], text: str) -> Iterator[Row]:
    delimiter = "\t" if file.format == "tsv" else ","
    rows = _csv_rows(_text_lines(file), delimiter)
    header: Any = next(rows, (1, []))[1]
    if isinstance(header, DataError):
        raise DataError(f"{file.path}, line 1: {header}")
    check_columns(wanted, header, file.path)
    places = {name: header.index(name) for name in wanted}
    for line, row in rows:
        if isinstance(row, DataError):
            yield line, row
        elif len(row) != len(header):
            yield line, DataError(f"has {len(row)} cells where the header has {len(header)}.")
        else:
            yield line, _decoded({name: row[place] for name, place in places.items()})


def _decoded(cells: dict[str, str]) -> Any:
    """The cells, or what is wrong when bytes were no UTF-8: the reader of lines let them through as half surrogates."""
    for name, cell in cells.items():
        broken = [character for character in cell if "\udc80" <= character <= "\udcff"]
        if broken:
            byte = ord(broken[0]) - 0xDC00
            return DataError(f"{name!r} is not UTF-8 at byte 0x{byte:02x}; save the file as UTF-8.")
    return cells


def _csv_rows(lines: Iterator[Any], delimiter: str) -> Iterator[Row]:
    """Rows with the line each starts on. After a bad row it goes on with the line behind that on which the row began."""
    source = _Lines(lines)
    while True:
        try:
            with _field_limit():
                for row in csv.reader(source, delimiter=delimiter, strict=True):
                    start = source.begin_row()
                    if row:
                        yield start, row
                return
        except (csv.Error, DataError) as error:
            yield source.start, _csv_error(error)
            if isinstance(error, _LostError):
                return
            source.give_back()


class _Lines:
    """Lines for the CSV reader, which remembers those of the row at hand, so that they can be read otherwise."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self.lines = lines
        self.used: list[Any] = []
        self.pending: collections.deque[Any] = collections.deque()
        #: Line on which the row at hand starts.
        self.start = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.pending.popleft() if self.pending else next(self.lines)
        self.used.append(line)
        if isinstance(line, DataError):
            raise line
        return line

    def begin_row(self) -> int:
        """Go on to the next row; the line on which the one just read started."""
        start = self.start
        self.start += len(self.used)
        self.used.clear()
        return start

    def give_back(self) -> None:
        """Read again what was read for a bad row, but for its first line."""
        self.pending.extendleft(reversed(self.used[1:]))
        self.used.clear()
        self.start += 1


def _csv_error(error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    words = str(error)
    if "unexpected end" in words or "larger than field limit" in words:
        return DataError("a quote is opened and never closed; write a quote inside a quoted cell twice.")
    return DataError(f"{shorten(words)}; write a quote inside a quoted cell twice.")


@contextlib.contextmanager
def _field_limit() -> Iterator[None]:
    # The limit is the interpreter's, for all readers: it is put back.
    limit = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


class _LostError(DataError):
    """After this one nothing of the file can be read."""


def _text_lines(file: SourceFile) -> Iterator[Any]:
    """Lines with their ends; bytes that are no UTF-8 come as half surrogates, other faults as a `DataError`."""
    try:
        with _open(file) as stream:
            _refuse_utf_16(file, stream)
            lines = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
            first = True
            while line := lines.readline(LONGEST + 1):
                line, first = line.removeprefix("\ufeff") if first else line, False
                if len(line) > LONGEST:
                    yield _LostError(f"is longer than {LONGEST} characters; {LOST}.")
                    return
                yield DataError("holds a NUL byte; is it a text file?") if "\0" in line else line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield _LostError(f"{file.path} is cut or no gzip file ({shorten(str(error))}); {LOST}.")


def _stream_jsonl(file: SourceFile, wanted: list[str], text: str) -> Iterator[Row]:
    unseen = set(wanted)
    for number, row in _json_rows(file):
        if isinstance(row, DataError):
            yield number, row
            continue
        if len(unseen) == len(wanted):  # the first row that can be read
            check_columns([text], row, file.path)
        unseen -= row.keys()
        yield number, {name: row.get(name) for name in wanted}
    if unseen and len(unseen) < len(wanted):
        raise DataError(f"{file.path} has the key {min(unseen)!r} in none of its lines.")


def _json_rows(file: SourceFile) -> Iterator[Row]:
    for number, line in enumerate(_byte_lines(file), start=1):
        if isinstance(line, DataError):
            yield number, line
        elif line.strip():
            yield number, _json_row(line, first=number == 1)


def _json_row(line: bytes, *, first: bool) -> Any:
    try:
        decoded = line.decode("utf-8")
        if first:
            decoded = decoded.removeprefix("\ufeff")
            if decoded.lstrip()[:1] == "[":
                return DataError("a JSON array; write one object a line (JSON Lines) instead.")
        # What is wrong is said by the strict reader; its place is put in front by whoever reads.
        return json_row("", decoded)
    except UnicodeDecodeError as error:
        return DataError(f"is not UTF-8 at its byte {error.start}; save the file as UTF-8.")
    except DataError as error:
        return DataError(str(error).removeprefix(": "))


def _byte_lines(file: SourceFile) -> Iterator[Any]:
    try:
        with _open(file) as stream:
            _refuse_utf_16(file, stream)
            while line := stream.readline(LONGEST + 1):
                if len(line) > LONGEST and not line.endswith(b"\n"):
                    yield _LostError(f"is longer than {LONGEST} bytes; {LOST}.")
                    return
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield _LostError(f"{file.path} is cut or no gzip file ({shorten(str(error))}); {LOST}.")


def _open(file: SourceFile) -> Any:
    try:
        return gzip.open(file.path, "rb") if file.is_compressed else open(file.path, "rb")
    except OSError as error:
        raise DataError(f"{file.path} cannot be read: {error.strerror}.") from error


def _refuse_utf_16(file: SourceFile, stream: Any) -> None:
    if stream.peek(2)[:2] in UTF_16:
        raise DataError(f"{file.path} is UTF-16, not UTF-8; save it as UTF-8.")


def _stream_parquet(file: SourceFile, wanted: list[str], text: str) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(f"{file.path}: reading Parquet needs pyarrow; pip install 'kerasbert[parquet]'.") from error
    number = 1
    try:
        with pyarrow.parquet.ParquetFile(file.path) as parquet:
            check_columns(wanted, parquet.schema_arrow.names, file.path)
            for batch in parquet.iter_batches(batch_size=PARQUET_ROWS, columns=wanted):
                bad = _not_text(batch).get(text)
                if bad:
                    raise DataError(f"{file.path}: {text!r} must be a column of texts; it is stored as {bad}.")
                columns = [_parquet_cells(batch.column(name)) for name in wanted]
                for cells in zip(*columns, strict=True):
                    broken = [cell for cell in cells if isinstance(cell, DataError)]
                    yield number, broken[0] if broken else dict(zip(wanted, cells, strict=True))
                    number += 1
    except (pyarrow.ArrowException, OSError) as error:
        words = f"{file.path} is not a readable Parquet file ({shorten(str(error))}); copy it again."
        raise DataError(words) from error


def _parquet_cells(column: Any) -> list:
    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        return [_parquet_cell(cell) for cell in column]


def _parquet_cell(cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        return DataError(f"a cell is not UTF-8 at its byte {error.start}; write the file again.")


def _stream_tfrecord(file: SourceFile, wanted: list[str], text: str) -> Iterator[Row]:
    import tensorflow as tf

    kind = "GZIP" if file.is_compressed else ""
    number = 0
    try:
        for serialized in tf.data.TFRecordDataset(file.path, compression_type=kind).as_numpy_iterator():
            number += 1
            yield number, _example_row(serialized, wanted, text)
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        words = f"{file.path} is cut, changed or no TFRecord file ({shorten(str(error.message))}); {LOST}."
        yield number + 1, _LostError(words)


def _example_row(serialized: bytes, wanted: list[str], text: str) -> Any:
    import tensorflow as tf

    try:
        features = tf.train.Example.FromString(serialized).features.feature
    except Exception:  # protobuf's own error class depends on its build
        return DataError("is no tf.train.Example.")
    cells = {name: _feature(features[name]) for name in wanted if name in features}
    broken = [cell for cell in cells.values() if isinstance(cell, DataError)]
    if broken:
        return broken[0]
    if text in cells:
        return {name: cells.get(name) for name in wanted}
    ids = features[INPUT_IDS].int64_list.value if INPUT_IDS in features else ()
    if not len(ids):
        listed = ", ".join(map(repr, sorted(features))) or "none"
        return DataError(f"has neither the feature {text!r} nor int64 {INPUT_IDS!r}; it has {listed}.")
    types = features[TOKEN_TYPE_IDS].int64_list.value if TOKEN_TYPE_IDS in features else ()
    return TokenRow(
        {name: cells.get(name) for name in wanted if name != text},
        input_ids=np.array(ids, dtype=np.int64),
        token_type_ids=np.array(types or [0] * len(ids), dtype=np.int64),
    )


def _feature(feature: Any) -> Any:
    """One value where there is one, else a list; bytes as text."""
    kind = feature.WhichOneof("kind")
    values = [] if kind is None else list(getattr(feature, kind).value)
    try:
        values = [value.decode("utf-8") if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError as error:
        return DataError(f"a feature is not UTF-8 at its byte {error.start}.")
    return values[0] if len(values) == 1 else values


STREAMS: dict[str, Callable[[SourceFile, list[str], str], Iterator[Row]]] = {
    "csv": _stream_csv,
    "jsonl": _stream_jsonl,
    "parquet": _stream_parquet,
    "tfrecord": _stream_tfrecord,
    "tsv": _stream_csv,
}
