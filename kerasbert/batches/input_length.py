"""Refuse inputs longer than a classifier was built for."""

from collections.abc import Mapping
from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_IDS


def check_input_length(length: int, limit: int) -> None:
    """Refuse inputs beyond the `max_length` of a classifier."""
    if length > limit:
        raise ConfigError(_message(limit, f"got {length}"))


def limit_input_length(dataset: Any, limit: int) -> Any:
    """Hold the batches of a `tf.data.Dataset` to the `max_length` of a classifier."""
    spec = getattr(dataset, "element_spec", None)
    inputs = spec[0] if isinstance(spec, tuple) and spec else spec
    if not isinstance(inputs, Mapping) or INPUT_IDS not in inputs:
        return dataset
    shape = inputs[INPUT_IDS].shape
    longest = getattr(dataset, "longest_input", shape[-1] if shape.rank else None)
    if longest is not None:
        check_input_length(longest, limit)
        return dataset
    return _checked_as_it_comes(dataset, limit) if hasattr(dataset, "map") else dataset


def _checked_as_it_comes(dataset: Any, limit: int) -> Any:
    import tensorflow as tf

    def check(*batch: Any) -> Any:
        length = tf.shape(batch[0][INPUT_IDS])[-1]
        with tf.control_dependencies([tf.debugging.assert_less_equal(length, limit, _message(limit, "got more"))]):
            whole = tf.nest.map_structure(tf.identity, batch)
        return whole if len(whole) > 1 else whole[0]

    return dataset.map(check)


def _message(limit: int, found: str) -> str:
    return (
        f"`input_ids` must have at most {limit} tokens a row, padding included, the `max_length` that the classifier was "
        f"built for; {found}. Truncate the texts, or build it with a larger `max_length`."
    )
