"""Bootstrap confidence intervals of scores."""

from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, check_number
from kerasbert._core.errors import DataError
from kerasbert.objectives.exact_intervals import constant_score_intervals
from kerasbert.objectives.scores import as_flags

# Resamples at a time, so that those of 10,000 texts take a few megabytes.
CHUNK = 50
# A multinomial draw for one distinct outcome costs as much as drawing this many texts one by one.
MULTINOMIAL_COST = 20


def bootstrap_intervals(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    num_labels: int | None = None,
    positive: bool = False,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Bootstrap the test texts for confidence intervals of scores.

    Percentile intervals, or Clopper and Pearson's where every resample gives the same score, as when all predictions are
    right. They cover the choice of test texts, not the variation between trainings.

    Args:
        y_true: class ids (n,), or 0 or 1 of shape (n, C); n >= 1.
        y_pred: of the same shape.
        num_labels: C of class ids; None counts those that occur.
        positive: whether to add `f1` of the last label, such as the positive one of a binary task.
        resamples: number of resamples, >= 1.
        level: confidence, in (0, 1).
        seed: of the resamples.

    Returns:
        `accuracy`, `macro_f1`, `micro_f1` and `weighted_f1`, and perhaps `f1` -> (low, high).

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when the shapes differ or there are no texts.

    Example:
        >>> low, high = bootstrap_intervals(np.arange(100) % 2, np.zeros(100, int))["accuracy"]
        >>> round(low, 1), round(high, 1)
        (0.4, 0.6)

    Reference:
        Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3; Clopper and Pearson, 1934.
    """
    check_int("resamples", resamples, 1)
    check_int("seed", seed, 0)
    check_number("level", level, 0, 1, open_minimum=True, open_maximum=True)
    y_true, y_pred = np.asarray(y_true).astype(np.int64), np.asarray(y_pred).astype(np.int64)
    if y_true.shape != y_pred.shape or not len(y_true):
        raise DataError(
            f"`y_true` and `y_pred` must be of one shape with at least one text; got {y_true.shape} and {y_pred.shape}."
        )
    true, predicted, counts = _distinct(y_true, y_pred, num_labels)
    random = np.random.default_rng(seed)
    parts = [
        resampled_scores(_resample(random, counts, min(CHUNK, resamples - start)), true, predicted)
        for start in range(0, resamples, CHUNK)
    ]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    ends = [(1 - level) / 2, (1 + level) / 2]
    found: dict[str, Any] = {name: tuple(map(float, np.quantile(values, ends))) for name, values in drawn.items()}
    found |= constant_score_intervals(true, predicted, counts, exclusive=y_true.ndim == 1, level=level)
    if not positive:
        found.pop("f1", None)
    return found


def resampled_scores(weights: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """Score resamples of the same texts: score name -> (r,).

    `f1` is that of the last label. The macro mean is over the labels of a resample, scaled by the share of the C labels
    that occur at all.

    Args:
        weights: (r, n), how often each text is in each resample.
        true: bool (n, C).
        predicted: bool (n, C).
    """
    # Float32 holds whole numbers up to 16 million exactly, and BLAS multiplies it twice as fast.
    kind = np.float32 if weights.sum(axis=1).max() < 2**24 else np.float64
    weights = weights.astype(kind)
    hits = (weights @ (true & predicted).astype(kind)).astype(np.float64)
    support = (weights @ true.astype(kind)).astype(np.float64)
    marked = support + weights @ predicted.astype(kind)
    f1 = _ratio(2 * hits, marked)
    return {
        "accuracy": weights @ (true == predicted).all(axis=1).astype(kind) / weights.sum(axis=1),
        "macro_f1": _ratio(f1.sum(axis=1), (marked > 0).sum(axis=1)) * float((true | predicted).any(axis=0).mean()),
        "micro_f1": _ratio(2 * hits.sum(axis=1), marked.sum(axis=1)),
        "weighted_f1": _ratio((f1 * support).sum(axis=1), support.sum(axis=1)),
        "f1": f1[:, -1],
    }


def _distinct(y_true: np.ndarray, y_pred: np.ndarray, count: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the k distinct pairs of y_true and y_pred, both bool (k, C), and their numbers of texts, (k,)."""
    if y_true.ndim == 1:
        pairs, counts = np.unique(np.stack([y_true, y_pred], axis=1), axis=0, return_counts=True)
        if count is None:
            places, flat = np.unique(pairs, return_inverse=True)
            pairs, count = flat.reshape(pairs.shape), len(places)
        return as_flags(pairs[:, 0], count), as_flags(pairs[:, 1], count), counts
    packed = np.packbits(np.concatenate([y_true, y_pred], axis=1).astype(bool), axis=1)
    _, first, counts = np.unique(packed, axis=0, return_index=True, return_counts=True)
    return y_true[first] > 0, y_pred[first] > 0, counts


def _resample(random: np.random.Generator, counts: np.ndarray, samples: int) -> np.ndarray:
    """Draw texts with replacement: how often each distinct outcome is in each resample, int (samples, k)."""
    total = int(counts.sum())
    if total > MULTINOMIAL_COST * len(counts):
        # The same distribution, without drawing text by text.
        return random.multinomial(total, counts / total, size=samples)
    kinds = np.repeat(np.arange(len(counts)), counts)
    places = kinds[random.integers(0, total, (samples, total))] + len(counts) * np.arange(samples)[:, None]
    return np.bincount(places.reshape(-1), minlength=samples * len(counts)).reshape(samples, -1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; 0 where the denominator is."""
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part, dtype=np.float64), where=whole > 0))
