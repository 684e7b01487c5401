"""Frames and data sets as a table: Hugging Face data sets, and whatever narwhals takes."""

from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.data._files import Table


def table_of(source: Any) -> Table:
    """Read the columns of a frame or data set.

    Raises:
        TypeError: when it is neither.
        DataError: when a column cannot be read.
    """
    if hasattr(source, "column_names") and hasattr(source, "features"):
        columns = {name: list(source[name]) for name in source.column_names}
        return Table(columns, list(range(1, len(source) + 1)), "the data set")
    import narwhals

    try:
        frame = narwhals.from_native(source, eager_only=True)
    except TypeError as error:
        raise TypeError(
            f"`source` must be a path, a frame, a datasets.Dataset, a list of dicts or a list of texts; got "
            f"{shorten(source)} of type {type(source).__name__}."
        ) from error
    columns = {name: frame[name].to_list() for name in frame.columns}
    if len(columns) < len(frame.columns):
        raise DataError(f"The frame must have distinct columns; got {shorten(frame.columns)}.")
    return Table(columns, list(range(1, len(frame) + 1)), "the frame")
