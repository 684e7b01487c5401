"""How often each row is drawn in an epoch, so that rare labels are seen more often; rows are counted, never copied."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice
from kerasbert.batches.rows import ArrayLabels, LabelRows

SAMPLINGS = ("balanced", "oversample", "sqrt")
# Labels on fewer rows than this share are repeated by "oversample", where there are labels as frequent as that.
RARE = 0.1
# Rows that are looked at at once.
ROWS_AT_ONCE = 500_000
# Visits to all rows in an epoch of a stream, at most, over which what is drawn often is spread.
MOST_ROUNDS = 16

# Of some rows, (m,), the expected number of draws in an epoch, (m,).
Draws = Callable[[np.ndarray], np.ndarray]
# Which of some rows, (m,), are taken, bool (m,).
Keep = Callable[[np.ndarray], np.ndarray]


def expected_draws(labels: Any, sampling: str) -> np.ndarray:
    """The number of times that each row is drawn in an epoch, on average, (n,).

    Args:
        labels: ids (n,), 0 or 1 of shape (n, 1) or (n, C), or a dict of these by head, of which the mean is taken.
        sampling: `"balanced"`: a label is drawn, all alike, and then one of its rows; `"sqrt"`: labels are drawn by the
            root of their frequency; both have n rows in an epoch. `"oversample"`: every row is drawn at least once, and
            as often as its rarest label asks, sqrt(t / f) for a label on a share f of the rows and t the smaller of 0.1
            and the share of the most frequent label; epochs are longer. A row without labels is of a label of its own.

    Reference:
        Gupta et al., "LVIS", 2019, section 4.2 (repeat factors); Mahajan et al., "Exploring the Limits of Weakly
        Supervised Pretraining", 2018, section 2.2 (square root).
    """
    rows = ArrayLabels(labels if isinstance(labels, Mapping) else {"": labels})
    return row_draws(rows, sampling)(np.arange(rows.num_rows))


def row_draws(rows: LabelRows, sampling: str, keep: Keep | None = None) -> Draws:
    """As `expected_draws`, of rows of any number, of which `keep` says which are taken."""
    check_choice("sampling", sampling, SAMPLINGS)
    by_head = [_head_draws(rows, head, sampling, keep) for head in rows.heads]
    return lambda some: np.mean([draws(some) for draws in by_head], axis=0)


def draw_rows(draws: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows of one epoch, in random order: each as often as expected, (n,), rounded up or down at random."""
    order = random.permutation(len(draws))
    total = round(float(draws.sum()))
    ends = np.cumsum(draws[order])
    ticks = (np.arange(total) + random.random()) * (ends[-1] / total)
    return random.permutation(order[np.searchsorted(ends, ticks, side="right").clip(max=len(draws) - 1)])


@dataclasses.dataclass(frozen=True)
class RowSampling:
    """Draws rows of a stream so that over an epoch each comes as often as expected, rounded up or down by chance.

    Unlike `draw_rows` it needs no number for each row in memory, but only the sum of the expected draws of all rows, and
    the most of a row.
    """

    draws: Draws
    total: float
    most: float
    seed: int

    @classmethod
    def of(cls, rows: LabelRows, draws: Draws, keep: Keep | None, seed: int) -> "RowSampling":
        """Look at all rows once for the sum and the maximum of their draws."""
        total, most = 0.0, 1.0
        for piece in _pieces(rows.num_rows, keep):
            values = draws(piece)
            total, most = total + float(values.sum()), max(most, float(values.max(initial=0.0)))
        return cls(draws, total, most, seed)

    @property
    def rounds(self) -> int:
        """Over how many visits to all rows an epoch's draws are spread."""
        return int(np.clip(np.ceil(self.most), 1, MOST_ROUNDS))

    def __call__(self, rows: np.ndarray, epoch: int, turn: int) -> np.ndarray:
        """How often rows are drawn in one of the rounds."""
        chance = uniform(rows, self.seed, epoch)
        expected = self.draws(rows) / self.rounds
        before, after = (np.floor(expected * number + chance) for number in (turn, turn + 1))
        return np.asarray(after - before, dtype=np.int64)


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


def count_drawn(rows: LabelRows, draws: Draws | None, keep: Keep | None) -> dict[str, tuple[np.ndarray, int]]:
    """Head name -> rows of an epoch that have each label, int64 (C,), and rows in all."""
    counts = {head: np.zeros(0) for head in rows.heads}
    total = 0.0
    for piece in _pieces(rows.num_rows, keep):
        weights = np.ones(len(piece)) if draws is None else draws(piece)
        total += float(weights.sum())
        for head in counts:
            labels, numbers = rows.labels_of(head, piece)
            counts[head] = _add(counts[head], np.bincount(labels, weights=np.repeat(weights, numbers)))
    return {head: (np.round(sums).astype(np.int64), round(total)) for head, sums in counts.items()}


def _head_draws(rows: LabelRows, head: str, sampling: str, keep: Keep | None) -> Draws:
    """Expected draws by the labels of one head."""
    counts, unlabelled, total = np.zeros(0), 0, 0
    for piece in _pieces(rows.num_rows, keep):
        labels, numbers = rows.labels_of(head, piece)
        counts = _add(counts, np.bincount(labels).astype(np.float64))
        unlabelled, total = unlabelled + int((numbers == 0).sum()), total + len(piece)
    counts = np.maximum(np.append(counts, unlabelled), 1)  # a row without labels is of a label of its own
    if sampling == "oversample":
        shares = counts / total
        repeats = np.maximum(np.sqrt(min(RARE, float(shares.max())) / shares), 1.0)
        return lambda some: _by_row(rows, head, some, repeats, rarest=True)
    worth = 1.0 / counts if sampling == "balanced" else 1.0 / np.sqrt(counts)
    drawn = sum(float(_by_row(rows, head, piece, worth).sum()) for piece in _pieces(rows.num_rows, keep))
    return lambda some: _by_row(rows, head, some, worth) * (total / drawn)


def _by_row(rows: LabelRows, head: str, some: np.ndarray, worth: np.ndarray, *, rarest: bool = False) -> np.ndarray:
    """The mean of the worth of each row's labels, or that of the rarest one."""
    labels, numbers = rows.labels_of(head, some)
    values = np.full(len(some), worth[-1])
    owners = np.repeat(np.arange(len(some)), numbers)
    has_labels = numbers > 0
    if rarest:
        values[has_labels] = 0.0
        np.maximum.at(values, owners, worth[labels])
    else:
        sums = np.bincount(owners, weights=worth[labels], minlength=len(some))
        values[has_labels] = sums[has_labels] / numbers[has_labels]
    return values


def _pieces(num_rows: int, keep: Keep | None) -> Iterator[np.ndarray]:
    """All rows that are taken, piece by piece."""
    for start in range(0, num_rows, ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, num_rows))
        yield rows if keep is None else rows[keep(rows)]


def _add(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of two counts, of which one may know more labels."""
    both = np.zeros(max(len(one), len(other)))
    both[: len(one)] += one
    both[: len(other)] += other
    return both
