"""One function that reads labelled texts from a file, a frame, a data set or plain lists."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import check_choice, shorten, suggestion
from kerasbert._core.errors import DataError
from kerasbert.data._files import FILE_READERS, Table, check_file
from kerasbert.data._frames import table_of
from kerasbert.data.examples import Examples


def read_examples(
    source: Any,
    *,
    text: str = "text",
    text_pair: str | None = None,
    labels: str | Sequence[str] | None = None,
    missing: str = "error",
) -> Examples:
    """Read texts and their label cells.

    Args:
        source: path of a .csv, .tsv, .jsonl or .parquet file; a pandas or polars frame, a pyarrow table or anything else
            that narwhals takes; a Hugging Face `datasets.Dataset`; a list of dicts; or a list of texts.
        text: column of the texts.
        text_pair: column of second texts.
        labels: label column or columns; None reads none.
        missing: what a missing text is: `"error"`, or `"empty"` for an empty text.

    Returns:
        The examples, in the order of the source.

    Raises:
        DataError: when the file or a row cannot be used; the message names file and line.
        TypeError: when a text is no text; the message names the row.
        ConfigError: when `missing` is neither of the two.

    Example:
        >>> read_examples([{"text": "hello", "label": "greeting"}], labels="label").labels
        {'label': ['greeting']}
    """
    check_choice("missing", missing, ("error", "empty"))
    table = _read_table(source, text)
    columns = [labels] if isinstance(labels, str) else list(labels or ())
    pairs = None if text_pair is None else _texts(table, text_pair, missing)
    return Examples(
        _texts(table, text, missing),
        pairs,
        {name: _column(table, name) for name in columns},
        table.source,
        table.lines[0] if table.lines else 1,
    )


def _read_table(source: Any, text: str) -> Table:
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        check_file(path)
        reader = FILE_READERS.get(path.suffix.lower())
        if reader is None:
            accepted = ", ".join(sorted(FILE_READERS))
            raise DataError(f"{str(path)!r} must end in one of {accepted}; got {path.suffix!r}.")
        return reader(path)
    if isinstance(source, Sequence) and not isinstance(source, (bytes, bytearray)):
        return _table_of_list(list(source), text)
    return table_of(source)


def _table_of_list(rows: list, text: str) -> Table:
    lines = list(range(1, len(rows) + 1))
    if not rows or not isinstance(rows[0], Mapping):
        return Table({text: rows}, lines, "the given texts")
    columns: dict[str, list] = {name: [] for name in rows[0]}
    for line, row in zip(lines, rows, strict=True):
        if not isinstance(row, Mapping) or set(row) != set(columns):
            raise DataError(f"The given rows, row {line}: must have the keys {', '.join(columns)}; got {shorten(row)}.")
        for name, value in row.items():
            columns[name].append(value)
    return Table(columns, lines, "the given rows")


def _column(table: Table, name: str) -> list:
    if name not in table.columns:
        found = ", ".join(map(repr, table.columns)) or "none"
        raise DataError(f"{table.source} has no column {name!r}; it has {found}.{suggestion(name, table.columns)}")
    return table.columns[name]


def _texts(table: Table, column: str, missing: str) -> list[str]:
    cells = _column(table, column)
    return [_text(cell, missing, table, line, column) for cell, line in zip(cells, table.lines, strict=True)]


def _text(cell: Any, missing: str, table: Table, line: int, column: str) -> str:
    if isinstance(cell, str):
        try:
            cell.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(
                f"{table.source}, row {line}: {column!r} holds half of a surrogate pair at character {error.start}; "
                f"decode the text again."
            ) from error
        return cell
    if cell is None or cell != cell:
        if missing == "empty":
            return ""
        raise DataError(
            f"{table.source}, row {line}: {column!r} is missing; fill it, or pass missing='empty' to read it as ''."
        )
    raise TypeError(
        f"{table.source}, row {line}: {column!r} must be a text; got {shorten(cell)} of type {type(cell).__name__}."
    )
