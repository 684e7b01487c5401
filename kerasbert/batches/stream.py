"""Batches from a token cache of any size, or from tokens in memory, by token budget within length buckets."""

import collections
import concurrent.futures
import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_bool, check_int
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.batches.lengths import lengths_of_counts
from kerasbert.batches.memory import TokenBatches
from kerasbert.batches.row_plan import POOL_ROWS, Pool, RowPlan
from kerasbert.batches.rows import RowStore
from kerasbert.batches.sampling import RowSampling, count_drawn, row_draws
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.rules import ONE_OF_TWO
from kerasbert.tokenization.augmentation import RATES, Augmentation, parse_augmentation
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

# Distinct (rows, length) of batches.
NUM_SHAPES = 8
# An average batch holds as many texts as the default batch of `make_batches`.
MEAN_ROWS = 32
# Rows that are read to look at their tokens.
ROWS_AT_ONCE = 16_384
# Number of a further pass over the rows, where chance drew fewer than an epoch needs; no epoch has so high a number.
ANOTHER_PASS = 2**40
# Of a batch's size, the share (one in so many) by which it may be lowered so that whole batches hold all texts.
LOWERED = 8


class _Held(NamedTuple):
    """Rows in memory, ascending by number."""

    rows: np.ndarray
    token_arrays: TokenArrays
    labels: dict[str, np.ndarray]

    def take(self, rows: np.ndarray) -> "_Held":
        places = np.searchsorted(self.rows, rows)
        return _Held(rows, self.token_arrays.take(places), {name: part[places] for name, part in self.labels.items()})


class _Asked(NamedTuple):
    """Where `rows_of` stands: a pool, the number of its first batch, and the pools that follow."""

    epoch: int
    first: int
    pool: Pool
    rest: Iterator[Pool]


