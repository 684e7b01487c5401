"""The rows of JSON files that hold one array of objects, of which a piece is held in memory."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.reading._files import LONGEST, LOST, Lines, LostError, SourceFile, check_start, open_bytes
from kerasbert.reading._jsonl import (
    AmbiguousError,
    cells_of_objects,
    checked_object,
    keys_of,
    refuse,
    unique,
    whole_rows,
    with_cells,
)
from kerasbert.reading._table import Row

PIECE = 2**20
SPACE = " \t\n\r"
STRICT = json.JSONDecoder(object_pairs_hook=unique, parse_constant=refuse)
# Finds where a value ends that the strict one refuses.
LENIENT = json.JSONDecoder()


def holds_array(file: SourceFile) -> bool:
    """Whether a JSON file begins with an array, by its first character that is no space."""
    try:
        with open_bytes(file) as stream:
            start: bytes = stream.read(4096)
            return start[check_start(file, start) :].lstrip()[:1] == b"["
    except (OSError, EOFError, zlib.error):
        # Told by whoever reads the file.
        return False


def array_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a file, counted from 1; a key that an object lacks is a missing cell."""
    return cells_of_objects(_objects(file), wanted, text, file.path)


def array_columns(file: SourceFile, lines: Lines) -> list[str]:
    """The keys of all objects of a file that can be used."""
    return keys_of(_objects(file))


def write_array(file: SourceFile, lines: Lines, target: Path, column: str, cells: Sequence[str | None]) -> None:
    """Write a file with a column added; see `copy_with_column`."""
    written = with_cells(list(whole_rows(_objects(file), file.path, "row")), column, cells, file)
    target.write_text("[\n" + ",\n".join(written) + "\n]\n", encoding=file.options.encoding, newline="")


def _objects(file: SourceFile) -> Iterator[Row]:
    number = 1
    text = _Window(_pieces(file))
    try:
        text.take("[")
        while not (number == 1 and text.next_mark() == "]"):
            yield number, text.value()
            number += 1
            if text.next_mark() != ",":
                break
            text.take(",")
        text.take("]")
        if text.next_mark():
            raise LostError(f"the file goes on behind its array; {LOST}.")
    except LostError as error:
        yield number, error


def _pieces(file: SourceFile) -> Iterator[str]:
    """The text of a file, piece by piece; a fault of the file is a `LostError`."""
    encoding = file.options.encoding
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_bytes(file) as stream:
            stream.read(check_start(file, stream.peek(4)[:4]))
            while piece := stream.read(PIECE):
                yield decoder.decode(piece)
            yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise LostError(
            f"is not {encoding} ({error.reason}); name the encoding that the file has: encoding='cp1252' (--encoding cp1252)."
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LostError(f"{file.path} is cut or no gzip file ({shorten(str(error))}); {LOST}.") from error


class _Window:
    """A piece of a text, from the place at which it is read on."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self.pieces = pieces
        self.held = ""
        self.place = 0

    def next_mark(self) -> str:
        """The next character that is no space, which is not passed over; empty at the end."""
        while True:
            while self.place < len(self.held) and self.held[self.place] in SPACE:
                self.place += 1
            if self.place < len(self.held):
                return self.held[self.place]
            if not self._more():
                return ""

    def take(self, mark: str) -> None:
        """Pass over a mark, which must come."""
        found = self.next_mark()
        if found != mark:
            got = shorten(found) if found else "its end"
            raise LostError(f"not valid JSON: {mark!r} must come here; got {got}. {LOST.capitalize()}.")
        self.place += 1

    def value(self) -> Any:
        """The next value; a `DataError` where it cannot be used as a row."""
        self.next_mark()
        while True:
            try:
                value, end = self._decoded()
            except RecursionError:
                raise LostError(f"nested too deep; {LOST}.") from None
            except ValueError as error:
                if len(self.held) - self.place <= LONGEST and self._grow():
                    continue
                words = error.msg if isinstance(error, json.JSONDecodeError) else "a number has too many digits"
                raise LostError(f"not valid JSON ({words}), or cut; {LOST}.") from error
            if not isinstance(value, (dict, DataError)) and end == len(self.held) and self._more():
                continue  # a number may go on
            self.place = end
            return value if isinstance(value, DataError) else checked_object(value)

    def _decoded(self) -> tuple[Any, int]:
        """The next value and where it ends; raises a `ValueError` where it is not held as a whole."""
        try:
            return STRICT.raw_decode(self.held, self.place)
        except AmbiguousError as error:
            return DataError(f"{error}."), LENIENT.raw_decode(self.held, self.place)[1]

    def _grow(self) -> bool:
        """Hold twice as much of what is not read yet; False at the end of the text."""
        wanted = 2 * (len(self.held) - self.place)
        grown = self._more()
        while grown and len(self.held) < wanted and self._more():
            pass
        return grown

    def _more(self) -> bool:
        piece = next(self.pieces, None)
        if piece is None:
            return False
        self.held = self.held[self.place :] + piece
        self.place = 0
        return True
