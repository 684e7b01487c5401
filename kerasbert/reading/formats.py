"""The table of file formats: how the rows of each are read, and how a file gets more columns.

A new format is a module with an iterator of rows, and one line here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kerasbert.reading._csv import csv_columns, csv_rows, write_csv
from kerasbert.reading._files import Lines, SourceFile
from kerasbert.reading._jsonl import jsonl_columns, jsonl_rows, write_jsonl
from kerasbert.reading._parquet import parquet_columns, parquet_rows, write_parquet
from kerasbert.reading._table import Cells, Row
from kerasbert.reading._tfrecord import tfrecord_rows

# Takes a file, its lines, which binary formats leave alone, the columns to read and the text column among them. A row that
# cannot be used comes as a `DataError` in its place, so that whoever reads decides whether to stop.
ReadRows = Callable[[SourceFile, Lines, Sequence[str], str], Iterator[Row]]


class Copying(NamedTuple):
    """How a file is copied with more columns: the columns that it has, and a writer of the copy."""

    columns: Callable[[SourceFile, Lines], list[str]]
    write: Callable[[SourceFile, Lines, Path, Mapping[str, Cells]], None]


class Format(NamedTuple):
    """A file format.

    Args:
        rows: iterates over the rows.
        unit: what row numbers count, `"line"` or `"row"`.
        is_text: whether a file has an encoding.
        packs: whether a file may be compressed as .gz.
        has_token_ids: whether a file may hold token ids in place of texts.
        copying: adds columns; None: that cannot be done.
    """

    rows: ReadRows
    unit: str = "line"
    is_text: bool = True
    packs: bool = True
    has_token_ids: bool = False
    copying: Copying | None = None


_CSV = Format(csv_rows, copying=Copying(csv_columns, write_csv))
_JSONL = Format(jsonl_rows, copying=Copying(jsonl_columns, write_jsonl))
_TFRECORD = Format(tfrecord_rows, unit="row", is_text=False, has_token_ids=True)

FORMATS: dict[str, Format] = {
    ".csv": _CSV,
    ".jsonl": _JSONL,
    ".ndjson": _JSONL,
    ".parquet": Format(
        parquet_rows, unit="row", is_text=False, packs=False, copying=Copying(parquet_columns, write_parquet)
    ),
    ".tfrecord": _TFRECORD,
    ".tfrecords": _TFRECORD,
    ".tsv": _CSV,
}


def format_of(file: SourceFile) -> Format:
    """The format of a file, by the ending of its name."""
    return FORMATS[file.suffix]
