"""Labels go out as they came in: names, integers, or rows of 0 and 1."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

NAMES, INTEGERS, INDICATOR = "names", "integers", "indicator"


def label_kind(labels: Iterable[Any]) -> str:
    """How labels are written.

    Args:
        labels: names, integers, lists of names, or an array (n, C) of 0 and 1.

    Returns:
        `"indicator"` for an array with two dimensions, `"integers"` for whole numbers (not booleans), else `"names"`.

    Example:
        >>> label_kind(["a", "b"]), label_kind(np.array([3, 1])), label_kind(np.eye(2))
        ('names', 'integers', 'indicator')
    """
    array = getattr(labels, "to_numpy", lambda: labels)()
    if isinstance(array, np.ndarray) and array.ndim == 2 and array.shape[1] > 1:
        return INDICATOR
    if isinstance(array, np.ndarray) and array.dtype.kind in "iu":
        return INTEGERS
    if isinstance(array, np.ndarray) and array.dtype.kind != "O":
        return NAMES
    cells = list(array)
    whole = bool(cells) and all(isinstance(cell, (int, np.integer)) and not isinstance(cell, bool) for cell in cells)
    return INTEGERS if whole else NAMES


def classes_as(kind: str, names: Sequence[str]) -> np.ndarray:
    """Label names as the labels that were given: integers where they were integers, else an object array of names."""
    if kind == INTEGERS:
        return np.array([int(name) for name in names])
    return np.array(names, dtype=object)


def labels_as(kind: str, names: Sequence[str], decisions: np.ndarray) -> Any:
    """Decisions of a head as labels of the kind that was given.

    Args:
        kind: from `label_kind`.
        names: C label names, two for a binary head.
        decisions: class ids (n,), 0 or 1 of shape (n, 1) of a binary head, or 0 or 1 of shape (n, C).

    Returns:
        Array of n names or integers; for a multi-label head a list of n lists of names, or an int array (n, C) where
        such an array was given.

    Example:
        >>> labels_as("names", ["a", "b"], np.array([[1, 1], [0, 1]]))
        [['a', 'b'], ['b']]
    """
    classes = classes_as(kind, names)
    if decisions.ndim == 1 or (decisions.shape[1] == 1 and len(names) == 2):
        return classes[decisions.reshape(-1)]
    if kind == INDICATOR:
        return decisions.astype(np.int64)
    return [list(classes[row.astype(bool)]) for row in decisions]
