"""From all hidden states of an encoder to one vector for each text: layers chosen, pooled, combined."""

from collections.abc import Sequence
from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_choice, check_int, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert.classifiers.pooling import Pooling, as_pooling

COMBINATIONS = ("concat", "max", "mean")


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class Features(keras.layers.Layer):
    """Pools each chosen hidden state with one pooling layer and combines the results.

    Args:
        pooling: a pooling layer, shared by all chosen hidden states.
        layer_indices: which hidden states are read, counted from the embeddings; for the record, they are chosen by
            the builder.
        combine: `"concat"`, `"mean"` or `"max"` of the pooled vectors; of no effect on a single one.
        max_length: the longest input, in tokens, that the classifier is meant for; it travels here so that whoever
            tokenises for a loaded model can ask it.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        hidden_states: tuple of (batch, length, hidden); for the pooler a tuple of one (batch, hidden).
        attention_mask: (batch, length), 1 for a token and 0 for padding.

    Output shape:
        (batch, hidden), or (batch, number of hidden states * hidden) for `"concat"`.

    Raises:
        ConfigError: when `combine` is unknown.

    Example:
        >>> features = Features("mean", combine="concat")
        >>> states = (np.ones((1, 3, 2)), np.zeros((1, 3, 2)))
        >>> features(states, np.ones((1, 3))).numpy().tolist()
        [[1.0, 1.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        pooling: str | Pooling = "mean",
        *,
        layer_indices: Sequence[int] = (),
        combine: str = "concat",
        max_length: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(pooling, dict):
            pooling = keras.saving.deserialize_keras_object(pooling)
        self.pooling = as_pooling(pooling)
        self.layer_indices = tuple(layer_indices)
        self.combine = check_choice("combine", combine, COMBINATIONS)
        self.max_length = max_length

    def build(self, hidden_states_shape: Sequence[tuple], attention_mask_shape: tuple | None = None) -> None:
        if not self.pooling.built:
            self.pooling.build(tuple(hidden_states_shape[0]), attention_mask_shape)

    def call(self, hidden_states: Sequence[Any], attention_mask: Any) -> Any:
        pooled = [self.pooling(states, attention_mask) for states in hidden_states]
        if len(pooled) == 1:
            return pooled[0]
        if self.combine == "concat":
            return ops.concatenate(pooled, axis=-1)
        stacked = ops.stack(pooled, axis=1)  # (batch, layers, hidden)
        return ops.mean(stacked, axis=1) if self.combine == "mean" else ops.max(stacked, axis=1)

    def compute_output_shape(self, hidden_states_shape: Sequence[tuple], attention_mask_shape: tuple) -> tuple:
        """(batch, hidden) or its multiple."""
        width = hidden_states_shape[0][-1]
        joined = len(hidden_states_shape) if self.combine == "concat" else 1
        return (hidden_states_shape[0][0], width * joined)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pooling": keras.saving.serialize_keras_object(self.pooling),
            "layer_indices": list(self.layer_indices),
            "combine": self.combine,
            "max_length": self.max_length,
        }


def resolve_layers(layers: int | Sequence[int] | None, num_hidden_layers: int) -> tuple[int, ...]:
    """Turn a choice of hidden states into indices counted from the embeddings.

    Args:
        layers: an index or several; 0 is the embeddings, `num_hidden_layers` or -1 the last block. None: the last.
        num_hidden_layers: blocks of the encoder.

    Returns:
        Distinct indices in 0..num_hidden_layers, in the order given.

    Raises:
        ConfigError: when an index is outside the encoder, given twice, or none is given.
        TypeError: when an index is no integer.
    """
    if layers is None:
        return (num_hidden_layers,)
    chosen = [layers] if isinstance(layers, int) and not isinstance(layers, bool) else layers
    if isinstance(chosen, (str, bytes, bool)) or not isinstance(chosen, Sequence):
        raise TypeError(f"`layers` must be an integer or a list of integers; got {shorten(layers)}.")
    valid = f"0 (embeddings) to {num_hidden_layers} (last block), or {-num_hidden_layers - 1} to -1 from the end"
    if not chosen:
        raise ConfigError(f"`layers` must name at least one hidden state, {valid}; got {shorten(layers)}.")
    for index in chosen:
        check_int("layers", index, -num_hidden_layers - 1, num_hidden_layers, valid)
    resolved = tuple(int(index) if index >= 0 else num_hidden_layers + 1 + int(index) for index in chosen)
    if len(set(resolved)) < len(resolved):
        raise ConfigError(f"`layers` must be distinct hidden states, {valid}; got {shorten(layers)}.")
    return resolved
