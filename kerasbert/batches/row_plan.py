"""Which rows form which batch: token budgets within length buckets, in an order that a seed gives, for rows of any number.

Rows are taken in blocks of neighbours, because neighbours are read at once. An epoch visits the blocks in a random order,
some at a time (a pool); the rows of a pool are shuffled, put into buckets by length, and cut into batches. What fills
no batch waits for the next pool. Only the lengths of the rows are looked at, so that a plan costs next to nothing.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

BLOCK = 256
POOL_ROWS = 16384

# How often each of some rows, (m,), is drawn in one of the rounds of an epoch, (m,).
Drawing = Callable[[np.ndarray, int, int], np.ndarray]


class Pool(NamedTuple):
    """Batches, (rows, padded length), of rows read together, ascending; `waiting` are those that fill no batch yet."""

    rows: np.ndarray
    batches: list[tuple[np.ndarray, int]]
    waiting: np.ndarray


@dataclasses.dataclass(frozen=True)
class RowPlan:
    """The batches of every epoch.

    Args:
        lengths: tokens of each row, (n,).
        buckets: padded lengths, ascending; the last covers the longest row.
        sizes: rows of a batch of each padded length.
        shuffle: whether every epoch has another order; else rows come as they are, bucket by bucket.
        keep: says which of some rows are taken, as bools; None: all.
        draw: how often rows are drawn; None: once.
        rounds: how many times an epoch visits all rows, to spread what is drawn often.
        drop_rest: whether the rows that fill no batch at the end of an epoch are left out of it.
        pool_rows: rows that are shuffled together.
    """

    lengths: np.ndarray
    buckets: tuple[int, ...]
    sizes: tuple[int, ...]
    shuffle: bool = True
    seed: int = 0
    keep: Callable[[np.ndarray], np.ndarray] | None = None
    draw: Drawing | None = None
    rounds: int = 1
    drop_rest: bool = False
    pool_rows: int = POOL_ROWS

    def pools(self, epoch: int) -> Iterator[Pool]:
        """The batches of an epoch, pool by pool."""
        random = np.random.default_rng([self.seed, epoch])
        waiting: list[np.ndarray] = [np.zeros(0, dtype=np.int64) for _ in self.buckets]
        for rows in self._visits(epoch, random):
            batches: list[tuple[np.ndarray, int]] = []
            places = np.searchsorted(self.buckets, self.lengths[rows])
            for place, (length, size) in enumerate(zip(self.buckets, self.sizes, strict=True)):
                queue = np.concatenate([waiting[place], rows[places == place]])
                whole = len(queue) // size * size
                batches += [(part, length) for part in queue[:whole].reshape(-1, size)]
                waiting[place] = queue[whole:]
            yield Pool(np.unique(rows), self._mixed(batches, random), _distinct(waiting))
        yield Pool(np.zeros(0, dtype=np.int64), self._mixed(self._last(waiting), random), np.zeros(0, dtype=np.int64))

    def shapes(self, epoch: int = 0) -> list[tuple[int, int]]:
        """(rows, length) of each batch of an epoch."""
        return [(len(rows), length) for pool in self.pools(epoch) for rows, length in pool.batches]

    def count(self) -> np.ndarray:
        """Batches of each padded length in an epoch without drawing, and last the rows of the odd batch at its end."""
        rows = np.zeros(len(self.buckets), dtype=np.int64)
        for block in self._blocks_of(np.arange(self._num_blocks()), 4 * POOL_ROWS // BLOCK):
            rows += np.bincount(np.searchsorted(self.buckets, self.lengths[block]), minlength=len(rows))
        batches = rows // self.sizes
        rest = 0
        for place, size in enumerate(self.sizes):
            rest += int(rows[place] % size)
            batches[place] += rest // size
            rest %= size
        return np.append(batches, 0 if self.drop_rest else rest)

    def _last(self, waiting: list[np.ndarray]) -> list[tuple[np.ndarray, int]]:
        """Batches of what is left at the end: each bucket's rest goes with the next longer one's."""
        batches: list[tuple[np.ndarray, int]] = []
        rest = np.zeros(0, dtype=np.int64)
        for length, size, rows in zip(self.buckets, self.sizes, waiting, strict=True):
            rest = np.concatenate([rest, rows])
            whole = len(rest) // size * size
            batches += [(part, length) for part in rest[:whole].reshape(-1, size)]
            rest = rest[whole:]
        if len(rest) and not self.drop_rest:
            batches.append((rest, self.buckets[-1]))
        return batches

    def _visits(self, epoch: int, random: np.random.Generator) -> Iterator[np.ndarray]:
        """The rows of each pool, in order."""
        at_once = max(self.pool_rows // BLOCK, 1) * self.rounds
        for turn in range(self.rounds):
            blocks = random.permutation(self._num_blocks()) if self.shuffle else np.arange(self._num_blocks())
            for rows in self._blocks_of(blocks, at_once):
                if self.draw is not None:
                    rows = np.repeat(rows, self.draw(rows, epoch, turn))
                yield random.permutation(rows) if self.shuffle else rows

    def _blocks_of(self, blocks: np.ndarray, at_once: int) -> Iterator[np.ndarray]:
        for start in range(0, len(blocks), at_once):
            starts = blocks[start : start + at_once, None].astype(np.int64) * BLOCK
            rows = (starts + np.arange(BLOCK)).reshape(-1)
            rows = rows[rows < len(self.lengths)]
            yield rows if self.keep is None else rows[self.keep(rows)]

    def _num_blocks(self) -> int:
        return -(-len(self.lengths) // BLOCK)

    def _mixed(self, batches: list[Any], random: np.random.Generator) -> list[Any]:
        return [batches[place] for place in random.permutation(len(batches))] if self.shuffle else batches


def _distinct(rows: list[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate(rows))
