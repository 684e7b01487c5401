"""Light augmentation of token ids, as a step of the pipeline: other tokens in every epoch, the same for the same seed."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerasbert._core.checks import check_number, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS

# What a token is: it starts a word, continues one, or is a special token, which is left alone.
STARTS, CONTINUES, SPECIAL = 0, 1, 2
RATES = ("drop", "mask", "swap")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What is done to the tokens of a training text, anew in every epoch; made by `Tokenizer.augmentation`.

    Special tokens and padding stay what and where they are, words stay whole, and of no text are all words left out.

    Args:
        kinds: uint8 (vocabulary,): whether each token starts a word (0), continues one (1) or is special (2).
        mask_id: id of the mask token; None where there is none.
        mask: share of the tokens in [0, 1) that become the mask token.
        drop: share of the words in [0, 1) that are left out.
        swap: share of the words in [0, 1) that change places with a neighbour.

    Raises:
        ConfigError: when a share is out of its range, or `mask` is asked of a vocabulary without a mask token.

    Example:
        >>> tokenizer = Tokenizer.from_pretrained("all-MiniLM-L6-v2")
        >>> tokenizer.augmentation(mask=0.1, drop=0.05).mask_id
        103

    Reference:
        Wei and Zou, "EDA: Easy Data Augmentation Techniques", 2019, section 2 (swap and deletion).
    """

    kinds: np.ndarray
    mask_id: int | None
    mask: float = 0.0
    drop: float = 0.0
    swap: float = 0.0

    def __post_init__(self) -> None:
        for name in RATES:
            check_number(name, getattr(self, name), 0, 1, open_maximum=True)
        if self.mask and self.mask_id is None:
            raise ConfigError("`mask` must be 0: the vocabulary has no mask token.")


def parse_augmentation(value: Any, kinds: np.ndarray, mask_id: int | None) -> Augmentation | None:
    """An augmentation from itself, from a dict of its rates, or None."""
    if value is None or isinstance(value, Augmentation):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"`augment` must be a dict such as {{'mask': 0.1}}; got {shorten(value)}.")
    unknown = sorted(set(value) - set(RATES))
    if unknown:
        raise ConfigError(f"`augment` must have keys among {', '.join(RATES)}; got {shorten(unknown[0])}.")
    return Augmentation(kinds, mask_id, **value)


def augment_step(augmentation: Augmentation | None, seed: int, pad_id: int) -> Callable[[Any, Any], Any] | None:
    """The augmentation as a TensorFlow function of inputs and the batch's number since the first epoch; None for none."""
    if augmentation is None or not (augmentation.mask or augmentation.drop or augmentation.swap):
        return None
    import tensorflow as tf

    chosen = augmentation

    def augment(inputs: dict[str, Any], number: Any) -> dict[str, Any]:
        ids, mask, types = (inputs[name] for name in (INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS))
        seeds = [tf.stack([tf.cast(number, tf.int64), tf.constant(seed * 4 + part, tf.int64)]) for part in range(4)]
        kinds = tf.gather(tf.constant(chosen.kinds), ids)
        fixed = (kinds == SPECIAL) | (mask == 0)
        before = tf.pad(fixed, [[0, 0], [1, 0]], constant_values=True)[:, :-1]
        words = tf.cumsum(tf.cast(fixed | before | (kinds == STARTS), tf.int32), axis=1)  # from 1, (batch, length)
        dropped = _dropped(words, fixed, chosen.drop, seeds[0])
        order = tf.argsort(
            tf.where(dropped, tf.shape(ids)[1] + 2, _swapped(words, fixed, chosen.swap, seeds[1:3])),
            axis=1,
            stable=True,
        )
        masked = (_draw(ids, seeds[3]) < chosen.mask) & ~fixed
        ids = tf.where(masked, tf.constant(chosen.mask_id or 0, ids.dtype), ids)
        parts = [
            tf.gather(tf.where(dropped, tf.constant(value, part.dtype), part), order, batch_dims=1)
            for part, value in ((ids, pad_id), (mask, 0), (types, 0))
        ]
        return {**inputs, **dict(zip((INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS), parts, strict=True))}

    return augment


def _draw(like: Any, seed: Any) -> Any:
    import tensorflow as tf

    return tf.random.stateless_uniform(tf.shape(like), seed)


def _dropped(words: Any, fixed: Any, rate: float, seed: Any) -> Any:
    """Which tokens are left out: all of a word, and never all of a text."""
    import tensorflow as tf

    draws = tf.pad(_draw(words, seed), [[0, 0], [1, 0]])
    dropped = (tf.gather(draws, words, batch_dims=1) < rate) & ~fixed
    some_stay = tf.reduce_any(~dropped & ~fixed, axis=1, keepdims=True)
    return dropped & some_stay


def _swapped(words: Any, fixed: Any, rate: float, seeds: list[Any]) -> Any:
    """The place among the words that each token's word takes, (batch, length)."""
    import tensorflow as tf

    rows, length = tf.shape(words)[0], tf.shape(words)[1]
    width = length + 3
    # Pairs are words 1 and 2, 3 and 4, ... or 2 and 3, 4 and 5, ..., by chance.
    shift = tf.cast(_draw(words[:, :1], seeds[0]) < 0.5, tf.int32) + 1
    partners = tf.bitwise.bitwise_xor(words + shift, 1) - shift
    places = tf.range(rows)[:, None] * width
    # 0 where a word is one of the text, 1 where it is a special token, far below 0 where there is none.
    kinds = tf.math.unsorted_segment_max(
        tf.reshape(tf.cast(fixed, tf.int32), [-1]), tf.reshape(words + places, [-1]), rows * width
    )
    movable = tf.gather(kinds, tf.clip_by_value(partners, 0, width - 1) + places) == 0
    draws = tf.gather(_draw(tf.zeros((rows, width)), seeds[1]), (words + shift) // 2, batch_dims=1)
    return tf.where(movable & ~fixed & (draws < rate), partners, words)