class StreamBatches(TokenBatches):
    """Batches of a few fixed shapes; made by `stream_batches`.

    Args:
        store: where the rows are.
        plan: which rows form which batch.
        counts: head name -> how many rows of an epoch have each label.
        pad_id: id that fills up a text.
        share: number of this worker and of all workers; each takes its share of every batch.
        augmentation: what is done to the tokens of each batch; None: nothing.

    Attributes:
        shapes: (rows, length) of all batches, at most 8 distinct ones, with how often each comes in an epoch.
        padding: share of an epoch's tokens that are padding.
        num_tokens: tokens in an epoch, padding apart.
    """

    def __init__(
        self,
        store: RowStore,
        plan: RowPlan,
        counts: Mapping[str, LabelCounts],
        *,
        pad_id: int,
        share: tuple[int, int] = (0, 1),
        augmentation: Augmentation | None = None,
    ) -> None:
        self.store = store
        self.plan = plan
        self.seed = plan.seed
        self.pad_id = pad_id
        self.share = share
        self.augmentation = augmentation
        self._asked: _Asked | None = None
        self.label_counts = dict(counts)
        self.labels = next(iter(self.label_counts.values())) if self._one_head() else self.label_counts
        self.shapes = self._count_shapes()
        self.steps = sum(self.shapes.values())
        self.num_examples = sum(rows * count for (rows, _), count in self.shapes.items())
        padded = sum(rows * length * count for (rows, length), count in self.shapes.items())
        self.num_tokens = self._real_tokens()
        self.padding = 1 - self.num_tokens / max(padded, 1)
        example = self._inputs(self._held(np.arange(min(store.num_rows, 1))), 1)
        self.pipeline = self._pipeline(example, self._static_shape())
        self.dataset = self.with_length(self.pipeline)
        self.dataset.longest_input = max((length for _, length in self.shapes), default=0)

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """The rows of one batch, of all workers; asked in order, each costs next to nothing."""
        if not 0 <= step < self.steps:
            raise ConfigError(f"`step` must be from 0 to {self.steps - 1}; got {step}.")
        if self._asked is None or self._asked.epoch != epoch or step < self._asked.first:
            pools = self._pools(epoch)
            self._asked = _Asked(epoch, 0, next(pools), pools)
        while step >= self._asked.first + len(self._asked.pool.batches):
            first = self._asked.first + len(self._asked.pool.batches)
            self._asked = _Asked(epoch, first, next(self._asked.rest), self._asked.rest)
        return self._asked.pool.batches[step - self._asked.first][0]

    def fingerprint(self) -> dict[str, Any]:
        """A description of the batches: two sources with equal fingerprints give equal batches."""
        lengths = hashlib.sha256(np.ascontiguousarray(self.plan.lengths).data).hexdigest()
        own = {"folder", "sources"}  # the same tokens may lie elsewhere
        facts = {name: value for name, value in getattr(self.store, "facts", {}).items() if name not in own}
        return {
            "tokens": f"sha256:{hashlib.sha256(json.dumps([lengths, facts], sort_keys=True).encode()).hexdigest()}",
            "shapes": [list(shape) for shape in sorted(self.shapes)],
            "seed": self.seed,
            "shuffle": self.plan.shuffle,
            "texts": self.num_examples,
            "share": list(self.share),
            "augmentation": None if self.augmentation is None else [getattr(self.augmentation, rate) for rate in RATES],
        }

    def describe(self) -> str:
        """Shapes and padding in words, for the log."""
        listed = ", ".join(f"{rows}x{length}" for rows, length in sorted(self.shapes, key=lambda shape: shape[::-1]))
        return f"Batches of {len(self.shapes)} shapes (texts x tokens): {listed}; {self.padding:.1%} padding."

    def _one_head(self) -> bool:
        return len(self.label_counts) == 1

    def _count_shapes(self) -> dict[tuple[int, int], int]:
        if self.plan.draw is not None:
            return dict(collections.Counter(self.plan.shapes(0)))
        *batches, rest = self.plan.count().tolist()
        sized = zip(self.plan.sizes, self.plan.buckets, strict=True)
        shapes = {shape: count for shape, count in zip(sized, batches, strict=True) if count}
        if rest >= self.share[1]:
            odd = (rest, self.plan.buckets[-1])
            shapes[odd] = shapes.get(odd, 0) + 1
        return shapes

    def _real_tokens(self) -> int:
        if self.plan.draw is None and self.plan.keep is None and self.num_examples == self.store.num_rows:
            return int(self.store.lengths.sum(dtype=np.int64))
        total = 0
        for pool in self._pools(0):
            total += sum(int(self.store.lengths[rows].sum(dtype=np.int64)) for rows, _ in pool.batches)
        return total

    def _pools(self, epoch: int) -> Iterator[Pool]:
        """Pools with exactly `steps` batches in all."""
        left = self.steps
        for turn in itertools.count():
            for pool in self.plan.pools(epoch + turn * ANOTHER_PASS):
                yield pool._replace(batches=pool.batches[:left])
                left -= min(left, len(pool.batches))
                if not left:
                    return

    def _reads(self, epoch: int, skip: int) -> Iterator[tuple[Pool, np.ndarray]]:
        """Pools from a batch on, and which of their rows are not held from the one before."""
        held = np.zeros(0, dtype=np.int64)
        for pool in self._pools(epoch):
            batches, skip = pool.batches[skip:], max(skip - len(pool.batches), 0)
            if not batches:
                continue
            needed = np.unique(np.concatenate([*(rows for rows, _ in batches), pool.waiting]))
            yield pool._replace(batches=batches), np.setdiff1d(needed, held, assume_unique=True)
            held = pool.waiting

    def _plan(self, epoch: int) -> Iterator[tuple[np.ndarray, int]]:
        for pool in self._pools(epoch):
            for rows, length in pool.batches:
                yield rows[self.share[0] :: self.share[1]], length

    def _read(self) -> Iterator[tuple[Any, ...]]:
        # The rows of the next pool are read while the batches of one are given.
        epoch, skip = self._next_epoch()
        held: _Held | None = None
        number = epoch * self.steps + skip
        with concurrent.futures.ThreadPoolExecutor(1) as reader:
            for pool, coming in _one_ahead(self._reads(epoch, skip), lambda item: reader.submit(self._held, item[1])):
                held = _joined(held, coming.result())
                for rows, length in pool[0].batches:
                    yield (*self._inputs(held.take(rows[self.share[0] :: self.share[1]]), length), number)
                    number += 1
                held = held.take(pool[0].waiting)

    def _texts(self) -> Iterator[TokenArrays | WindowArrays]:
        for start in range(0, self.store.num_rows, ROWS_AT_ONCE):
            yield self.store.read(np.arange(start, min(start + ROWS_AT_ONCE, self.store.num_rows)))[0]

    def _held(self, rows: np.ndarray) -> _Held:
        return _Held(rows, *self.store.read(rows))

    def _inputs(self, held: _Held, length: int) -> tuple[Any, ...]:
        inputs = held.token_arrays.padded(self.pad_id, length)
        if not self.label_counts:
            return (inputs,)
        return inputs, (next(iter(held.labels.values())) if self._one_head() else held.labels)

    def _static_shape(self) -> tuple[int | None, int | None]:
        if len(self.shapes) > 1:
            return None, None
        [(rows, length)] = self.shapes or [(None, None)]
        return None if rows is None else len(range(self.share[0], rows, self.share[1])), length


