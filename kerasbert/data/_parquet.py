"""Parquet files, of which only the wanted columns are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.data._files import LARGEST_FILE
from kerasbert.data._table import Table, check_columns

MOST_ROWS = 100_000_000


def read_parquet(path: Path, wanted: Sequence[str]) -> Table:
    """Read columns of a Parquet file.

    Args:
        path: of the file.
        wanted: columns to read.

    Returns:
        The columns, with row numbers.

    Raises:
        DataError: when it is cut or no Parquet file, lacks a column, or pyarrow is missing.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(f"{path}: reading Parquet needs pyarrow; pip install 'kerasbert[parquet]'.") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            check_columns(wanted, file.schema_arrow.names, str(path))
            _check_size(path, file.metadata)
            table = file.read(columns=list(wanted))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable Parquet file ({shorten(str(error))}); copy it again.") from error
    columns: dict[str, Any] = {name: _cells(path, name, table.column(name)) for name in wanted}
    return Table(columns, range(1, table.num_rows + 1), str(path), "row", _not_text(table))


def _check_size(path: Path, metadata: Any) -> None:
    """Refuse what would unpack to more than a file of text may have: Parquet stores a repeated value once."""
    # Not the sizes of the columns: pyarrow aborts the process where theirs are malformed.
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if metadata.num_rows > MOST_ROWS or unpacked > LARGEST_FILE:
        raise DataError(
            f"{path} has {metadata.num_rows} rows and {unpacked} bytes unpacked; at most {MOST_ROWS} rows and "
            f"{LARGEST_FILE} bytes are read. Split the file."
        )


def _cells(path: Path, name: str, column: Any) -> list:
    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        for number, cell in enumerate(column, start=1):
            try:
                cell.as_py()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{path}, row {number}: {name!r} is not UTF-8 at byte {error.start}; write the file again."
                ) from None
        raise


def _not_text(table: Any) -> dict[str, str]:
    from pyarrow import types

    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_nested)
    return {field.name: str(field.type) for field in table.schema if any(test(field.type) for test in tests)}
