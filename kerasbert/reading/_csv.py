"""The rows of CSV and TSV files, read strictly: what Python's reader would swallow is refused with its line."""

import collections
import contextlib
import csv
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import half_surrogate, shorten
from kerasbert._core.errors import DataError, KerasbertWarning
from kerasbert.reading._files import LONGEST, OTHER_ENCODING, Lines, LostError, SourceFile
from kerasbert.reading._table import Cells, Row, check_columns, check_number

TAB = "\t"
# What may separate cells, in words.
SEPARATORS = {",": "commas", ";": "semicolons", TAB: "tabs", "|": "bars"}
SAVE_AS = {",": "name it .csv", TAB: "name it .tsv"}
HEADER_HINT = " The first line is read as the header; where it is data already, put a line of column names before it."


def csv_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a file with a header line; quoted cells may hold line ends, and every cell stays text."""
    delimiter = _delimiter(file)
    rows = delimited_rows(text_lines(lines), delimiter)
    _, header = next(rows, (1, []))
    header = _decoded(header, "the header") if isinstance(header, list) else header
    if isinstance(header, DataError):
        raise DataError(f"{file.path}, line 1: {header}")
    _check_header(wanted, header, file.path, delimiter)
    places = [(name, header.index(name)) for name in wanted]
    swallowing = _Swallowing(file.path)
    for line, row in rows:
        if isinstance(row, DataError):
            yield line, row
        elif len(row) != len(header):
            yield line, DataError(f"has {len(row)} cells where the header has {len(header)}.")
        else:
            if delimiter == TAB:
                swallowing.look_at(line, row)
            cells = {name: row[place] for name, place in places}
            broken = next((name for name, cell in cells.items() if half_surrogate(cell) is not None), None)
            yield line, cells if broken is None else _decoded([cells[broken]], repr(broken))
    swallowing.warn()


def csv_columns(file: SourceFile, lines: Lines) -> list[str]:
    """The names in the header of a file."""
    return next(_whole_rows(file, lines), [])


def write_csv(file: SourceFile, lines: Lines, target: Path, columns: Mapping[str, Cells]) -> None:
    """Write a file with columns added or replaced; see `copy_with_columns`."""
    header, *rows = _whole_rows(file, lines)
    for cells in columns.values():
        check_number(file.path, len(rows), cells)
    new = [name for name in columns if name not in header]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=_delimiter(file), lineterminator="\n")
    writer.writerow([*header, *new])
    for number, row in enumerate(rows):
        kept = [columns[name][number] if name in columns else cell for name, cell in zip(header, row, strict=True)]
        writer.writerow([*kept, *[columns[name][number] for name in new]])
    target.write_text(stream.getvalue(), encoding="utf-8", newline="")


def _whole_rows(file: SourceFile, lines: Lines) -> Iterator[list[str]]:
    for line, row in delimited_rows(text_lines(lines), _delimiter(file)):
        if isinstance(row, DataError):
            raise DataError(f"{file.path}, line {line}: {row}")
        yield row


def _delimiter(file: SourceFile) -> str:
    return TAB if file.suffix == ".tsv" else ","


def text_lines(lines: Lines) -> Iterator[Any]:
    """Lines with their ends as text, in which bytes that are no UTF-8 stand as half surrogates."""
    for line in lines:
        if isinstance(line, DataError):
            yield line
        elif b"\0" in line:
            yield DataError("holds a NUL byte; is it a text file, and UTF-8?")
        else:
            yield line.decode("utf-8", "surrogateescape")


def delimited_rows(lines: Iterable[Any], delimiter: str) -> Iterator[tuple[int, Any]]:
    """Rows of any width; after a bad one it goes on with the line behind that on which the row began."""
    source = _Lines(iter(lines))
    while True:
        try:
            yield from _rows_to_a_bad_one(source, delimiter)
            return
        except (csv.Error, DataError) as error:
            yield source.start, _csv_error(error)
            if isinstance(error, LostError):
                return
            source.give_back()


def _rows_to_a_bad_one(source: "_Lines", delimiter: str) -> Iterator[tuple[int, list[str]]]:
    with _field_limit():
        for row in csv.reader(source, delimiter=delimiter, strict=True):
            start = source.begin_row()
            if row:
                yield start, row


class _Lines:
    """Lines for the CSV reader; those of the current row are kept, so that they can be read again."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self.lines = lines
        self.used: list[Any] = []
        self.pending: collections.deque[Any] = collections.deque()
        #: Line on which the row at hand starts.
        self.start = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line: str | DataError = self.pending.popleft() if self.pending else next(self.lines)
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


class _Swallowing:
    """Rows of a TSV file whose quoted cells hold a tab or a line end: a quote that was meant as text swallows rows so."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0
        self.first = ""

    def look_at(self, line: int, row: Sequence[str]) -> None:
        """Note a row that starts at a line, if one of its cells holds what ends a cell or a row elsewhere."""
        cells = [cell for cell in row if TAB in cell or "\n" in cell]
        if cells:
            self.count += 1
            last = line + sum(cell.count("\n") for cell in cells)
            self.first = self.first or (f"line {line}" if last == line else f"lines {line} to {last}")

    def warn(self) -> None:
        """Tell of them, once for the file."""
        if self.count:
            warnings.warn(
                f"{self.path}: {self.count} rows have a tab or a line end inside a quoted cell, the first in {self.first}. "
                f"Where quotes are plain characters in this file, such a row has swallowed others: quote each cell with a "
                f"quote in it and double that quote, or write the file as .jsonl.",
                KerasbertWarning,
                stacklevel=2,
            )


def _check_header(wanted: Sequence[str], header: Sequence[str], path: str, delimiter: str) -> None:
    try:
        check_columns(wanted, header, path)
    except DataError as error:
        words = str(error)
        if "has no column" not in words or "Did you mean" in words:
            raise
        raise DataError(words + _header_hint(header, delimiter)) from None


def _header_hint(header: Sequence[str], delimiter: str) -> str:
    """The likely reason why a column is missing, and the way out."""
    others = [mark for mark in SEPARATORS if len(header) == 1 and mark != delimiter and mark in header[0]]
    if not others:
        return HEADER_HINT
    way_out = SAVE_AS.get(others[0], f"save it with {SEPARATORS[delimiter]} as delimiter")
    return f" Its cells look separated by {SEPARATORS[others[0]]}, not by {SEPARATORS[delimiter]}; {way_out}."


def _decoded(cells: list[str], words: str) -> Any:
    """The cells, or a `DataError` for bytes that are no UTF-8, which the line reader kept as half surrogates."""
    for character in "".join(cells):
        if "\udc80" <= character <= "\udcff":
            return DataError(f"{words} is not UTF-8 at byte 0x{ord(character) - 0xDC00:02x}; {OTHER_ENCODING}.")
    return cells


def _csv_error(error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    words = str(error)
    if "new-line character" in words:
        return DataError(
            "holds a carriage return alone (\\r) outside quotes, which ends no line; save the file with \\n or \\r\\n as line "
            "ends."
        )
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
