"""How often the rows of a stream are drawn, from the index of their labels, without a number for each row in memory."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from kerasbert.batches.sampling import RARE
from kerasbert.labels.counts import LabelCounts

ROWS_AT_ONCE = 500_000
# Visits to all rows in an epoch, at most, over which what is drawn often is spread.
MOST_ROUNDS = 16

# Of some rows, (m,), the expected number of draws in an epoch, (m,).
Draws = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class RowSampling:
    """Draws rows so that over an epoch each comes as often as expected, rounded up or down by chance.

    Args:
        draws: expected draws of rows.
        total: expected draws of all rows.
        most: expected draws of the row drawn most often.
        seed: of chance.
    """

    draws: Draws
    total: float
    most: float
    seed: int

    @property
    def rounds(self) -> int:
        """Over how many visits to all rows an epoch's draws are spread."""
        return int(np.clip(np.ceil(self.most), 1, MOST_ROUNDS))

    def __call__(self, rows: np.ndarray, epoch: int, turn: int) -> np.ndarray:
        """How often rows are drawn in one of the rounds."""
        chance = uniform(rows, self.seed, epoch)
        expected = self.draws(rows) / self.rounds
        return (np.floor(expected * (turn + 1) + chance) - np.floor(expected * turn + chance)).astype(np.int64)


def uniform(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """A number in [0, 1) for each row that depends on nothing but its arguments, (m,).

    Reference:
        Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014, figure 16.
    """
    start = int(np.random.default_rng([seed, epoch]).integers(2**63))
    mixed = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53


def cache_draws(cache: Any, sampling: str) -> Draws:
    """Expected draws of the rows of a token cache; see `expected_draws` for what each sampling means.

    Args:
        cache: a `TokenCache`.
        sampling: `"balanced"`, `"sqrt"` or `"oversample"`.

    Returns:
        A function of rows, whose values have the mean that they shall have only when divided by theirs, but for
        `"oversample"`.
    """
    by_head = [_head_draws(cache, name, sampling) for name in cache.heads]
    return lambda rows: np.mean([draws(rows) for draws in by_head], axis=0)


def _head_draws(cache: Any, name: str, sampling: str) -> Draws:
    head = cache.heads[name]
    counts = np.array(head.counts, dtype=np.float64)
    unlabelled = float(_unlabelled(cache, name))
    values = np.append(counts, unlabelled)  # a row without labels is of a label of its own
    if sampling == "oversample":
        shares = np.maximum(values, 1) / cache.num_rows
        worth = np.maximum(np.sqrt(min(RARE, float(shares.max())) / shares), 1.0)
    else:
        worth = 1.0 / np.maximum(values, 1) if sampling == "balanced" else 1.0 / np.sqrt(np.maximum(values, 1))
    scale = 1.0
    if sampling != "oversample":
        # The sum over all rows: of each label its number of rows times its worth, when labels exclude each other.
        scale = cache.num_rows / _total(cache, name, lambda rows: _by_row(cache, name, rows, worth, np.mean))
    combine = np.max if sampling == "oversample" else np.mean
    return lambda rows: _by_row(cache, name, rows, worth, combine) * scale


def _by_row(cache: Any, name: str, rows: np.ndarray, worth: np.ndarray, combine: Any) -> np.ndarray:
    """The mean or maximum of the worth of each row's labels."""
    places, counts = cache.labels_of(name, rows)
    values = np.full(len(rows), worth[-1])
    owners = np.repeat(np.arange(len(rows)), counts)
    some = counts > 0
    if combine is np.max:
        values[some] = 0.0
        np.maximum.at(values, owners, worth[places])
    else:
        sums = np.bincount(owners, weights=worth[places], minlength=len(rows))
        values[some] = sums[some] / counts[some]
    return values


def _unlabelled(cache: Any, name: str) -> int:
    if cache.heads[name].task in ("binary", "multiclass"):
        return 0
    return int(_total(cache, name, lambda rows: cache.labels_of(name, rows)[1] == 0))


def _total(cache: Any, name: str, values: Draws) -> float:
    starts = range(0, cache.num_rows, ROWS_AT_ONCE)
    return float(sum(values(np.arange(start, min(start + ROWS_AT_ONCE, cache.num_rows))).sum() for start in starts))


def sampled_counts(cache: Any, draws: Draws | None, keep: Any) -> dict[str, LabelCounts]:
    """How many rows of an epoch have each label, by head.

    Args:
        cache: a `TokenCache`.
        draws: expected draws; None: every row once.
        keep: says which of some rows are taken, as bools; None: all.

    Returns:
        Head name -> counts.
    """
    counts = {name: np.zeros(len(head.names)) for name, head in cache.heads.items()}
    total = 0.0
    for start in range(0, cache.num_rows, ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, cache.num_rows))
        rows = rows if keep is None else rows[keep(rows)]
        weights = np.ones(len(rows)) if draws is None else draws(rows)
        total += float(weights.sum())
        for name, sums in counts.items():
            places, numbers = cache.labels_of(name, rows)
            sums += np.bincount(places, weights=np.repeat(weights, numbers), minlength=len(sums))
    whole = round(total)
    return {
        name: LabelCounts(np.round(sums[1:] if cache.heads[name].task == "binary" else sums).astype(np.int64), whole)
        for name, sums in counts.items()
    }
