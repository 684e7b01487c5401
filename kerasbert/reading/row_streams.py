"""The rows of a data file of any size, one after the other: what is held in memory is a row, or a batch of a column.

Every way of reading files goes through here, and there is one iterator of rows for each format. A row that cannot be used
comes as a `DataError` in its place, so that whoever reads decides whether to stop.
"""

from collections.abc import Callable, Iterator, Sequence

from kerasbert._core.errors import DataError
from kerasbert.reading._csv import csv_rows
from kerasbert.reading._jsonl import jsonl_rows
from kerasbert.reading._parquet import parquet_rows
from kerasbert.reading._table import Row
from kerasbert.reading._tfrecord import TokenRow as TokenRow
from kerasbert.reading._tfrecord import tfrecord_rows
from kerasbert.reading.sources import SourceFile


class FileError(DataError):
    """A file that cannot be used as a whole."""


def stream_rows(file: SourceFile, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """Read a file row by row.

    Args:
        file: to read.
        wanted: columns to read.
        text: the column among them for which a TFRecord file may hold token ids instead.

    Yields:
        The number of a line or row, and a dict of its wanted cells; a `TokenRow` where token ids stand for the text; or
        the `DataError` that says what is wrong with it.

    Raises:
        FileError: when the whole file cannot be used: it lacks a column, is empty or of another kind.
    """
    if file.size == 0:
        raise FileError(f"{file.path} is empty (0 bytes); remove it.")
    try:
        yield from STREAMS[file.format](file, list(wanted), text)
    except DataError as error:
        raise FileError(str(error)) from error


def unit_of(file: SourceFile) -> str:
    """What the numbers of its rows count, `"line"` or `"row"`."""
    return "row" if file.format in ("parquet", "tfrecord") else "line"


STREAMS: dict[str, Callable[[SourceFile, Sequence[str], str], Iterator[Row]]] = {
    "csv": csv_rows,
    "jsonl": jsonl_rows,
    "parquet": parquet_rows,
    "tfrecord": tfrecord_rows,
    "tsv": csv_rows,
}
