"""Texts in memory as a `tf.data` pipeline of batches, padded to a few lengths."""

import abc
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_int, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_NAMES
from kerasbert.batches.lengths import checked_lengths
from kerasbert.batches.other_inputs import OtherInputs, checked_other_inputs
from kerasbert.batches.row_arrays import checked_rows
from kerasbert.batches.rows import ArrayLabels
from kerasbert.batches.sampling import draw_rows, expected_draws
from kerasbert.batches.source import BatchSource
from kerasbert.labels.counts import label_counts
from kerasbert.tokenization.augmentation import Augmentation, augment_step
from kerasbert.tokenization.long_texts import WindowArrays, group_rows
from kerasbert.tokenization.token_arrays import TokenArrays

# Batches within which texts are sorted by length: more give less padding, fewer more chance.
POOL = 50
# Batches made ready while one is computed.
READ_AHEAD = 2


class TokenBatches(BatchSource):
    """Batches of token ids and labels, as a `tf.data` pipeline."""

    seed: int
    pad_id: int
    augmentation: Augmentation | None
    others: OtherInputs | None = None

    @abc.abstractmethod
    def _plan(self, epoch: int) -> Iterable[tuple[np.ndarray, int]]:
        """The rows of each batch of an epoch, and the length they are padded to."""

    @abc.abstractmethod
    def _texts(self) -> Iterator[TokenArrays | WindowArrays]:
        """The tokens of all texts, perhaps some at a time."""

    def occurring_tokens(self) -> np.ndarray:
        """The ids of the texts' tokens, of padding, and of what an augmentation puts in their place."""
        mask_id = None if self.augmentation is None else self.augmentation.mask_id
        found = np.unique([self.pad_id, mask_id or 0])
        for texts in self._texts():
            ids = texts.windows.input_ids if isinstance(texts, WindowArrays) else texts.input_ids
            found = np.union1d(found, np.flatnonzero(np.bincount(ids)))
        return found

    @abc.abstractmethod
    def _read(self) -> Iterator[tuple[Any, ...]]:
        """The next epoch's inputs, labels and weights of each batch, and last its number since the first epoch."""

    def with_length(self, dataset: Any) -> Any:
        """A dataset of one epoch that knows its number of batches."""
        import tensorflow as tf

        return dataset.apply(tf.data.experimental.assert_cardinality(self.steps))

    def plan_dataset(self) -> Any:
        """Rows (m,), padded length and number of each batch since the first epoch, a `tf.data.Dataset` of epoch after epoch."""
        import tensorflow as tf

        number = tf.TensorSpec((), tf.int64)
        return tf.data.Dataset.from_generator(
            self._numbered, output_signature=(tf.TensorSpec((None,), tf.int64), number, number)
        )

    def _numbered(self) -> Iterator[tuple[np.ndarray, int, int]]:
        """The batches of the next epoch with their numbers since the first one."""
        epoch, skip = self._next_epoch()
        planned = itertools.islice(self._plan(epoch), skip, None)
        for number, (rows, length) in enumerate(planned, start=epoch * self.steps + skip):
            yield rows, length, number

    def _next_epoch(self) -> tuple[int, int]:
        """Begin an epoch: its number, and how many of its batches are passed over."""
        epoch, skip = self.epoch, self._skip
        self.epoch, self._skip = epoch + 1, 0
        return epoch, skip

    def _pipeline(self, example: tuple[Any, ...], shape: tuple[int | None, int | None] = (None, None)) -> Any:
        """The pipeline of batches that are like an example, (rows, length) of which are known or not."""
        import tensorflow as tf

        arrays = {} if self.others is None else self.others.arrays
        shapes = {name: (shape[0], *array.shape[1:]) for name, array in arrays.items()} | dict.fromkeys(
            INPUT_NAMES, shape
        )
        inputs = {name: tf.TensorSpec(shapes.get(name, (None, None)), part.dtype) for name, part in example[0].items()}
        targets = tf.nest.map_structure(
            lambda part: tf.TensorSpec((shape[0], *part.shape[1:]), part.dtype), example[1:]
        )
        signature = (inputs, *targets, tf.TensorSpec((), tf.int64))
        dataset = tf.data.Dataset.from_generator(self._read, output_signature=signature)
        augment = augment_step(self.augmentation, self.seed, self.pad_id)

        def finish(inputs: Any, *rest: Any) -> Any:
            *targets, number = rest
            inputs = inputs if augment is None else augment(inputs, number)
            return (inputs, *targets) if targets else inputs

        return ahead(dataset, finish)


