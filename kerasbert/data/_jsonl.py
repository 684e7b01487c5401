"""JSON Lines files, read strictly: one object a line, and nothing that two readers could understand differently."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.data._files import read_text
from kerasbert.data._table import Table, table_of_rows


def read_jsonl(path: Path, wanted: Sequence[str]) -> Table:
    """Read a file of one JSON object a line; blank lines are skipped, a key that a line lacks is a missing cell.

    Args:
        path: of the file.
        wanted: columns to read.

    Returns:
        The columns, with the line of each row.

    Raises:
        DataError: when it is not UTF-8, no line has a wanted key, or a line is cut, no object, or ambiguous (a key
            twice, NaN, a number of thousands of digits).
    """
    text = read_text(path)
    if text.lstrip()[:1] == "[":
        raise DataError(f"{path} starts with '[', a JSON array; write one object a line (JSON Lines) instead.")
    rows, lines = [], []
    # Only line feeds end a line: splitlines would also split at U+2028 inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            rows.append(_row(f"{path}, line {number}", line))
            lines.append(number)
    return Table(table_of_rows(rows, wanted, str(path)), lines, str(path), "line")


def _row(place: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=_unique, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{place}: not valid JSON ({error.msg} at column {error.colno}); write one whole object a line."
        ) from error
    except RecursionError as error:
        raise DataError(f"{place}: nested too deep.") from error
    except ValueError as error:
        reason = str(error) if isinstance(error, _AmbiguousError) else "a number has too many digits"
        raise DataError(f"{place}: {reason}.") from error
    if not isinstance(row, dict):
        raise DataError(f"{place}: must be a JSON object; got {shorten(row)}.")
    return row


class _AmbiguousError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise _AmbiguousError(f"the key {shorten(twice)} appears twice")
    return row


def _refuse(constant: str) -> None:
    raise _AmbiguousError(f"{constant} is not a JSON number")
