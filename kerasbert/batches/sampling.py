"""How often each row is drawn in an epoch, so that rare labels are seen more often; rows are counted, never copied."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice

SAMPLINGS = ("balanced", "oversample", "sqrt")
# Labels on fewer rows than this share are repeated by "oversample", where there are labels as frequent as that.
RARE = 0.1


def expected_draws(labels: Any, sampling: str) -> np.ndarray:
    """The number of times that each row is drawn in an epoch, on average.

    Args:
        labels: ids (n,), 0 or 1 of shape (n, 1) or (n, C), or a dict of these by head, of which the mean is taken.
        sampling: `"balanced"`: a label is drawn, all alike, and then one of its rows; `"sqrt"`: labels are drawn by the
            root of their frequency; both have n rows in an epoch. `"oversample"`: every row is drawn at least once, and
            as often as its rarest label asks, sqrt(t / f) for a label on a share f of the rows and t the smaller of 0.1
            and the share of the most frequent label; epochs are longer. A row without labels is of a label of its own.

    Returns:
        Float64 (n,).

    Raises:
        ConfigError: when `sampling` is unknown.

    Example:
        >>> expected_draws(np.array([0, 0, 0, 1]), "balanced").round(3).tolist()
        [0.667, 0.667, 0.667, 2.0]

    Reference:
        Gupta et al., "LVIS", 2019, section 4.2 (repeat factors); Mahajan et al., "Exploring the Limits of Weakly
        Supervised Pretraining", 2018, section 2.2 (square root).
    """
    check_choice("sampling", sampling, SAMPLINGS)
    if isinstance(labels, Mapping):
        return np.mean([expected_draws(array, sampling) for array in labels.values()], axis=0)
    has_label = _has_label(np.asarray(labels))
    counts = np.maximum(has_label.sum(axis=0), 1)
    if sampling == "oversample":
        shares = counts / len(has_label)
        repeats = np.maximum(np.sqrt(min(RARE, float(shares.max())) / shares), 1.0)
        return np.where(has_label, repeats, 1.0).max(axis=1)
    worth = 1.0 / counts if sampling == "balanced" else 1.0 / np.sqrt(counts)
    draws = (has_label * worth).sum(axis=1) / has_label.sum(axis=1)
    return draws * (len(draws) / draws.sum())


def draw_rows(draws: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows of one epoch, in random order: each as often as expected, rounded up or down at random.

    Args:
        draws: expected number of draws of each row, (n,).
        random: source of chance.

    Returns:
        Int64 (round(sum of draws),).
    """
    order = random.permutation(len(draws))
    total = round(float(draws.sum()))
    ends = np.cumsum(draws[order])
    ticks = (np.arange(total) + random.random()) * (ends[-1] / total)
    return random.permutation(order[np.searchsorted(ends, ticks, side="right").clip(max=len(draws) - 1)])


def _has_label(labels: np.ndarray) -> np.ndarray:
    """Bool (n, number of labels): ids one-hot, a binary column as two labels, rows without a label as one more."""
    if labels.ndim == 1:
        return labels[:, None] == np.unique(labels)
    marked = labels.reshape(len(labels), -1) > 0.5
    none = ~marked.any(axis=1, keepdims=True)
    return np.concatenate([marked, none], axis=1) if none.any() else marked
