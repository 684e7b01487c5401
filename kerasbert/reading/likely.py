"""What a data file is likely to need: options of reading, and the columns of texts and labels.

Nothing is read by guesses: `inspect_data` tells what is likely, and the options that say it.
"""

import codecs
import dataclasses
import itertools
import statistics
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.errors import DataError
from kerasbert.labels.names import is_number
from kerasbert.reading._csv import csv_rows, delimited_rows, delimiter_of, text_lines
from kerasbert.reading._files import SourceFile, check_file, check_start, open_bytes
from kerasbert.reading.formats import FORMATS
from kerasbert.reading.read_options import DEFAULTS, DELIMITERS, NO_QUOTES, UTF_8, ReadOptions
from kerasbert.reading.readers import byte_lines
from kerasbert.reading.sources import source_of

FIRST_LINES = 200
FIRST_ROWS = 1000
PIECE = 2**20
# Tried in this order on bytes that are not UTF-8; every byte is a character of the last one.
ENCODINGS = ("cp1252", "latin-1")
TEXT_COLUMNS = ("text",)
LABEL_COLUMNS = ("label", "labels")
# What columns of labels are called elsewhere.
LABEL_NAMES = ("class", "category", "target", "sentiment", "intent", "topic", "tag", "tags", "y", "accept", "choice")
MOST_LABELS = 200


class LikelyOptions(NamedTuple):
    """Options with which a file can be read; `likely` names those that were not given."""

    options: ReadOptions
    likely: tuple[str, ...]


def likely_options(path: Path, given: ReadOptions = DEFAULTS) -> LikelyOptions:
    """The options that were given, and in place of their defaults what the content of a file makes likely."""
    check_file(path)
    file, found = source_of(path, given), []
    follows = FORMATS[file.suffix].follows
    for name, likely in LIKELY.items():
        if name in follows and name not in given.changed():
            value = likely(file)
            if value != getattr(file.options, name):
                file = dataclasses.replace(file, options=dataclasses.replace(file.options, **{name: value}))
                found.append(name)
    return LikelyOptions(file.options, tuple(found))


def _likely_encoding(file: SourceFile) -> str:
    return next((name for name in (UTF_8, *ENCODINGS) if _is_encoding(file, name)), UTF_8)


def _is_encoding(file: SourceFile, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_bytes(file) as stream:
            check_start(file, stream.peek(4)[:4])
            while piece := stream.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except (OSError, EOFError):
        return True  # told by the reader
    return True


def _likely_delimiter(file: SourceFile) -> str | None:
    """What divides the first lines into the same number of cells; what the name says where that does, too."""
    own = delimiter_of(file)
    widths = {mark: _width(file, mark) for mark in (own, *(mark for mark in DELIMITERS if mark != own))}
    best = max(widths, key=lambda mark: widths[mark])
    return file.options.delimiter if widths[own] > 1 or widths[best] < 2 else best


def _width(file: SourceFile, delimiter: str) -> int:
    """Cells of each of the first rows, 0 where they differ."""
    lines = itertools.islice(byte_lines(file), FIRST_LINES)
    plain = file.options.quoting == NO_QUOTES
    rows = [row for _, row in delimited_rows(text_lines(lines), delimiter, plain_quotes=plain)]
    # The last one may be cut.
    whole = [len(row) for row in rows[: FIRST_LINES - 1] if not isinstance(row, DataError)]
    return whole[0] if len(set(whole)) == 1 else 0


def _likely_quoting(file: SourceFile) -> str:
    """Plain quotes, where with them every row has as many cells as the first and otherwise one has not."""
    own = file.options.quoting
    if file.suffix == ".xlsx" or not _num_faults(file):
        return own
    plain = dataclasses.replace(file, options=dataclasses.replace(file.options, quoting=NO_QUOTES))
    return own if _num_faults(plain) else NO_QUOTES


def _num_faults(file: SourceFile) -> int:
    """Rows that cannot be used, or have swallowed others."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            return sum(isinstance(row, DataError) for _, row in csv_rows(file, byte_lines(file), [])) + len(told)
        except DataError:
            return 1


def _likely_header(file: SourceFile) -> bool:
    """Whether the first row names the columns: none of its cells is a number, or comes again below it."""
    if file.suffix == ".xlsx":
        return True
    rows = _first_rows(file)
    first = next(rows, [])
    if any(cell in (*TEXT_COLUMNS, *LABEL_COLUMNS) for cell in first):
        return True
    if any(is_number(cell) for cell in first):
        return False
    return not any(cell.strip() and cell == other for row in rows for cell, other in zip(first, row, strict=False))


def _first_rows(file: SourceFile) -> Iterator[list[str]]:
    lines = itertools.islice(byte_lines(file), FIRST_ROWS)
    plain = file.options.quoting == NO_QUOTES
    rows = delimited_rows(text_lines(lines), delimiter_of(file), plain_quotes=plain)
    return (row for _, row in rows if not isinstance(row, DataError))


# In the order in which they depend on each other.
LIKELY: dict[str, Callable[[SourceFile], Any]] = {
    "encoding": _likely_encoding,
    "delimiter": _likely_delimiter,
    "quoting": _likely_quoting,
    "header": _likely_header,
}


def likely_text_column(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The column called `text`, else the one of the longest texts; None where no column holds texts."""
    known = [name for name in TEXT_COLUMNS if name in columns]
    if known:
        return known[0]
    lengths = {name: _mean_length([row.get(name) for row in rows]) for name in columns}
    best = max(lengths, key=lambda name: lengths[name], default=None)
    return best if best is not None and lengths[best] > 0 else None


def _mean_length(cells: Sequence[Any]) -> float:
    """The mean number of characters; 0 where a cell is no text."""
    filled = [cell for cell in cells if cell is not None]
    is_text = filled and all(isinstance(cell, str) for cell in filled)
    return statistics.fmean(len(cell) for cell in filled) if is_text else 0.0


def likely_label_columns(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The column called `label` or `labels`, else all that could hold labels, of which one may be called like it."""
    known = [name for name in LABEL_COLUMNS if name in columns]
    if known:
        return known[:1]
    possible = [name for name in columns if _holds_labels([row.get(name) for row in rows])]
    named = [name for name in possible if name.lower() in LABEL_NAMES]
    return named if len(named) == 1 else possible


def _holds_labels(cells: Sequence[Any]) -> bool:
    """Whether cells are few different names or numbers, each of which comes again."""
    parts = [part for cell in cells for part in (cell if isinstance(cell, list) else [cell]) if part is not None]
    if not all(isinstance(part, (str, int, bool)) for part in parts):
        return False
    different = {str(part) for part in parts if str(part).strip()}
    return 2 <= len(different) <= min(MOST_LABELS, max(len(parts) // 2, 2))


def holds_several(cells: Sequence[Any]) -> bool:
    """Whether a cell holds a list of labels."""
    return any(isinstance(cell, (list, tuple)) or _is_printed_list(cell) for cell in cells)


def _is_printed_list(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip()[:1] == "[" and cell.strip()[-1:] == "]"
