"""`make_batches`: texts in memory, in windows or not, to batches."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_int, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.batches.memory import LONGEST, Batches, choose_lengths
from kerasbert.batches.sampling import expected_draws
from kerasbert.batches.windows import WindowBatches
from kerasbert.tokenization.augmentation import Augmentation
from kerasbert.tokenization.token_arrays import TokenArrays


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
    labels = _checked_rows("labels", labels, len(token_arrays))
    kind: type[Batches] = Batches if windows is None else WindowBatches
    allowed = token_arrays if windows is None else windows
    return kind(
        token_arrays,
        labels,
        sample_weight=_checked_rows("sample_weight", sample_weight, len(token_arrays)),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        lengths=_own_lengths(allowed) if lengths is None else _checked_lengths(lengths, allowed),
        pad_id=check_int("pad_id", pad_id, 0),
        draws=None if sampling is None else expected_draws(labels, sampling),
        augmentation=augment,
        by_length=by_length,
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


def _own_lengths(token_arrays: TokenArrays) -> tuple[int, ...]:
    if not len(token_arrays):
        return ()
    chosen = choose_lengths(token_arrays.lengths, int(token_arrays.lengths.max()))
    # A multiple may overshoot `max_length`, and with it the encoder's table of positions.
    limit = chosen[-1] if token_arrays.max_length is None else token_arrays.max_length
    return tuple(sorted({min(length, limit) for length in chosen}))


def _checked_lengths(lengths: Sequence[int] | str, token_arrays: TokenArrays) -> tuple[int, ...]:
    longest = int(token_arrays.lengths.max()) if len(token_arrays) else 0
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
