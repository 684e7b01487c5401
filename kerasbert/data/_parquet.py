"""Parquet files, of which only the wanted columns are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.data._table import Table, check_columns


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
            table = file.read(columns=list(wanted))
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable Parquet file ({shorten(str(error))}); copy it again.") from error
    columns: dict[str, Any] = {name: table.column(name).to_pylist() for name in wanted}
    return Table(columns, range(1, table.num_rows + 1), str(path), "row", _not_text(table))


def _not_text(table: Any) -> dict[str, str]:
    from pyarrow import types

    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_nested)
    return {field.name: str(field.type) for field in table.schema if any(test(field.type) for test in tests)}
