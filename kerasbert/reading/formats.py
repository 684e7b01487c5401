"""The table of file formats: how the rows of each are read, and how a file gets more columns.

A new format is a module with an iterator of rows, and one line here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kerasbert._core.errors import ConfigError
from kerasbert.reading._csv import csv_columns, csv_rows, write_csv
from kerasbert.reading._files import Lines, SourceFile
from kerasbert.reading._json import array_columns, array_rows, holds_array, write_array
from kerasbert.reading._jsonl import jsonl_columns, jsonl_rows, write_jsonl
from kerasbert.reading._parquet import count_parquet, parquet_columns, parquet_rows, write_parquet
from kerasbert.reading._plain import plain_rows
from kerasbert.reading._table import Cells, Row
from kerasbert.reading._tfrecord import tfrecord_rows
from kerasbert.reading._xlsx import write_xlsx, xlsx_columns, xlsx_rows

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
        follows: names of the options of `ReadOptions` that go with it; an encoding goes with text files.
        packs: whether a file may be compressed as .gz.
        has_token_ids: whether a file may hold token ids in place of texts.
        copying: adds columns; None: that cannot be done.
        title: what it is called.
        line_is_row: whether each line that is not blank is a row, so that rows are passed over unread.
        has_keys: whether the columns are keys of each row, which a row may lack.
        count_rows: gives the number of rows from the description of a file; `rows` then takes `skip`, rows to pass over.
    """

    rows: ReadRows
    unit: str = "line"
    follows: tuple[str, ...] = ("encoding",)
    packs: bool = True
    has_token_ids: bool = False
    copying: Copying | None = None
    title: str = "text"
    line_is_row: bool = False
    has_keys: bool = False
    count_rows: Callable[[SourceFile], int] | None = None


_CSV = Format(
    csv_rows,
    follows=("encoding", "delimiter", "header", "quoting"),
    copying=Copying(csv_columns, write_csv),
    title="CSV",
)
_JSONL = Format(
    jsonl_rows,
    copying=Copying(jsonl_columns, write_jsonl),
    title="JSON lines",
    line_is_row=True,
    has_keys=True,
)
_ARRAY = Format(
    array_rows, unit="row", copying=Copying(array_columns, write_array), title="a JSON array", has_keys=True
)
_PARQUET = Format(
    parquet_rows,
    unit="row",
    follows=(),
    packs=False,
    copying=Copying(parquet_columns, write_parquet),
    title="Parquet",
    count_rows=count_parquet,
)
_TFRECORD = Format(tfrecord_rows, unit="row", follows=(), has_token_ids=True, title="TFRecord")
_XLSX = Format(
    xlsx_rows,
    unit="row",
    follows=("header", "sheet"),
    packs=False,
    copying=Copying(xlsx_columns, write_xlsx),
    title="an Excel sheet",
)

FORMATS: dict[str, Format] = {
    ".csv": _CSV,
    ".json": _JSONL,
    ".jsonl": _JSONL,
    ".ndjson": _JSONL,
    ".parquet": _PARQUET,
    ".tfrecord": _TFRECORD,
    ".tfrecords": _TFRECORD,
    ".tsv": _CSV,
    ".xlsx": _XLSX,
}


# Files of one text a line, where a command takes texts without labels.
PLAIN_ENDINGS = (".txt", "")
_PLAIN = Format(plain_rows, title="one text a line")


def format_of(file: SourceFile) -> Format:
    """The format of a file, by the ending of its name; of .json also by its first character."""
    if file.suffix in PLAIN_ENDINGS:
        return _PLAIN
    return _ARRAY if file.suffix == ".json" and holds_array(file) else FORMATS[file.suffix]


def check_options(file: SourceFile) -> None:
    """Refuse options of reading that the format of a file cannot follow."""
    for name, value in file.options.changed().items():
        if name not in FORMATS.get(file.suffix, _PLAIN).follows:
            suffixes = ", ".join(suffix for suffix, form in FORMATS.items() if name in form.follows)
            raise ConfigError(f"`{name}` goes with {suffixes}; got {value!r} with {file.path}.")


def taken_in_words(file: SourceFile) -> str:
    """How a file is read, where its name and nothing else does not say it; else empty."""
    parts = [f"as {format_of(file).title}" if file.suffix == ".json" else "", file.options.words()]
    return ", ".join(part for part in parts if part)
