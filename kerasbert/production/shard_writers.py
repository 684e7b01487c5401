"""Writers of shards, one class a format: rows in, a file out that depends on the rows alone."""

import abc
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, final

from kerasbert._core.errors import ConfigError
from kerasbert.production.prediction_rows import PredictionColumns, PredictionCsv, as_json


class ShardWriter(abc.ABC):
    """Abstract: writes the rows of a shard to an open file.

    Args:
        stream: the file, opened for bytes.
        columns: what is written.
        types: kept column -> its type in Parquet, as `pyarrow` names it; a column that is not here is written as text.
    """

    def __init__(self, stream: BinaryIO, columns: PredictionColumns, types: Mapping[str, Any]) -> None:
        self.stream, self.columns, self.types = stream, columns, types

    @abc.abstractmethod
    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some rows of `rows_of`, which have their kept cells as `columns`."""

    def close(self) -> None:  # noqa: B027  most formats end with their last row
        """Write what stands at the end."""


@final
class JsonLinesWriter(ShardWriter):
    """One JSON object a line, as `kerasbert predict --format json` writes it; without the text where it is not kept."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `ShardWriter`."""
        if not self.columns.has_text:
            rows = [{name: value for name, value in row.items() if name != "text"} for row in rows]
        self.stream.write("".join(as_json(row) + "\n" for row in rows).encode("utf-8", "backslashreplace"))


@final
class CsvWriter(ShardWriter):
    """A header and a line for each text, as `kerasbert predict --format csv` writes them."""

    def __init__(self, stream: BinaryIO, columns: PredictionColumns, types: Mapping[str, Any]) -> None:
        super().__init__(stream, columns, types)
        self.text = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="")
        self.csv = PredictionCsv(self.text, columns)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `ShardWriter`."""
        self.csv.write(rows)

    def close(self) -> None:
        """See `ShardWriter`."""
        # Whoever opened the stream closes it.
        self.text.detach()


@final
class ParquetWriter(ShardWriter):
    """A row group for each window: labels are lists of texts, scores are float64."""

    def __init__(self, stream: BinaryIO, columns: PredictionColumns, types: Mapping[str, Any]) -> None:
        super().__init__(stream, columns, types)
        check_parquet()
        from pyarrow import parquet

        self.schema = self._schema()
        self.parquet = parquet.ParquetWriter(stream, self.schema, compression="zstd")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `ShardWriter`."""
        import pyarrow
        from pyarrow import types

        cells = [self.columns.cells(row) for row in rows]
        arrays = []
        for place, field in enumerate(self.schema):
            column = [one[place] for one in cells]
            if not types.is_floating(field.type):
                is_text = types.is_string(field.type)
                column = [_cell(value, is_text=is_text) for value in column]
            arrays.append(pyarrow.array(column, field.type))
        self.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=self.schema))

    def close(self) -> None:
        """See `ShardWriter`."""
        self.parquet.close()

    def _schema(self) -> Any:
        import pyarrow

        own = self.columns
        text, score = pyarrow.string(), pyarrow.float64()
        fields = [(name, text) for name in own.text]
        pairs = zip(own.kept_titles, own.kept, strict=True)
        fields += [(title, self.types.get(name, text)) for title, name in pairs]
        fields += [(title, pyarrow.list_(text)) for title in own.label_titles]
        is_name = own.top is not None
        fields += [
            (title, text if is_name and place % 2 == 0 else score) for place, title in enumerate(own.score_titles)
        ]
        fields += [(name, score) for name in own.others]
        return pyarrow.schema(fields)


WRITERS: dict[str, type[ShardWriter]] = {"csv": CsvWriter, "jsonl": JsonLinesWriter, "parquet": ParquetWriter}


def check_parquet() -> None:
    """Refuse to write Parquet without pyarrow.

    Raises:
        ConfigError: with the command that installs it.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ConfigError("`format` 'parquet' needs pyarrow; pip install 'kerasbert[parquet]'.") from error


def _cell(value: Any, *, is_text: bool) -> Any:
    """A cell as its column stores it: in a column of texts another value stands as its JSON."""
    if is_text and not isinstance(value, str) and value is not None:
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and not value.isascii():
        # Half of a surrogate pair, which JSON can spell and no file can hold.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
