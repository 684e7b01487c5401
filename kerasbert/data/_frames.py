"""Frames and data sets: Hugging Face data sets, and whatever narwhals takes (pandas, polars, pyarrow, ...)."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.data._table import Table, check_columns

# What a source may be, for messages.
ACCEPTED = "a path, a frame, a datasets.Dataset, a list of dicts, a list of texts or a pair (texts, labels)"


def read_frame(source: Any, wanted: Sequence[str]) -> Table:
    """Read columns of a frame or data set.

    Args:
        source: a `datasets.Dataset`, or a frame that narwhals knows.
        wanted: columns to read.

    Returns:
        The columns, with row numbers.

    Raises:
        TypeError: when it is neither.
        DataError: when it lacks a column.
    """
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
    columns = {name: list(dataset[name]) for name in wanted}
    return Table(columns, range(1, len(dataset) + 1), "the data set", "row")


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
    return Table({name: frame[name].to_list() for name in wanted}, range(1, len(frame) + 1), "the frame", "row")


def _described(source: Any) -> str:
    return f"{shorten(source)} of type {type(source).__name__}"
