"""From all hidden states of an encoder to one vector for each text: layers chosen, pooled, combined."""

from collections.abc import Sequence
from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_bool, check_choice, check_int, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape, width_of
from kerasbert.classifiers.combining import COMBINATION_LAYERS
from kerasbert.classifiers.given_pooling import LayerPooling, as_pooling, pooling_name, serialize_pooling
from kerasbert.classifiers.pooling import Pooling
from kerasbert.classifiers.settings import COMBINATIONS
from kerasbert.encoders.kept_parts import KeepsParts


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class Features(KeepsParts, keras.layers.Layer):
    """Pool the chosen hidden states and combine the results, or combine first and pool once.

    Args:
        pooling: a pooling layer, or any layer with `call(hidden_states, attention_mask)`, shared by all chosen hidden states.
        layer_indices: the hidden states that are read, counted from the embeddings; for the record.
        combine: see `build_multiclass`; the learned ones need at least two hidden states, others pass a single one on.
        combine_before_pooling: see `build_multiclass`.
        max_length: longest input in tokens; kept here, so that a loaded model tells it to its tokenizer.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        hidden_states: tuple of (batch, length, hidden); for the pooler a tuple of one (batch, hidden).
        attention_mask: (batch, length), 1 for a token and 0 for padding.

    Output shape:
        (batch, hidden), or (batch, number of hidden states * hidden) for `"concat"`; of a pooling of your own its width in
        the place of hidden.

    Raises:
        ConfigError: when `combine` is unknown, or a pooling of your own gives another shape than it says.

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
        combine_before_pooling: bool = False,
        max_length: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(pooling, dict):
            pooling = keras.saving.deserialize_keras_object(pooling)
        self.pooling = as_pooling(pooling)
        self.layer_indices = tuple(layer_indices)
        self.combine = check_choice("combine", combine, COMBINATIONS)
        self.combine_before_pooling = check_bool("combine_before_pooling", combine_before_pooling)
        self.max_length = max_length
        self.combination = None
        if combine in COMBINATION_LAYERS:
            self.combination = COMBINATION_LAYERS[combine](dtype=self.dtype_policy, name="combination")

    def build(self, hidden_states_shape: Sequence[Shape], attention_mask_shape: Shape | None = None) -> None:
        shapes = [tuple(shape) for shape in hidden_states_shape]
        pooled = self._combined_shape(shapes) if self.combine_before_pooling else shapes[0]
        if not self.pooling.built:
            self.pooling.build(pooled, attention_mask_shape)
        if self.combination is not None and not self.combination.built:
            to_combine = shapes if self.combine_before_pooling else self._pooled_shapes(shapes, attention_mask_shape)
            self.combination.build(to_combine)
        self.settle_parts()

    def call(self, hidden_states: Sequence[Any], attention_mask: Any) -> Any:
        if self.combine_before_pooling:
            return self._pool(self.join(hidden_states), attention_mask)
        return self.join([self._pool(states, attention_mask) for states in hidden_states])

    def _pool(self, states: Any, attention_mask: Any) -> Any:
        pooled = self.pooling(states, attention_mask)
        if isinstance(self.pooling, LayerPooling):
            return pooled
        said = self.pooling.compute_output_shape(tuple(states.shape), tuple(attention_mask.shape))
        if len(said) != 2 or len(pooled.shape) != 2 or pooled.shape[-1] != said[-1]:
            raise ConfigError(
                f"`pooling` must give (batch, width), as its compute_output_shape says, {tuple(said)}; "
                f"{pooling_name(self.pooling)} gives {tuple(pooled.shape)}."
            )
        return pooled

    def join(self, states: Sequence[Any]) -> Any:
        """Combine tensors (..., hidden) of one shape, one for each chosen hidden state."""
        if self.combination is not None:
            return self.combination(list(states))
        if len(states) == 1:
            return states[0]
        if self.combine == "concat":
            return ops.concatenate(states, axis=-1)
        stacked = ops.stack(states, axis=1)  # (batch, layers, ...)
        return ops.mean(stacked, axis=1) if self.combine == "mean" else ops.max(stacked, axis=1)

    def compute_output_shape(self, hidden_states_shape: Sequence[Shape], attention_mask_shape: Shape) -> Shape:
        """(batch, hidden) or its multiple."""
        shapes = [tuple(shape) for shape in hidden_states_shape]
        if self.combine_before_pooling:
            [pooled] = self._pooled_shapes([self._combined_shape(shapes)], attention_mask_shape)
            return pooled
        return self._combined_shape(self._pooled_shapes(shapes, attention_mask_shape))

    def _pooled_shapes(self, shapes: Sequence[Shape], attention_mask_shape: Shape | None) -> list[Shape]:
        return [tuple(self.pooling.compute_output_shape(shape, attention_mask_shape)) for shape in shapes]

    def _combined_shape(self, shapes: Sequence[Shape]) -> Shape:
        joined = len(shapes) if self.combine == "concat" else 1
        return (*shapes[0][:-1], width_of(shapes[0]) * joined)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pooling": serialize_pooling(self.pooling),
            "layer_indices": list(self.layer_indices),
            "combine": self.combine,
            "combine_before_pooling": self.combine_before_pooling,
            "max_length": self.max_length,
        }


def resolve_layers(layers: int | Sequence[int] | None, num_hidden_layers: int) -> tuple[int, ...]:
    """Resolve the `layers` argument to distinct indices in 0..num_hidden_layers, in the order given.

    Args:
        layers: an index or several; 0 is the embeddings, `num_hidden_layers` or -1 the last block. None: the last.
        num_hidden_layers: blocks of the encoder.

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
