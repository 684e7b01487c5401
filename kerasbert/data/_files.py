"""Readers of files, each giving columns and the line that every row came from."""

import csv
import io
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError

LONGEST_CELL = 256 * 1024 * 1024


class Table(NamedTuple):
    """Columns of cells, the line or row of each, and where they came from."""

    columns: dict[str, list]
    lines: list[int]
    source: str


def check_file(path: Path) -> None:
    """Refuse what is no regular file with content.

    Raises:
        DataError: when the path is missing, a folder, a device, unreadable or empty.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DataError(f"{str(path)!r} does not exist.") from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{str(path)!r} is a folder; give a data file.")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{str(path)!r} is not a regular file; give a data file.")
    if status.st_size == 0:
        raise DataError(f"{str(path)!r} is empty (0 bytes).")


def read_csv(path: Path, delimiter: str = ",") -> Table:
    """Read a CSV file with a header line; quoted fields may hold newlines.

    Raises:
        DataError: when it is not UTF-8, holds a NUL byte, has no header, a row of another width, or an open quote.
    """
    text = _decode(path)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{str(path)!r} line {line}: holds a NUL byte; is it a text file?")
    csv.field_size_limit(LONGEST_CELL)
    rows = _csv_rows(path, text, delimiter)
    _, header = next(rows, (1, []))
    if not header or len(set(header)) < len(header):
        raise DataError(f"{str(path)!r} line 1: must be a header of distinct column names; got {shorten(header)}.")
    columns: dict[str, list] = {name: [] for name in header}
    lines = []
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{str(path)!r} line {line}: has {len(row)} cells where the header has {len(header)}.")
        lines.append(line)
        for name, cell in zip(header, row, strict=True):
            columns[name].append(cell)
    return Table(columns, lines, repr(str(path)))


def read_tsv(path: Path) -> Table:
    """Read a tab-separated file; see `read_csv`."""
    return read_csv(path, delimiter="\t")


def read_jsonl(path: Path) -> Table:
    """Read a file of one JSON object a line; blank lines are skipped, a missing key is a missing cell.

    Raises:
        DataError: when it is not UTF-8, or a line is no JSON object or is ambiguous.
    """
    text = _decode(path)
    if text.lstrip()[:1] == "[":
        raise DataError(f"{str(path)!r} holds one JSON array; write one object a line (JSON Lines).")
    rows, lines = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            rows.append(_json_row(path, number, line))
            lines.append(number)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return Table({name: [row.get(name) for row in rows] for name in names}, lines, repr(str(path)))


def read_parquet(path: Path) -> Table:
    """Read a Parquet file.

    Raises:
        DataError: when it is cut or no Parquet file, or pyarrow is missing.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(f"{str(path)!r}: reading Parquet needs pyarrow; pip install 'kerasbert[parquet]'.") from error
    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{str(path)!r} is not a readable Parquet file: {shorten(str(error))}") from error
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return Table(columns, list(range(1, table.num_rows + 1)), repr(str(path)))


FILE_READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".parquet": read_parquet,
    ".tsv": read_tsv,
}


def _decode(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{str(path)!r} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error


def _csv_rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"{str(path)!r} line {start}: {error}; is a quote left open?") from error
        if row:
            yield start, row
        start = reader.line_num + 1


def _json_row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or (str(error) if isinstance(error, _Ambiguous) else type(error).__name__)
        raise DataError(f"{str(path)!r} line {number}: not a JSON object ({reason}).") from error
    if not isinstance(row, dict):
        raise DataError(f"{str(path)!r} line {number}: must be a JSON object; got {shorten(row)}.")
    return row


class _Ambiguous(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise _Ambiguous("a key appears twice")
    return row


def _refuse(constant: str) -> None:
    raise _Ambiguous(f"{constant} is not a JSON number")
