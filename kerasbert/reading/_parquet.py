"""The rows of Parquet files, of which only the wanted columns are read, batch by batch."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.json_files import parse_json_object
from kerasbert.reading._files import Lines, SourceFile, check_unpacked, unpacked_limit
from kerasbert.reading._table import Cells, Row, check_columns, check_number
from kerasbert.reading.class_labels import class_names, named_cell

ROWS_AT_ONCE = 1024
# Of a cell in memory at least.
CELL_BYTES = 50
FEATURES_KEY = b"huggingface"


def parquet_rows(
    file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text", skip: int = 0
) -> Iterator[Row]:
    """The rows of a file but the first `skip`; class ids come as names where the file knows them, which those of `datasets` do."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(f"{file.path}: reading Parquet needs pyarrow; pip install 'kerasbert[parquet]'.") from error
    try:
        with pyarrow.parquet.ParquetFile(file.path) as parquet:
            check_columns(wanted, parquet.schema_arrow.names, file.path)
            _check_text(file, text, parquet.schema_arrow)
            size = _Unpacked(file, parquet.metadata, len(wanted))
            names = class_names(features_of(parquet.schema_arrow.metadata, file.path))
            groups, number = _groups_behind(parquet.metadata, skip)
            for batch in parquet.iter_batches(batch_size=ROWS_AT_ONCE, columns=list(wanted), row_groups=groups):
                arrays = [_plain(batch.column(name)) for name in wanted]
                size.add(arrays)
                columns = [_cells(name, array, names.get(name)) for name, array in zip(wanted, arrays, strict=True)]
                for cells in zip(*columns, strict=True):
                    if number <= skip:
                        number += 1
                        continue
                    broken = next((cell for cell in cells if isinstance(cell, DataError)), None)
                    yield number, broken or dict(zip(wanted, cells, strict=True))
                    number += 1
    except (pyarrow.ArrowException, OSError) as error:
        words = f"{file.path} is not a readable Parquet file ({shorten(str(error))}); copy it again."
        raise DataError(words) from error


def count_parquet(file: SourceFile) -> int:
    """The number of rows that the description of a file says."""
    from pyarrow import parquet

    return int(parquet.read_metadata(file.path).num_rows)


def _groups_behind(metadata: Any, skip: int) -> tuple[list[int], int]:
    """The row groups that hold rows behind the first `skip`, and the number of the first row in them, from 1."""
    number = 1
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        if number + rows > skip + 1:
            return list(range(group, metadata.num_row_groups)), number
        number += rows
    return [], number


def parquet_columns(file: SourceFile, lines: Lines) -> list[str]:
    """The names of the columns of a file."""
    from pyarrow import parquet

    return list(parquet.read_schema(file.path).names)


def write_parquet(file: SourceFile, lines: Lines, target: Path, columns: Mapping[str, Cells]) -> None:
    """Write a file with columns added or replaced; see `copy_with_columns`."""
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(file.path)
    for name, cells in columns.items():
        check_number(file.path, len(table), cells)
        are_numbers = any(isinstance(cell, float) for cell in cells)
        array = pyarrow.array(cells, pyarrow.float64() if are_numbers else pyarrow.string())
        place = table.schema.get_field_index(name)
        table = table.append_column(name, array) if place < 0 else table.set_column(place, name, array)
    parquet.write_table(table, target)


def features_of(metadata: Any, source: str) -> dict[str, Any]:
    """The features by column that `datasets` wrote into the metadata of an Arrow schema; empty where it did not."""
    content = (metadata or {}).get(FEATURES_KEY)
    if content is None:
        return {}
    try:
        features: Any = parse_json_object(content, f"{source}: its features").get("info", {}).get("features") or {}
    except (ConfigError, AttributeError) as error:
        raise DataError(
            f"{source}: the features that `datasets` wrote into it cannot be read; write it again."
        ) from error
    return features if isinstance(features, dict) else {}


class _Unpacked:
    """Refuses a file that unpacks to far more than its size: before it is read where it says so, else while it is read."""

    def __init__(self, file: SourceFile, metadata: Any, num_columns: int) -> None:
        self.file = file
        self.limit = unpacked_limit(file)
        self.total = 0
        # Not the sizes of the columns: pyarrow aborts the process where theirs are malformed.
        stored = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        self._check(max(stored, metadata.num_rows * num_columns * CELL_BYTES))

    def add(self, arrays: Sequence[Any]) -> None:
        """Count what the columns of a batch hold."""
        self.total += sum(array.nbytes for array in arrays)
        self._check(self.total)

    def _check(self, size: int) -> None:
        check_unpacked(self.file, size, self.limit, "Leave out what it repeats, or write it as .jsonl.gz.")


def _check_text(file: SourceFile, text: str, schema: Any) -> None:
    from pyarrow import types

    tests = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_nested)
    stored = schema.field(text).type if text in schema.names else None
    if stored is not None and any(test(stored) for test in tests):
        raise DataError(
            f"{file.path}: {text!r} must be a column of texts; it is stored as {stored}. Cast it to string and write the "
            f"file again."
        )


def _plain(column: Any) -> Any:
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column


def _cells(name: str, column: Any, names: Sequence[str] | None) -> list[Any]:
    """The cells of a column, a `DataError` in place of each that cannot be used."""
    try:
        cells = column.to_pylist()
    except UnicodeDecodeError:
        cells = [_cell(name, cell) for cell in column]
    return cells if names is None else [_named(cell, names) for cell in cells]


def _cell(name: str, cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        return DataError(f"{name!r} is not UTF-8 at byte {error.start}; write the file again.")


def _named(cell: Any, names: Sequence[str]) -> Any:
    try:
        return cell if isinstance(cell, DataError) else named_cell(cell, names)
    except DataError as error:
        return error
