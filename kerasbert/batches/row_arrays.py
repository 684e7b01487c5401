"""Arrays that have one row for each text: labels, weights and other inputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError

ENCODE_LABELS = "Encode label names with `kerasbert.data.encode_class_ids` or its siblings first."


def checked_rows(name: str, part: Any, expected: int) -> Any:
    """Return an argument, an array or a dict of arrays by head, as arrays of one row for each text; None as it is."""
    if part is None:
        return None
    if isinstance(part, Mapping):
        return {head: checked_array(f"`{name}`[{head!r}]", array, expected) for head, array in part.items()}
    return checked_array(f"`{name}`", part, expected)


def checked_array(where: str, part: Any, expected: int, way_out: str = ENCODE_LABELS) -> np.ndarray:
    """Return an array of finite numbers with one row for each text.

    Args:
        where: names it in messages.
        part: array-like of n rows.
        expected: number of texts.
        way_out: what to do where it holds no numbers.

    Raises:
        DataError: when there are not as many rows as texts, or a number is NaN or infinite.
        TypeError: when it holds no numbers.
    """
    array = np.asarray(part)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{where} must be an array of numbers; got {shorten(part)} of type {array.dtype}. {way_out}")
    if array.ndim == 0 or len(array) != expected:
        found = len(array) if array.ndim else f"the single value {array}"
        raise DataError(f"{where} must have one row for each text; got {found} rows and {expected} texts.")
    _refuse_missing(where, array)
    return array


def _refuse_missing(where: str, array: np.ndarray) -> None:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    wrong = np.argwhere(~np.isfinite(array))[0]
    raise DataError(
        f"{where} must be finite numbers; got {array[tuple(wrong)]} in row {int(wrong[0]) + 1} (counted from 1). Fill it or "
        f"leave the row out."
    )
