"""Stratified splits: a held-out part with the label frequencies of the whole."""

import numpy as np

from kerasbert._core.checks import check_number
from kerasbert._core.errors import DataError


def split_indices(labels: np.ndarray, fraction: float, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Choose which rows are held out.

    Class ids are split class by class, a class with a single row staying with the rest; multi-hot rows by iterative
    stratification, rarest label first.

    Args:
        labels: int (n,) of class ids, or (n, C) of 0 and 1.
        fraction: share to hold out, in (0, 1).
        seed: the same seed gives the same split.

    Returns:
        Indices of the kept and of the held-out rows, each sorted.

    Raises:
        ConfigError: when `fraction` is out of its range.
        DataError: when there are fewer than 2 rows.

    Example:
        >>> kept, held_out = split_indices(np.array([0, 0, 0, 0, 1, 1, 1, 1]), 0.25)
        >>> len(kept), len(held_out)
        (6, 2)

    Reference:
        Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data", 2011, algorithm 1.
    """
    check_number("fraction", fraction, 0, 1, open_minimum=True, open_maximum=True)
    labels = np.asarray(labels)
    if len(labels) < 2:
        raise DataError(f"A split needs at least 2 examples; got {len(labels)}.")
    random = np.random.default_rng(seed)
    rows = np.eye(labels.max() + 1, dtype=bool)[labels] if labels.ndim == 1 else labels > 0
    held_out = _stratify(rows, fraction, random)
    indices = np.arange(len(labels))
    return indices[~held_out], indices[held_out]


def _stratify(rows: np.ndarray, fraction: float, random: np.random.Generator) -> np.ndarray:
    """Which rows to hold out: label by label, rarest first, its share is filled from the rows not yet placed."""
    # A fourth column group for rows without any label, so that they are split evenly too.
    rows = np.column_stack([rows, ~rows.any(axis=1)])
    held_out, placed = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    wanted = rows.sum(axis=0) * fraction
    for _ in range(rows.shape[1]):
        left = rows[~placed].sum(axis=0)
        if not left.any():
            break
        rarest = int(np.where(left > 0, left, len(rows) + 1).argmin())
        candidates = random.permutation(np.flatnonzero(rows[:, rarest] & ~placed))
        missing = wanted[rarest] - (rows[:, rarest] & held_out).sum()
        # What remains of a part is settled by chance, so that small labels are not always rounded down.
        count = int(np.floor(missing + random.random())) if missing > 0 else 0
        count = (
            min(count, len(candidates) - 1) if rows[:, rarest].sum() == len(candidates) else min(count, len(candidates))
        )
        held_out[candidates[: max(count, 0)]] = True
        placed[candidates] = True
    if not held_out.any():
        held_out[random.integers(len(rows))] = True
    return held_out
