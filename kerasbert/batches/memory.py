"""Batches of texts of like length, padded to a few fixed lengths, as a `tf.data` pipeline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_int, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.batches.sampling import draw_rows, expected_draws
from kerasbert.batches.source import TokenBatches
from kerasbert.tokenization.augmentation import Augmentation
from kerasbert.tokenization.token_arrays import TokenArrays

# Batches within which texts are sorted by length: more give less padding, fewer more chance.
POOL = 50
NUM_LENGTHS = 8
# As `lengths`: each batch is padded to its own longest text.
LONGEST = "longest"
MULTIPLE = 4


class Batches(TokenBatches):
    """Batches for `fit`, `evaluate` or `predict`; made by `make_batches`.

    Args:
        tokens: the texts' token ids.
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
        tokens: TokenArrays,
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
        self.tokens = tokens
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
        self.order = np.argsort(tokens.lengths, kind="stable") if by_length else np.arange(len(tokens))
        first = self._plan(0)
        #: The padded lengths that occur.
        self.shapes = tuple(sorted({length for _, length in first}))
        real = sum(int(tokens.lengths[rows].sum()) for rows, _ in first)
        #: Tokens in an epoch, padding apart.
        self.num_tokens = real
        #: Share of an epoch's tokens that are padding.
        self.padding = 1 - real / sum(self._num_rows(rows) * length for rows, length in first) if real else 0.0
        #: As `dataset`, but of no promised number of batches.
        self.pipeline = self._pipeline(self._batch(np.arange(min(len(tokens), 1)), 1))
        self.dataset = self.with_length(self.pipeline)
        self.dataset.longest_input = max(lengths if draws is not None else self.shapes, default=0)

    @property
    def num_examples(self) -> int:  # type: ignore[override]
        """Texts in an epoch; one that is drawn twice counts twice."""
        return len(self.tokens) if self.draws is None else round(float(self.draws.sum()))

    @property
    def steps(self) -> int:  # type: ignore[override]
        """Batches in an epoch."""
        return -(-self.num_examples // self.batch_size)

    def rows(self, epoch: int) -> np.ndarray:
        """The rows that an epoch takes, in no order that matters, (num_examples,)."""
        random = np.random.default_rng([self.seed, epoch])
        return np.arange(len(self.tokens)) if self.draws is None else draw_rows(self.draws, random)

    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """The rows of one batch."""
        if self._planned is None or self._planned[0] != epoch:
            self._planned = epoch, self._plan(epoch)
        return self._planned[1][step][0]

    def _plan(self, epoch: int) -> list[tuple[np.ndarray, int]]:
        """The rows of each batch of an epoch, and the length they are padded to."""
        lengths, size = self.tokens.lengths, self.batch_size
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
        return self.tokens.take(rows).padded(self.pad_id, length), *taken


def make_batches(
    tokens: TokenArrays,
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
) -> Batches:
    """Batch texts and pad each batch to the next of a few lengths.

    Shuffled, every epoch takes the rows in another order, sorts them by length within pools of 50 batches, and shuffles
    the batches; every row comes exactly once. Not shuffled, texts come in their own order, so that the rows of
    `model.predict(batches.dataset)` are those of the texts.

    Args:
        tokens: from `Tokenizer.encode`; texts in windows are batched so that no batch has more of these than their budget.
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

    Returns:
        The batches; `dataset` goes to `fit`, and gives `inputs`, `(inputs, labels)` or
        `(inputs, labels, sample_weight)` with int32 inputs of shape (batch, length).

    Raises:
        ConfigError: when `batch_size` is below 1, `lengths` do not cover the texts, weights come without labels, or
            `sampling` is unknown, comes without labels or `shuffle`, or with texts in windows; when `by_length` comes
            with `shuffle`, which sorts by itself.
        DataError: when there are not as many labels as texts, or one is NaN.
        TypeError: when an argument has the wrong type, as labels that are names and not numbers.

    Example:
        >>> tokens = TokenArrays.from_lists([[2, 5, 3], [2, 3]])
        >>> make_batches(tokens, np.array([0, 1]), shuffle=True).num_examples
        2
    """
    if not (hasattr(tokens, "offsets") or hasattr(tokens, "windows")):
        raise TypeError(
            f"`tokens` must be what `Tokenizer.encode` gives; got {shorten(tokens)} of type {type(tokens).__name__}. Write "
            f"make_batches(encoder.encode(texts), labels)."
        )
    check_int("batch_size", batch_size, 1)
    check_bool("shuffle", shuffle)
    if check_bool("by_length", by_length) and shuffle:
        raise ConfigError(
            "`by_length` must be False with shuffle=True, which puts texts of like length together anyhow."
        )
    check_int("seed", seed, 0)
    if labels is None and sample_weight is not None:
        raise ConfigError("`sample_weight` needs `labels`: it weights their loss; got `labels` None.")
    if sampling is not None and (labels is None or not shuffle):
        raise ConfigError(f"`sampling` must be None without `labels` and shuffle=True; got {shorten(sampling)}.")
    labels = _checked_rows("labels", labels, len(tokens))
    windows = getattr(tokens, "windows", None)
    if windows is not None and sampling is not None:
        raise ConfigError(f"`sampling` must be None for texts in windows; got {shorten(sampling)}.")
    kind: type[Batches] = Batches
    if windows is not None:
        from kerasbert.batches.windows import WindowBatches

        kind = WindowBatches
    allowed = tokens if windows is None else windows
    return kind(
        tokens,
        labels,
        sample_weight=_checked_rows("sample_weight", sample_weight, len(tokens)),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        lengths=_own_lengths(allowed) if lengths is None else _checked_lengths(lengths, allowed),
        pad_id=check_int("pad_id", pad_id, 0),
        draws=None if sampling is None else expected_draws(labels, sampling),
        augmentation=augment,
        by_length=by_length,
    )


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

    Returns:
        Ascending lengths, the last covering the longest.
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


def _own_lengths(tokens: TokenArrays) -> tuple[int, ...]:
    if not len(tokens):
        return ()
    chosen = choose_lengths(tokens.lengths, int(tokens.lengths.max()))
    # A multiple may overshoot `max_length`, and with it the encoder's table of positions.
    limit = chosen[-1] if tokens.max_length is None else tokens.max_length
    return tuple(sorted({min(length, limit) for length in chosen}))


def _checked_lengths(lengths: Sequence[int] | str, tokens: TokenArrays) -> tuple[int, ...]:
    longest = int(tokens.lengths.max()) if len(tokens) else 0
    if isinstance(lengths, str) and lengths == LONGEST:
        return tuple(range(1, longest + 1))
    if isinstance(lengths, (str, bytes)) or not isinstance(lengths, (Sequence, np.ndarray)):
        raise TypeError(
            f"`lengths` must be a list of integers or {LONGEST!r}; got {shorten(lengths)} of type {type(lengths).__name__}."
        )
    chosen = tuple(check_int(f"lengths[{index}]", length, 1) for index, length in enumerate(lengths))
    if list(chosen) != sorted(set(chosen)) or (chosen[-1] if chosen else 0) < longest:
        raise ConfigError(f"`lengths` must be ascending and reach the longest text, {longest} tokens; got {chosen}.")
    return chosen


def _checked_rows(name: str, part: Any, expected: int) -> Any:
    if part is None:
        return None
    if isinstance(part, Mapping):
        return {head: _checked_array(f"`{name}`[{head!r}]", array, expected) for head, array in part.items()}
    return _checked_array(f"`{name}`", part, expected)


def _checked_array(where: str, part: Any, expected: int) -> np.ndarray:
    array = np.asarray(part)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{where} must be an array of numbers; got {shorten(part)} of type {array.dtype}. Encode label names with "
            f"`kerasbert.data.encode_class_ids` or its siblings first."
        )
    if array.ndim == 0 or len(array) != expected:
        found = len(array) if array.ndim else f"the single value {array}"
        raise DataError(f"{where} must have one row for each text; got {found} rows and {expected} texts.")
    _refuse_missing(where, array)
    return array


def _refuse_missing(where: str, array: np.ndarray) -> None:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    wrong = np.argwhere(~np.isfinite(array))[0]
    raise DataError(
        f"{where} must be finite numbers; got {array[tuple(wrong)]} in row {int(wrong[0]) + 1} (counted from 1). Fill it or "
        f"leave the row out."
    )