def stream_batches(
    cache: TokenCache,
    *,
    token_budget: int | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    num_shapes: int = NUM_SHAPES,
    static: bool = False,
    sampling: str | None = None,
    augment: Augmentation | Mapping[str, float] | None = None,
    held_out: np.ndarray | None = None,
    share: tuple[int, int] = (0, 1),
) -> StreamBatches:
    """Batches from a token cache, as many tokens in each as the budget allows; memory holds some ten thousand texts.

    Every text is padded to one of a few lengths, chosen so that the whole cache has the least padding, and a batch of
    shorter texts holds more of them. Every epoch takes every text once, in an order that follows from the seed; texts are
    shuffled among 16,384 that come from blocks all over the data, so that files sorted by label do no harm.

    Args:
        cache: from `prepare_tokens` or `open_cache`.
        token_budget: most tokens of a batch, padding included; None: such that an average batch has `batch_size` texts.
        batch_size: texts of an average batch, without `token_budget`; None means 32.
        shuffle: whether epochs have another order each.
        seed: of the order, the draws and the augmentation.
        num_shapes: most distinct (texts, length) of batches, >= 2; >= 1 with `static`.
        static: whether texts are left out of an epoch rather than put into an odd batch at its end, where sizes cannot be
            chosen to fit; with `num_shapes=1` the dataset's own shapes are static too, as TPUs need.
        sampling: None takes every text once; `"balanced"`, `"sqrt"` and `"oversample"`: see `make_batches`.
        augment: what is done to the tokens of each batch, an `Augmentation` or a dict of its arguments.
        held_out: rows that are left out, ascending.
        share: number of this worker, from 0, and of all workers: each takes its share of every batch.

    Returns:
        The batches, for `finetune`; `begin(epoch, step)` goes on anywhere.

    Raises:
        ConfigError: when a number is out of its range, or the budget does not hold the longest text.
        DataError: when there is no row.

    Example:
        >>> batches = stream_batches(cache, token_budget=4096)  # doctest: +SKIP
    """
    if batch_size is not None and token_budget is not None:
        raise ConfigError(
            f"One of `token_budget` and `batch_size` may be given, the tokens or the texts of a batch; got {token_budget} "
            f"and {batch_size}."
        )
    keep = None if held_out is None else _keeper(held_out)
    length_counts = np.array(cache.facts["length_counts"], dtype=np.int64)
    if held_out is not None:
        length_counts = length_counts - np.bincount(cache.lengths[held_out], minlength=len(length_counts))
    plan = plan_rows(
        cache.lengths,
        length_counts,
        token_budget=token_budget,
        mean_rows=MEAN_ROWS if batch_size is None else check_int("batch_size", batch_size, 1),
        shuffle=shuffle,
        seed=seed,
        num_shapes=num_shapes,
        static=static,
        share=share,
    )
    draws = None if sampling is None else row_draws(cache, sampling, keep)
    counts = _label_counts(cache, count_drawn(cache, draws, keep))
    if draws is not None:
        drawn = RowSampling.of(cache, draws, keep, seed)
        plan = dataclasses.replace(plan, draw=drawn, rounds=drawn.rounds, drop_rest=True)
    plan = dataclasses.replace(plan, keep=keep)
    augmentation = parse_augmentation(augment, cache.token_kinds, cache.facts["mask_id"])
    return StreamBatches(cache, plan, counts, pad_id=cache.pad_id, share=share, augmentation=augmentation)


def plan_rows(
    lengths: np.ndarray,
    length_counts: np.ndarray,
    *,
    token_budget: int | None = None,
    mean_rows: int = MEAN_ROWS,
    shuffle: bool = True,
    seed: int = 0,
    num_shapes: int = NUM_SHAPES,
    static: bool = False,
    share: tuple[int, int] = (0, 1),
) -> RowPlan:
    """The plan of `stream_batches`, from the lengths of the rows, (n,), or their counts."""
    check_bool("shuffle", shuffle)
    check_bool("static", static)
    check_int("seed", seed, 0)
    check_int("num_shapes", num_shapes, 1 if static else 2)
    check_int("share[1]", share[1], 1)
    check_int("share[0]", share[0], 0, share[1] - 1)
    if not length_counts.sum():
        raise DataError("There must be at least one text to train on; got none.")
    counts = length_counts[: int(np.flatnonzero(length_counts)[-1]) + 1]
    buckets = lengths_of_counts(counts, num_lengths=num_shapes, multiple=1)
    sizes, rest = fit_sizes(buckets, counts, token_budget, share[1], mean_rows)
    if rest and not static:
        # Room for the shape of the odd batch.
        buckets = lengths_of_counts(counts, num_lengths=max(num_shapes - 1, 1), multiple=1)
        sizes, rest = fit_sizes(buckets, counts, token_budget, share[1], mean_rows)
    static = static or share[1] > 1
    pool_rows = max(POOL_ROWS, 4 * sum(sizes))
    return RowPlan(lengths, buckets, sizes, shuffle, seed, drop_rest=static, pool_rows=pool_rows)


