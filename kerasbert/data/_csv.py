"""CSV and TSV files, read strictly: what Python's reader would swallow is refused with its line."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.data._files import read_text
from kerasbert.data._table import Table, check_columns

LONGEST_CELL = 2**31 - 1


def read_csv(path: Path, wanted: Sequence[str], *, delimiter: str = ",") -> Table:
    """Read a CSV file with a header line; quoted cells may hold newlines, and every cell stays text.

    Args:
        path: of the file.
        wanted: columns to read.
        delimiter: between two cells.

    Returns:
        The columns, with the line on which each row starts.

    Raises:
        DataError: when it is not UTF-8, holds a NUL byte, lacks a column, or has a row of another width or an open
            quote.
    """
    text = read_text(path)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: holds a NUL byte; is it a text file?")
    rows = _rows(path, text, delimiter)
    _, header = next(rows, (1, []))
    check_columns(wanted, header, str(path))
    places = {name: header.index(name) for name in wanted}
    columns: dict[str, list] = {name: [] for name in wanted}
    lines = []
    for line, row in rows:
        if len(row) != len(header):
            raise DataError(f"{path}, line {line}: has {len(row)} cells where the header has {len(header)}.")
        lines.append(line)
        for name, place in places.items():
            columns[name].append(row[place])
    return Table(columns, lines, str(path), "line")


def read_tsv(path: Path, wanted: Sequence[str]) -> Table:
    """Read a tab-separated file as `read_csv` does.

    Args:
        path: of the file.
        wanted: columns to read.

    Returns:
        The columns, with the line on which each row starts.
    """
    return read_csv(path, wanted, delimiter="\t")


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row starts, and its cells; blank lines are skipped."""
    # The limit is the interpreter's, for all readers: it is put back.
    limit = csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        while True:
            row = next(reader, None)
            if row is None:
                return
            if row:
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        reason = "a quote is opened and never closed" if "unexpected end" in str(error) else shorten(str(error))
        raise DataError(f"{path}, line {start}: {reason}; write a quote inside a quoted cell twice.") from error
    finally:
        csv.field_size_limit(limit)
