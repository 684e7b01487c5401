"""Writes a data file again with one more column."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kerasbert._core.errors import DataError
from kerasbert.reading._csv import delimited_rows
from kerasbert.reading._files import check_file, read_text
from kerasbert.reading._lines import text_lines
from kerasbert.reading.sources import source_of


def copy_with_column(source: Path, target: Path, column: str, cells: Sequence[str | None]) -> None:
    """Write the rows of a file with a column added; everything else stays as it is.

    Args:
        source: a .csv, .tsv, .jsonl or .parquet file.
        target: file to write, in the same format.
        column: name of the new column.
        cells: n cells, one for each row; None is null, in CSV an empty cell.

    Raises:
        DataError: when the file is of another kind, has the column already or another number of rows.
    """
    check_column_is_new(source, column)
    WRITERS[source.suffix.lower()](source, target, column, cells)


def check_column_is_new(source: Path, column: str) -> None:
    """Refuse, before any work is done, a file to which the column cannot be added.

    Args:
        source: see `copy_with_column`.
        column: name of the new column.

    Raises:
        DataError: when the file is of another kind or has the column already.
    """
    check_file(source)
    suffix = source.suffix.lower()
    if suffix not in COLUMNS:
        raise DataError(f"{source} must end in one of {', '.join(sorted(COLUMNS))}; got {source.suffix!r}.")
    if column in COLUMNS[suffix](source):
        raise DataError(f"{source} has a column {column!r} already; choose another name with --column.")


def _csv_columns(source: Path) -> list[str]:
    return next(_csv_rows(source), [])


def _csv_rows(source: Path) -> Iterator[list[str]]:
    for line, row in delimited_rows(text_lines(source_of(source)), _delimiter(source)):
        if isinstance(row, DataError):
            raise DataError(f"{source}, line {line}: {row}")
        yield row


def _jsonl_rows(source: Path) -> list[dict]:
    return [json.loads(line) for line in read_text(source).split("\n") if line.strip()]


def _jsonl_columns(source: Path) -> list[str]:
    return list(dict.fromkeys(name for row in _jsonl_rows(source) for name in row))


def _parquet_columns(source: Path) -> list[str]:
    from pyarrow import parquet

    return parquet.read_schema(source).names


def _write_csv(source: Path, target: Path, column: str, cells: Sequence[str | None]) -> None:
    header, *rows = _csv_rows(source)
    _check_number(source, len(rows), cells)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=_delimiter(source), lineterminator="\n")
    writer.writerow([*header, column])
    writer.writerows([*row, cell or ""] for row, cell in zip(rows, cells, strict=True))
    target.write_text(stream.getvalue(), encoding="utf-8", newline="")


def _write_jsonl(source: Path, target: Path, column: str, cells: Sequence[str | None]) -> None:
    rows = _jsonl_rows(source)
    _check_number(source, len(rows), cells)
    lines = [json.dumps({**row, column: cell}, ensure_ascii=False) for row, cell in zip(rows, cells, strict=True)]
    target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def _write_parquet(source: Path, target: Path, column: str, cells: Sequence[str | None]) -> None:
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(source)
    _check_number(source, len(table), cells)
    parquet.write_table(table.append_column(column, pyarrow.array(cells, pyarrow.string())), target)


def _check_number(source: Path, rows: int, cells: Sequence[str | None]) -> None:
    if rows != len(cells):
        raise DataError(f"{source} has {rows} rows; got {len(cells)} cells for them.")


def _delimiter(source: Path) -> str:
    return "\t" if source.suffix.lower() == ".tsv" else ","


COLUMNS: dict[str, Callable[[Path], list[str]]] = {
    ".csv": _csv_columns,
    ".jsonl": _jsonl_columns,
    ".ndjson": _jsonl_columns,
    ".parquet": _parquet_columns,
    ".tsv": _csv_columns,
}
WRITERS: dict[str, Callable[[Path, Path, str, Sequence[str | None]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".ndjson": _write_jsonl,
    ".parquet": _write_parquet,
    ".tsv": _write_csv,
}