def fit_sizes(
    buckets: tuple[int, ...],
    counts: np.ndarray,
    budget: int | None = None,
    workers: int = 1,
    mean_rows: int = MEAN_ROWS,
) -> tuple[tuple[int, ...], int]:
    """Texts of a batch of each padded length, such that whole batches hold all texts if possible, and how many are left.

    What fills no batch of its own length goes with the next longer ones. Sizes are lowered a little where that leaves
    fewer such texts, and so that the size at the longest divides what arrives there.

    Args:
        counts: texts of 0, 1, 2, ... tokens.
        budget: most tokens of a batch; None: such that an average batch has `mean_rows` texts.
    """
    places = np.searchsorted(buckets, np.arange(len(counts)))
    if budget is None:
        mean = float((np.array(buckets)[places] * counts).sum() / counts.sum())
        budget = max(round(mean_rows * mean), buckets[-1] * workers)
    check_int("token_budget", budget, buckets[-1] * workers, None, "tokens of the longest text for each worker")
    rows = np.bincount(places, weights=counts, minlength=len(buckets)).astype(np.int64)
    most = [budget // length // workers * workers for length in buckets]
    sizes: list[int] = []
    rest = 0
    for count, limit in zip(rows[:-2].tolist(), most[:-2], strict=True):
        sizes.append(_lowered(limit, workers, rest + count)[0])
        rest = (rest + count) % sizes[-1]
    if len(buckets) == 1:
        last, left = _last_size(int(rows[-1]), most[-1], workers)
        return (last,), left
    before = rest + int(rows[-2])
    tried = [
        (size, *_last_size(before % size + int(rows[-1]), most[-1], workers))
        for size in _lowered(most[-2], workers, before, 2)
    ]
    size, last, left = next((way for way in tried if not way[2]), tried[0])
    return (*sizes, size, last), left


def _lowered(limit: int, workers: int, arriving: int, share: int = LOWERED) -> list[int]:
    """Sizes up to a limit and not far below it, first those that leave the fewest of the arriving texts."""
    sizes = range(limit, max(limit - limit // share, workers) - 1, -workers)
    return sorted(sizes, key=lambda size: (arriving % size, -size))


def _last_size(arriving: int, limit: int, workers: int) -> tuple[int, int]:
    """The largest size that holds all arriving texts in whole batches, or the limit and what it leaves."""
    if 0 < arriving <= limit and arriving % workers == 0:
        return arriving, 0
    for size in range(limit, limit // 2, -1):
        if size % workers == 0 and arriving % size == 0:
            return size, 0
    return limit, arriving % limit


def _label_counts(cache: TokenCache, drawn: Mapping[str, tuple[np.ndarray, int]]) -> dict[str, LabelCounts]:
    """What `count_drawn` gives, for the labels that the heads have."""
    counts = {}
    for name, (found, total) in drawn.items():
        every = np.zeros(len(cache.heads[name].names), dtype=np.int64)
        every[: len(found)] = found
        counts[name] = LabelCounts(every[1:] if cache.heads[name].kind.rules is ONE_OF_TWO else every, total)
    return counts


def _keeper(held_out: np.ndarray) -> Any:
    """A filter for rows that are not held out."""

    def keep(rows: np.ndarray) -> np.ndarray:
        places = np.searchsorted(held_out, rows)
        return np.asarray(held_out[np.minimum(places, len(held_out) - 1)] != rows)

    return keep if len(held_out) else None


def _one_ahead(items: Iterator[Any], start: Any) -> Iterator[tuple[Any, Any]]:
    """Each item with what was started for it, while that of the next one is under way."""
    waiting: collections.deque[Any] = collections.deque()
    for item in items:
        waiting.append((item, start(item)))
        if len(waiting) > 1:
            yield waiting.popleft()
    yield from waiting


def _joined(held: _Held | None, new: _Held) -> _Held:
    if held is None or not len(held.rows):
        return new
    if not len(new.rows):
        return held
    rows = np.concatenate([held.rows, new.rows])
    token_arrays = TokenArrays.concatenate([held.token_arrays, new.token_arrays])
    labels = {name: np.concatenate([part, new.labels[name]]) for name, part in held.labels.items()}
    order = np.argsort(rows)
    return _Held(rows[order], token_arrays.take(order), {name: part[order] for name, part in labels.items()})
