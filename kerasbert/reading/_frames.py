"""Frames and data sets: Hugging Face data sets, and whatever narwhals takes (pandas, polars, pyarrow, ...).

Class ids come as names where the data set knows them: columns of `datasets.ClassLabel`, also of an Arrow table that was one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.reading._parquet import features_of
from kerasbert.reading._table import Table, check_columns
from kerasbert.reading.class_labels import class_names, named_cell

# What a source may be, for messages.
ACCEPTED = "a path, a frame, a datasets.Dataset, a list of dicts, a list of texts or a pair (texts, labels)"


def read_frame(source: Any, wanted: Sequence[str]) -> Table:
    """Read columns of a `datasets.Dataset`, or of a frame that narwhals knows."""
    # Not by isinstance: `datasets` is heavy to import. A pyarrow table has no `features`.
    if hasattr(source, "column_names") and hasattr(source, "features"):
        return _read_dataset(source, wanted)
    if isinstance(source, Mapping):
        raise TypeError(f"`source` must be {ACCEPTED}; got {_described(source)}. Of several splits give one.")
    return _read_narwhals(source, wanted)


def _read_dataset(dataset: Any, wanted: Sequence[str]) -> Table:
    if not hasattr(dataset, "__len__"):
        raise TypeError(f"`source` must be {ACCEPTED}; got {_described(dataset)}. Read a stream into a Dataset first.")
    check_columns(wanted, dataset.column_names, "the data set")
    features = dataset.features.to_dict() if dataset.features is not None else {}
    plain = dataset.with_format(None)
    columns = {name: _named(name, list(plain[name][:]), features, "the data set") for name in wanted}
    return Table(columns, "the data set")


def _named(column: str, cells: list[Any], features: Mapping[str, Any], source: str) -> list[Any]:
    """The cells of a column, with names in place of class ids where the features know them."""
    names = class_names(features).get(column)
    if names is None:
        return cells
    named = []
    for number, cell in enumerate(cells, start=1):
        try:
            named.append(named_cell(cell, names))
        except DataError as error:
            raise DataError(f"{source}, row {number}: {error}") from None
    return named


def _read_narwhals(source: Any, wanted: Sequence[str]) -> Table:
    import narwhals

    try:
        frame = narwhals.from_native(source)
        frame = frame.collect() if isinstance(frame, narwhals.LazyFrame) else frame
    except TypeError as error:
        raise TypeError(f"`source` must be {ACCEPTED}; got {_described(source)}.") from error
    except narwhals.exceptions.NarwhalsError as error:
        raise DataError(f"the frame cannot be read: {shorten(str(error))}.") from error
    check_columns(wanted, frame.columns, "the frame")
    # Of pyarrow: the schema of a lazy frame costs a query.
    metadata = source.schema.metadata if hasattr(source, "replace_schema_metadata") else None
    features = features_of(metadata, "the frame")
    return Table({name: _named(name, frame[name].to_list(), features, "the frame") for name in wanted}, "the frame")


def _described(source: Any) -> str:
    return f"{shorten(source)} of type {type(source).__name__}"
