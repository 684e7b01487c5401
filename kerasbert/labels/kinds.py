"""Labels go out as they came in: names, integers, floats, booleans, or rows of 0 and 1."""

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert.labels.names import is_whole_number, label_key
from kerasbert.labels.values import plain_value

NAMES, INTEGERS, FLOATS, BOOLEANS, INDICATOR = "names", "integers", "floats", "booleans", "indicator"
# NumPy's kinds of arrays.
ARRAY_KINDS = {"i": INTEGERS, "u": INTEGERS, "f": FLOATS, "b": BOOLEANS}


def label_kind(cells: Any) -> str:
    """How labels are written: `"integers"`, `"floats"` or `"booleans"` where all labels are such, else `"names"`.

    Rows of 0 and 1 are not told apart here: only all rows together tell.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return ARRAY_KINDS.get(cells.dtype.kind, NAMES)
    return _kind_of_parts([part for cell in cells for part in (cell if _is_list(cell) else [cell])])


def kind_for(kind: str, names: Sequence[str]) -> str:
    """A kind, if all of some label names can be written so; else `"names"`."""
    if kind == BOOLEANS:
        return kind if {_truth(name) for name in names} <= {False, True} else NAMES
    if kind in (INTEGERS, FLOATS):
        return kind if all(map(is_whole_number, names)) else NAMES
    return kind


def classes_as(kind: str, names: Sequence[str]) -> np.ndarray:
    """Label names as the labels that were given: numbers and booleans in their own dtype, else an object array of names."""
    if kind == BOOLEANS:
        return np.array([_truth(name) for name in names])
    if kind == FLOATS:
        return np.array([float(name) for name in names])
    if kind == INTEGERS:
        return _integers([int(label_key(name)) for name in names])
    return np.array(names, dtype=object)


def labels_as(kind: str, names: Sequence[str], decisions: np.ndarray) -> Any:
    """Decisions of a head as labels of the kind that was given.

    Args:
        kind: from `label_kind`.
        names: C label names, two for a binary head.
        decisions: class ids (n,), 0 or 1 of shape (n, 1) of a binary head, or 0 or 1 of shape (n, C).

    Returns:
        Array of n names, numbers or booleans; for a multi-label head a list of n lists of these, or an int array (n, C)
        where rows of 0 and 1 were given.
    """
    classes = classes_as(kind, names)
    if decisions.ndim == 1 or (decisions.shape[1] == 1 and len(names) == 2):
        return classes[decisions.reshape(-1)]
    if kind == INDICATOR:
        return decisions.astype(np.int64)
    return [list(classes[row.astype(bool)]) for row in decisions]


def with_none(labels: Any, withheld: np.ndarray) -> Any:
    """Put None in the place of labels that are not given.

    Args:
        labels: of n texts, from `labels_as`.
        withheld: bool (n,).

    Returns:
        An object array of n labels, or a list of n lists; of rows of 0 and 1 a list of n rows.
    """
    if isinstance(labels, np.ndarray) and labels.ndim == 1:
        given = labels.astype(object)
        given[withheld] = None
        return given
    return [None if hidden else own for own, hidden in zip(labels, withheld, strict=True)]


def _truth(name: str) -> bool | None:
    """What a name says in a column of booleans."""
    return {"0": False, "1": True, "false": False, "true": True}.get(label_key(name).strip().lower())


def _integers(numbers: list[int]) -> np.ndarray:
    try:
        return np.array(numbers, dtype=np.int64)
    except OverflowError:  # NumPy would make floats of them
        return np.array(numbers, dtype=object)


def _is_list(cell: Any) -> bool:
    return isinstance(cell, (list, tuple, set, frozenset)) or (isinstance(cell, np.ndarray) and cell.ndim > 0)


def _kind_of_parts(parts: Sequence[Any]) -> str:
    parts = [plain_value(part) for part in parts]
    if not parts:
        return NAMES
    if all(isinstance(part, (bool, np.bool_)) for part in parts):
        return BOOLEANS
    if not all(isinstance(part, numbers.Real) and not isinstance(part, (bool, np.bool_)) for part in parts):
        return NAMES
    return INTEGERS if all(isinstance(part, numbers.Integral) for part in parts) else FLOATS
