"""Columns of class ids whose names the data set knows: `datasets.ClassLabel`, alone or in lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.errors import DataError

# What `datasets` writes where a row has no label.
NO_LABEL = -1


def class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """Column -> the names behind its class ids, for columns of a `ClassLabel` or of lists of it.

    The features are those of `datasets.Features.to_dict` and of Parquet files.
    """
    found = {column: _names(feature) for column, feature in features.items()}
    return {column: names for column, names in found.items() if names is not None}


def named_cell(cell: Any, names: Sequence[str]) -> Any:
    """A cell with names in place of class ids; -1 and a missing id are None."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, (list, tuple)):
        return [named_cell(one, names) for one in cell]
    if cell == NO_LABEL:
        return None
    if not 0 <= cell < len(names):
        raise DataError(f"the class id must be from 0 to {len(names) - 1}, or -1 for none; got {cell}.")
    return names[cell]


def _names(feature: Any) -> list[str] | None:
    """The names of a feature, or of the one inside its lists."""
    if isinstance(feature, list) and len(feature) == 1:  # how older versions write a list
        return _names(feature[0])
    if not isinstance(feature, Mapping):
        return None
    names = feature.get("names")
    if feature.get("_type") == "ClassLabel" and isinstance(names, (list, tuple)):
        return [str(name) for name in names]
    return _names(feature.get("feature"))