def ahead(dataset: Any, function: Callable[..., Any]) -> Any:
    """Map a function over a dataset, a few elements ahead of who reads them."""
    import tensorflow as tf

    # The parallelism is fixed: a pipeline that tunes itself has a thread that sleeps 10 ms, then 20 ms, and so on, and the
    # end of the iteration waits for it to wake, which can double the time of a prediction.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.map(function, num_parallel_calls=READ_AHEAD).prefetch(READ_AHEAD).with_options(options)


class MemoryRows(ArrayLabels):
    """Rows in memory, read as those of a token cache are; `num_labels` counts the labels of each head."""

    def __init__(
        self, token_arrays: Any, labels: Mapping[str, np.ndarray], num_labels: Mapping[str, int] | None = None
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
        others: further inputs of each text; None: none.

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
        others: OtherInputs | None = None,
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
        self.others = others
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

    def _texts(self) -> Iterator[TokenArrays]:
        yield self.token_arrays

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
            sort_in_pools(order, lengths, size)
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
        others = {} if self.others is None else self.others.take(rows, self.pad_id)
        return {**self.token_arrays.take(rows).padded(self.pad_id, length), **others}, *taken


class WindowBatches(Batches):
    """Batches of at most `batch_size` texts and at most the budget's windows; made by `make_batches`.

    All windows of a batch go through the encoder at once. Shuffled, every epoch puts texts of as many and equally long
    windows in each other's places, so that all epochs have equally many batches.

    Example:
        >>> tokenizer = Tokenizer.from_pretrained("all-MiniLM-L6-v2", max_length=8, long_texts=LongTexts("windows"))
        >>> batches = make_batches(tokenizer.encode(["a word", "many " * 20]), batch_size=2)
        >>> inputs = next(iter(batches.dataset))
        >>> tuple(inputs["input_ids"].shape), inputs["window_rows"].numpy().tolist()
        ((5, 8), [[1, 0, 0, 0], [2, 3, 4, 5]])
    """

    token_arrays: WindowArrays  # type: ignore[assignment]

    @property
    def steps(self) -> int:  # type: ignore[override]
        """Batches in an epoch."""
        return len(self._slots)

    @functools.cached_property
    def _padded_lengths(self) -> np.ndarray:
        """The length that each text's windows are padded to, (n,)."""
        longest = np.zeros(len(self.token_arrays), dtype=np.int64)
        if len(self.token_arrays):
            windows, offsets = self.token_arrays.windows, self.token_arrays.text_offsets
            longest = np.maximum.reduceat(windows.lengths, offsets[:-1])
        return np.array(self.lengths, dtype=np.int64)[np.searchsorted(self.lengths, longest)]

    @functools.cached_property
    def _slots(self) -> list[np.ndarray]:
        """The rows of each batch before any epoch's exchange of places."""
        order = self.order
        if self.shuffle:
            order = np.random.default_rng(self.seed).permutation(len(self.token_arrays))
            sort_in_pools(order, self.token_arrays.lengths, self.batch_size)
        return group_rows(self.token_arrays, order, self.batch_size)

    def _plan(self, epoch: int) -> list[tuple[np.ndarray, int]]:
        batches = self._slots
        if self.shuffle:
            random = np.random.default_rng([self.seed, epoch])
            place_of = self._exchange(random)
            batches = [place_of[batches[index]] for index in random.permutation(len(batches))]
        return [(rows, int(self._padded_lengths[rows].max())) for rows in batches]

    def _exchange(self, random: np.random.Generator) -> np.ndarray:
        """Which row takes the place of each, (n,): one of as many windows, padded to the same length."""
        kinds = self._padded_lengths * (int(self.token_arrays.budget) + 1) + self.token_arrays.counts
        taken = np.empty(len(kinds), dtype=np.int64)
        for kind in np.unique(kinds):
            rows = np.flatnonzero(kinds == kind)
            taken[rows] = random.permutation(rows)
        return taken

    def _num_rows(self, rows: np.ndarray) -> int:
        return int(self.token_arrays.counts[rows].sum())


def sort_in_pools(order: np.ndarray, lengths: np.ndarray, batch_size: int) -> None:
    """Sort rows by length, in place, within pools of `POOL` batches."""
    for start in range(0, len(order), POOL * batch_size):
        pool = order[start : start + POOL * batch_size]
        order[start : start + POOL * batch_size] = pool[np.argsort(lengths[pool], kind="stable")]


def make_batches(
    token_arrays: TokenArrays,
    labels: Any = None,
    *,
    batch_size: int = 32,
    shuffle: bool = False,
    seed: int = 0,
    lengths: Sequence[int] | str | None = None,
    sample_weight: Any = None,
    sampling: str | None = None,
    pad_id: int = 0,
    augment: Augmentation | None = None,
    by_length: bool = False,
    other_inputs: Mapping[str, Any] | None = None,
) -> Batches:
    """Batch texts and pad each batch to the next of a few lengths.

    Shuffled, every epoch takes the rows in another order, sorts them by length within pools of 50 batches, and shuffles
    the batches; every row comes exactly once. Not shuffled, texts come in their own order, so that the rows of
    `model.predict(batches.dataset)` are those of the texts.

    Args:
        token_arrays: from `Tokenizer.encode`; texts in windows are batched so that no batch has more of these than their budget.
        labels: array (n, ...) or dict of arrays by head; None for prediction.
        batch_size: texts in a batch, >= 1; the last batch of an epoch may be smaller.
        shuffle: True for training.
        seed: of the orders.
        lengths: padded lengths allowed, ascending, the last one covering the longest text; None chooses at most 8 of
            them from the data; `"longest"` pads each batch to its own longest text, for models that are not compiled anew
            for each length.
        sample_weight: array (n,) or dict of arrays by head.
        sampling: None takes every row once; `"balanced"`, `"sqrt"` and `"oversample"` take rows of rare labels more
            often, and with `"balanced"` and `"sqrt"` rows of frequent ones not in every epoch; see docs/training.md.
        pad_id: id that fills up a text.
        augment: what is done to the tokens of each batch, anew in every epoch, from `Tokenizer.augmentation`.
        by_length: True lets texts that are not shuffled come from short to long, with less padding; `order` then tells
            which comes when. `model.predict(batches)`, given the batches themselves, puts the rows back, as `restore` does.
        other_inputs: what a model of your own reads beside the texts, by the names of its inputs: arrays of numbers (n, ...),
            float64 as float32; or token ids of n further texts, which come as `NAME_input_ids`, `NAME_attention_mask` and
            `NAME_token_type_ids`, padded for themselves to a few lengths, or to `lengths`. None: nothing.

    Returns:
        The batches; `dataset` goes to `fit`, and gives `inputs`, `(inputs, labels)` or
        `(inputs, labels, sample_weight)` with int32 inputs of shape (batch, length) beside the `other_inputs`.

    Raises:
        ConfigError: when `batch_size` is below 1, `lengths` do not cover the texts, weights come without labels, or
            `sampling` is unknown, comes without labels or `shuffle`, or with texts in windows; when `by_length` comes
            with `shuffle`, which sorts by itself; when one of the `other_inputs` has the name of another input.
        DataError: when there are not as many labels or rows of an input as texts, or one is NaN.
        TypeError: when an argument has the wrong type, as labels that are names and not numbers.

    Example:
        >>> token_arrays = TokenArrays.from_lists([[2, 5, 3], [2, 3]])
        >>> make_batches(token_arrays, np.array([0, 1]), shuffle=True).num_examples
        2
    """
    _check_token_arrays(token_arrays)
    check_int("batch_size", batch_size, 1)
    check_int("seed", seed, 0)
    check_bool("shuffle", shuffle)
    if check_bool("by_length", by_length) and shuffle:
        raise ConfigError(
            "`by_length` must be False with shuffle=True, which puts texts of like length together anyhow."
        )
    if labels is None and sample_weight is not None:
        raise ConfigError("`sample_weight` needs `labels`: it weights their loss; got `labels` None.")
    windows = getattr(token_arrays, "windows", None)
    if sampling is not None:
        _check_sampling(sampling, labels, shuffle, windows)
    labels = checked_rows("labels", labels, len(token_arrays))
    kind: type[Batches] = Batches if windows is None else WindowBatches
    return kind(
        token_arrays,
        labels,
        sample_weight=checked_rows("sample_weight", sample_weight, len(token_arrays)),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        lengths=checked_lengths(lengths, token_arrays if windows is None else windows),
        pad_id=check_int("pad_id", pad_id, 0),
        draws=None if sampling is None else expected_draws(labels, sampling),
        augmentation=augment,
        by_length=by_length,
        others=checked_other_inputs(other_inputs, len(token_arrays), lengths),
    )


def _check_token_arrays(token_arrays: Any) -> None:
    if not (hasattr(token_arrays, "offsets") or hasattr(token_arrays, "windows")):
        raise TypeError(
            f"`token_arrays` must be what `Tokenizer.encode` gives; got {shorten(token_arrays)} of type "
            f"{type(token_arrays).__name__}. Write make_batches(tokenizer.encode(texts), labels)."
        )


def _check_sampling(sampling: str, labels: Any, shuffle: bool, windows: Any) -> None:
    if labels is None or not shuffle:
        raise ConfigError(f"`sampling` must be None without `labels` and shuffle=True; got {shorten(sampling)}.")
    if windows is not None:
        raise ConfigError(f"`sampling` must be None for texts in windows; got {shorten(sampling)}.")
