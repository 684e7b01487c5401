"""The rows of CSV and TSV files, read strictly: what Python's reader would swallow is refused with its line."""

import collections
import contextlib
import csv
import io
import itertools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import half_surrogate, shorten
from kerasbert._core.errors import DataError, KerasbertWarning
from kerasbert.reading._files import LONGEST, OTHER_ENCODING, Lines, LostError, SourceFile
from kerasbert.reading._table import Row, check_columns, check_number
from kerasbert.reading.read_options import DELIMITERS, NO_QUOTES, TAB, delimiter_in_words, delimiter_option

# Where a wanted column is missing: what the first line may be.
HEADER_HINT = (
    " The first line is read as the header; where it is data already, pass header=False (--no-header), and name columns by "
    "their numbers, from 1."
)
NUMBERS_HINT = " Without a header, columns are named by their numbers, from 1."
PLAIN_QUOTES = "or where quotes are plain characters pass quoting='none' (--quoting none)"


def csv_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a file; quoted cells may hold line ends, and every cell stays text."""
    names, rows = _opened(file, lines)
    _check_header(file, wanted, names)
    places = [(name, names.index(name)) for name in wanted]
    widest = "header" if file.options.header else "first row"
    swallowing = _Swallowing(file)
    for line, row in rows:
        if isinstance(row, DataError):
            yield line, row
        elif len(row) != len(names):
            yield line, DataError(f"has {len(row)} cells where the {widest} has {len(names)}.")
        else:
            swallowing.look_at(line, row)
            cells = {name: row[place] for name, place in places}
            broken = next((name for name, cell in cells.items() if half_surrogate(cell) is not None), None)
            yield line, cells if broken is None else _decoded([cells[broken]], repr(broken))
    swallowing.warn()


def csv_columns(file: SourceFile, lines: Lines) -> list[str]:
    """The names in the header of a file, or the numbers of its columns."""
    return _opened(file, lines)[0]


def write_csv(file: SourceFile, lines: Lines, target: Path, column: str, cells: Sequence[str | None]) -> None:
    """Write a file with a column added; see `copy_with_column`."""
    kept = list(_whole_rows(file, lines))
    header = [[*kept.pop(0), column]] if file.options.header else []
    check_number(file.path, len(kept), cells)
    stream = io.StringIO(newline="")
    # Without a character for quotes, one in a cell would have to be escaped.
    quotes: dict[str, Any] = {"quoting": csv.QUOTE_NONE, "quotechar": None} if _quotes_are_plain(file) else {}
    writer = csv.writer(stream, delimiter=delimiter_of(file), lineterminator="\n", **quotes)
    try:
        writer.writerows([*header, *([*row, cell or ""] for row, cell in zip(kept, cells, strict=True))])
    except csv.Error as error:
        raise DataError(
            f"{file.path}: a new cell holds what separates cells or rows, which quotes that are plain characters cannot "
            f"keep apart. Write the file with other quotes, or as .jsonl."
        ) from error
    target.write_text(stream.getvalue(), encoding=file.options.encoding, newline="")


def delimiter_of(file: SourceFile) -> str:
    """What separates the cells of a file."""
    return file.options.delimiter or (TAB if file.suffix == ".tsv" else ",")


def _whole_rows(file: SourceFile, lines: Lines) -> Iterator[list[str]]:
    for line, row in _all_rows(file, lines):
        if isinstance(row, DataError):
            raise DataError(f"{file.path}, line {line}: {row}")
        yield row


def _all_rows(file: SourceFile, lines: Lines) -> Iterator[tuple[int, Any]]:
    return delimited_rows(text_lines(lines), delimiter_of(file), plain_quotes=_quotes_are_plain(file))


def _quotes_are_plain(file: SourceFile) -> bool:
    return file.options.quoting == NO_QUOTES


def _opened(file: SourceFile, lines: Lines) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    """The names of the columns, and the rows of data."""
    rows = _all_rows(file, lines)
    if not file.options.header:
        return _numbered(rows)
    _, header = next(rows, (1, []))
    header = _decoded(header, "the header") if isinstance(header, list) else header
    if isinstance(header, DataError):
        raise DataError(f"{file.path}, line 1: {header}")
    return header, rows


def _numbered(rows: Iterator[tuple[int, Any]]) -> tuple[list[str], Iterator[tuple[int, Any]]]:
    """The numbers of the columns, as many as the first good row has, and all rows."""
    first: list[tuple[int, Any]] = []
    for line, row in rows:
        first.append((line, row))
        if not isinstance(row, DataError):
            return [str(number) for number in range(1, len(row) + 1)], itertools.chain(first, rows)
    return [], iter(first)


def text_lines(lines: Lines) -> Iterator[Any]:
    """Lines with their ends as text, in which bytes that are no UTF-8 stand as half surrogates."""
    for line in lines:
        if isinstance(line, DataError):
            yield line
        elif b"\0" in line:
            yield DataError("holds a NUL byte; is it a text file, and UTF-8?")
        else:
            yield line.decode("utf-8", "surrogateescape")


def delimited_rows(lines: Iterable[Any], delimiter: str, *, plain_quotes: bool = False) -> Iterator[tuple[int, Any]]:
    """Rows of any width; after a bad one it goes on with the line behind that on which the row began."""
    source = _Lines(iter(lines))
    quoting = csv.QUOTE_NONE if plain_quotes else csv.QUOTE_MINIMAL
    while True:
        try:
            yield from _rows_to_a_bad_one(source, delimiter, quoting)
            return
        except (csv.Error, DataError) as error:
            yield source.start, _csv_error(error)
            if isinstance(error, LostError):
                return
            source.give_back()


def _rows_to_a_bad_one(source: "_Lines", delimiter: str, quoting: Any) -> Iterator[tuple[int, list[str]]]:
    with _field_limit():
        for row in csv.reader(source, delimiter=delimiter, quoting=quoting, strict=True):
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
    """Rows between tabs whose quoted cells hold a tab or a line end: a quote that was meant as text swallows rows so."""

    def __init__(self, file: SourceFile) -> None:
        self.path = file.path
        self.applies = delimiter_of(file) == TAB
        self.count = 0
        self.first = ""

    def look_at(self, line: int, row: Sequence[str]) -> None:
        """Note a row that starts at a line, if one of its cells holds what ends a cell or a row elsewhere."""
        cells = [cell for cell in row if TAB in cell or "\n" in cell] if self.applies else []
        if cells:
            self.count += 1
            last = line + sum(cell.count("\n") for cell in cells)
            self.first = self.first or (f"line {line}" if last == line else f"lines {line} to {last}")

    def warn(self) -> None:
        """Tell of them, once for the file."""
        if self.count:
            warnings.warn(
                f"{self.path}: {self.count} rows have a tab or a line end inside a quoted cell, the first in {self.first}. "
                f"Where quotes are plain characters in this file, such a row has swallowed others: pass quoting='none' "
                f"(--quoting none).",
                KerasbertWarning,
                stacklevel=2,
            )


def _check_header(file: SourceFile, wanted: Sequence[str], names: Sequence[str]) -> None:
    try:
        check_columns(wanted, names, file.path)
    except DataError as error:
        words, near_miss, _ = str(error).partition(" Did you mean")
        hint = _delimiter_hint(file, names)
        if "has no column" not in words or (near_miss and not hint):
            raise
        raise DataError(words + (hint or (HEADER_HINT if file.options.header else NUMBERS_HINT))) from None


def _delimiter_hint(file: SourceFile, names: Sequence[str]) -> str:
    """That the cells of the first line look separated by something else, and the way out; empty where they do not."""
    own = delimiter_of(file)
    others = [mark for mark in DELIMITERS if len(names) == 1 and mark != own and mark in names[0]]
    if not others:
        return ""
    found, separated = delimiter_in_words(others[0]), delimiter_in_words(own)
    return f" Its cells look separated by {found}, not by {separated}; pass {delimiter_option(others[0])}."


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
        return DataError(
            f"a quote is opened and never closed; write a quote inside a quoted cell twice, {PLAIN_QUOTES}."
        )
    return DataError(f"{shorten(words)}; write a quote inside a quoted cell twice, {PLAIN_QUOTES}.")


@contextlib.contextmanager
def _field_limit() -> Iterator[None]:
    # The limit is the interpreter's, for all readers: it is put back.
    limit = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
