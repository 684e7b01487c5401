"""The rows of JSON Lines files, read strictly: one object a line, and nothing that two readers could understand differently."""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert._core.json_files import repeated_key
from kerasbert.reading._files import OTHER_ENCODING, Lines, SourceFile, carriage_hint
from kerasbert.reading._table import Row, check_columns, check_number
from kerasbert.reading.read_options import UTF_8

# Rows among which the text's key must come once, and keys that a message can list.
FIRST_ROWS = 1000
MOST_KEYS = 1000


def jsonl_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a file of one JSON object a line; blank lines are passed over, a key that a line lacks is a missing cell."""
    return cells_of_objects(_rows(file, lines), wanted, text, file.path)


def cells_of_objects(rows: Iterator[Row], wanted: Sequence[str], text: str, source: str) -> Iterator[Row]:
    """The wanted cells of rows that are JSON objects; the text column must be in the first thousand, unless it is empty."""
    keys: dict[str, None] = {}
    first = _first_rows(rows, wanted, keys)
    if keys:
        check_columns(wanted if len(first) < FIRST_ROWS else [text] if text else [], keys, source)
    for number, row in itertools.chain(first, rows):
        if isinstance(row, DataError):
            yield number, row
        else:
            _note_keys(row, wanted, keys)
            yield number, {name: row.get(name) for name in wanted}
    if keys:
        check_columns(wanted, keys, source)


def jsonl_columns(file: SourceFile, lines: Lines) -> list[str]:
    """The keys of all lines of a file that can be used."""
    return keys_of(_rows(file, lines))


def keys_of(rows: Iterable[Row]) -> list[str]:
    """All keys of the rows that can be used, in the order in which they come."""
    return list(dict.fromkeys(name for _, row in rows if isinstance(row, dict) for name in row))


def write_jsonl(file: SourceFile, lines: Lines, target: Path, column: str, cells: Sequence[str | None]) -> None:
    """Write a file with a column added; see `copy_with_column`."""
    written = with_cells(list(whole_rows(_rows(file, lines), file.path)), column, cells, file)
    target.write_text("".join(f"{line}\n" for line in written), encoding=file.options.encoding, newline="")


def whole_rows(rows: Iterator[Row], source: str, unit: str = "line") -> Iterator[dict[str, Any]]:
    """Rows that are JSON objects, of which none may be unusable."""
    for number, row in rows:
        if isinstance(row, DataError):
            raise DataError(f"{source}, {unit} {number}: {row}")
        yield row


def with_cells(
    rows: Sequence[Mapping[str, Any]], column: str, cells: Sequence[str | None], file: SourceFile
) -> Iterator[str]:
    """Rows with a cell added to each, as JSON that the encoding of their file holds."""
    check_number(file.path, len(rows), cells)
    plain = file.options.encoding != UTF_8
    return (json.dumps({**row, column: cell}, ensure_ascii=plain) for row, cell in zip(rows, cells, strict=True))


def _first_rows(rows: Iterator[Row], wanted: Sequence[str], keys: dict[str, None]) -> list[Row]:
    """The rows up to the one by which every wanted key came, or the first thousand; their keys are noted."""
    first: list[Row] = []
    for number, row in itertools.islice(rows, FIRST_ROWS):
        first.append((number, row))
        if isinstance(row, dict):
            _note_keys(row, wanted, keys)
        if keys.keys() >= set(wanted):
            break
    return first


def _note_keys(row: dict[str, Any], wanted: Sequence[str], keys: dict[str, None]) -> None:
    """Note which keys there are: of the wanted ones all, of the others as many as a message can use."""
    if len(keys) < MOST_KEYS:
        keys.update(dict.fromkeys(row))
    else:
        keys.update(dict.fromkeys(name for name in wanted if name in row))


def _rows(file: SourceFile, lines: Lines) -> Iterator[Row]:
    is_first = True
    for number, line in enumerate(lines, start=1):
        if isinstance(line, DataError):
            yield number, line
        elif line.strip():
            if is_first and line.lstrip()[:1] == b"[":
                raise DataError(
                    f"{file.path} starts with '[', a JSON array; name it .json, or write one object a line (JSON Lines)."
                )
            is_first = False
            yield number, _row(line)


def _row(line: bytes) -> Any:
    try:
        row = json.loads(line.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
    except UnicodeDecodeError as error:
        return DataError(f"is not UTF-8 at its byte {error.start}; {OTHER_ENCODING}.")
    except json.JSONDecodeError as error:
        words = f"not valid JSON ({error.msg} at column {error.colno}); write one whole object a line."
        return DataError(words + carriage_hint(line))
    except RecursionError:
        return DataError("nested too deep.")
    except ValueError as error:
        return DataError(f"{error if isinstance(error, AmbiguousError) else 'a number has too many digits'}.")
    return checked_object(row)


def checked_object(row: Any) -> Any:
    """A row; a `DataError` where it is no object."""
    return row if isinstance(row, dict) else DataError(f"must be a JSON object; got {shorten(row)}.")


class AmbiguousError(ValueError):
    """Two readers could understand it differently."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which no key appears twice."""
    row = dict(pairs)
    if len(row) < len(pairs):
        raise AmbiguousError(f"the key {shorten(repeated_key(pairs))} appears twice")
    return row


def refuse(constant: str) -> None:
    """Refuse NaN and infinities, which Python would read."""
    raise AmbiguousError(f"{constant} is not a JSON number")
