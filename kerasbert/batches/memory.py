"""Batches of texts of like length, padded to a few fixed lengths, as a `tf.data` pipeline."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import check_int
from kerasbert.batches.rows import ArrayLabels
from kerasbert.batches.sampling import draw_rows
from kerasbert.batches.source import TokenBatches
from kerasbert.labels.counts import label_counts
from kerasbert.tokenization.augmentation import Augmentation
from kerasbert.tokenization.token_arrays import TokenArrays

# Batches within which texts are sorted by length: more give less padding, fewer more chance.
POOL = 50
NUM_LENGTHS = 8
# As `lengths`: each batch is padded to its own longest text.
LONGEST = "longest"
MULTIPLE = 4


class MemoryRows(ArrayLabels):
    """Rows in memory, read as those of a token cache are.

    Args:
        token_arrays: `TokenArrays` of n texts, or their `WindowArrays`.
        labels: head name -> array (n, ...); none for prediction.
        num_labels: head name -> number of its labels.
    """

    def __init__(
        self,
        token_arrays: Any,
        labels: Mapping[str, np.ndarray],
        num_labels: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(labels)
        self.token_arrays = token_arrays
        self.lengths: np.ndarray = token_arrays.lengths
        self.num_rows = len(token_arrays)
        self.num_cut: int = token_arrays.num_truncated
        self.max_length: int = token_arrays.max_length
        self._num_labels = num_labels or {}

    @property
    def counts(self) -> dict[str, np.ndarray]:
        """See `RowStore`."""
        return {head: label_counts(self.heads[head], count) for head, count in self._num_labels.items()}

    def read(self, rows: np.ndarray) -> tuple[Any, dict[str, np.ndarray]]:
        """See `RowStore.read`."""
        return self.token_arrays.take(rows), {name: array[rows] for name, array in self.heads.items()}


class Batches(TokenBatches):
    """Batches for `fit`, `evaluate` or `predict`; made by `make_batches`.

    Args:
        token_arrays: the texts' token ids.
        labels: array (n, ...) or dict of arrays by head; None for prediction.
        sample_weight: array (n,) or dict of arrays by head; None for equal weights.
        batch_size: texts in a batch.
        shuffle: whether every epoch has another order.
        seed: of the orders.
        lengths: the padded lengths allowed.
        pad_id: id that fills up a text.
        draws: how often each row is drawn in an epoch, on average, (n,); None: once.
        augmentation: what is done to the tokens of each batch; None: nothing.
        by_length: whether texts that are not shuffled come from short to long.

    Example:
        >>> batches = make_batches(TokenArrays.from_lists([[2, 5, 3], [2, 3]]), batch_size=2)
        >>> batches.steps, batches.shapes, next(iter(batches.dataset))["input_ids"].numpy().tolist()
        (1, (4,), [[2, 5, 3, 0], [2, 3, 0, 0]])
    """

    def __init__(
        self,
        token_arrays: TokenArrays,
        labels: Any = None,
        *,
        sample_weight: Any = None,
        batch_size: int,
        shuffle: bool,
        seed: int,
        lengths: tuple[int, ...],
        pad_id: int,
        draws: np.ndarray | None = None,
        augmentation: Augmentation | None = None,
        by_length: bool = False,
    ) -> None:
        self.token_arrays = token_arrays
        self.labels = labels
        self.sample_weight = sample_weight
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.lengths = lengths
        self.pad_id = pad_id
        self.draws = draws
        self.augmentation = augmentation
        self.by_length = by_length
        # The epoch that `rows_of` was asked about last.
        self._planned: tuple[int, list[tuple[np.ndarray, int]]] | None = None
        #: Row of each text in the order in which an unshuffled pipeline gives them.
        self.order = np.argsort(token_arrays.lengths, kind="stable") if by_length else np.arange(len(token_arrays))
        first = self._plan(0)
        #: The padded lengths that occur.
        self.shapes = tuple(sorted({length for _, length in first}))
        real = sum(int(token_arrays.lengths[rows].sum()) for rows, _ in first)
        #: Tokens in an epoch, padding apart.
        self.num_tokens = real
        #: Share of an epoch's tokens that are padding.
        self.padding = 1 - real / sum(self._num_rows(rows) * length for rows, length in first) if real else 0.0
        #: As `dataset`, but of no promised number of batches.
        self.pipeline = self._pipeline(self._batch(np.arange(0), 1))
        self.dataset = self.with_length(self.pipeline)
        self.dataset.longest_input = max(lengths if draws is not None else self.shapes, default=0)

    @property
    def num_examples(self) -> int:  # type: ignore[override]
        """Texts in an epoch; one that is drawn twice counts twice."""
        return len(self.token_arrays) if self.draws is None else round(float(self.draws.sum()))

    @property
    def steps(self) -> int:  # type: ignore[override]
        """Batches in an epoch."""
        return -(-self.num_examples // self.batch_size)

    def rows(self, epoch: int) -> np.ndarray:
        """The rows that an epoch takes, in no order that matters, (num_examples,)."""
        random = np.random.default_rng([self.seed, epoch])
        return np.arange(len(self.token_arrays)) if self.draws is None else draw_rows(self.draws, random)

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """The rows of one batch."""
        if self._planned is None or self._planned[0] != epoch:
            self._planned = epoch, self._plan(epoch)
        return self._planned[1][step][0]

    def _plan(self, epoch: int) -> list[tuple[np.ndarray, int]]:
        """The rows of each batch of an epoch, and the length they are padded to."""
        lengths, size = self.token_arrays.lengths, self.batch_size
        order = self.order
        if self.shuffle:
            random = np.random.default_rng([self.seed, epoch])
            order = random.permutation(self.num_examples) if self.draws is None else draw_rows(self.draws, random)
            for start in range(0, len(order), POOL * size):
                pool = order[start : start + POOL * size]
                order[start : start + POOL * size] = pool[np.argsort(lengths[pool], kind="stable")]
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        if self.shuffle:
            batches = [batches[index] for index in random.permutation(len(batches))]
        return [(rows, self._padded(int(lengths[rows].max()))) for rows in batches]

    def _num_rows(self, rows: np.ndarray) -> int:
        """Rows of the inputs for some texts."""
        return len(rows)

    def _padded(self, length: int) -> int:
        return self.lengths[int(np.searchsorted(self.lengths, length))]

    def _read(self) -> Iterator[tuple[Any, ...]]:
        for rows, length, number in self._numbered():
            yield (*self._batch(rows, length), number)

    def _batch(self, rows: np.ndarray, length: int) -> tuple[Any, ...]:
        import keras

        targets = [part for part in (self.labels, self.sample_weight) if part is not None]
        taken = keras.tree.map_structure(lambda part: part[rows], targets)
        return self.token_arrays.take(rows).padded(self.pad_id, length), *taken


def choose_lengths(
    lengths: np.ndarray, max_length: int, *, num_lengths: int = NUM_LENGTHS, multiple: int = MULTIPLE
) -> tuple[int, ...]:
    """The few padded lengths that waste the fewest tokens on these texts.

    Exact, by dynamic programming over the histogram of lengths.

    Args:
        lengths: tokens of each text, (n,).
        max_length: the last padded length covers at least this.
        num_lengths: how many at most, >= 1.
        multiple: every padded length is a multiple of this, >= 1.

    Returns:
        Ascending lengths.

    Raises:
        ConfigError: when a number is out of its range.

    Example:
        >>> choose_lengths(np.array([4, 4, 12, 12, 40]), 40, num_lengths=3)
        (4, 12, 40)
    """
    counts = np.bincount(np.asarray(lengths, dtype=np.int64), minlength=max_length + 1)
    return lengths_of_counts(counts, num_lengths=num_lengths, multiple=multiple)


def lengths_of_counts(
    counts: np.ndarray, *, num_lengths: int = NUM_LENGTHS, multiple: int = MULTIPLE
) -> tuple[int, ...]:
    """As `choose_lengths`, from how many texts have each length.

    Args:
        counts: texts of 0, 1, 2, ... tokens, (longest + 1,).
        num_lengths: how many at most, >= 1.
        multiple: every padded length is a multiple of this, >= 1.
    """
    check_int("num_lengths", num_lengths, 1)
    check_int("multiple", multiple, 1)
    bins = -(-np.arange(len(counts)) // multiple)  # each length in multiples, rounded up
    binned = np.zeros(bins.max() + 1, dtype=np.int64)
    np.add.at(binned, bins, counts)
    candidates = np.append(np.flatnonzero(binned[:-1]), bins.max())
    below = np.cumsum(binned)  # texts of at most this length
    # cost[k, j]: tokens when the texts up to candidate j are padded to k + 1 lengths, the last of them candidate j.
    cost = np.full((num_lengths, len(candidates)), np.inf)
    came_from = np.zeros((num_lengths, len(candidates)), dtype=int)
    cost[0] = below[candidates] * candidates
    for k in range(1, num_lengths):
        for j in range(1, len(candidates)):
            options = cost[k - 1, :j] + (below[candidates[j]] - below[candidates[:j]]) * candidates[j]
            came_from[k, j] = int(options.argmin())
            cost[k, j] = options[came_from[k, j]]
    k, j = int(cost[:, -1].argmin()), len(candidates) - 1
    chosen = [candidates[j]]
    while k:
        k, j = k - 1, came_from[k, j]
        chosen.append(candidates[j])
    return tuple(int(value) * multiple for value in sorted(chosen))
