"""Learned combinations of several hidden states: one mix for all texts, or one chosen for each."""

from collections.abc import Sequence
from typing import Any, final

import keras
from keras import ops

from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.classifiers.pooling import scoring_layers
from kerasbert.encoders.kept_parts import KeepsParts


class Combination(KeepsParts, keras.layers.Layer):
    """Abstract: weighted sum of several tensors of one shape. Every combination is called like this:

    Call arguments:
        states: L tensors (..., hidden), L >= 1.

    Output shape:
        (..., hidden).
    """

    def call(self, states: Sequence[Any]) -> Any:
        stacked = ops.stack(list(states), axis=-2)  # (..., layers, hidden)
        weights = ops.expand_dims(ops.cast(self.weights_of(states), stacked.dtype), -1)  # (..., layers, 1)
        return ops.sum(weights * stacked, axis=-2)

    def weights_of(self, states: Sequence[Any]) -> Any:
        """Return the weight of each layer, float32 (..., layers)."""
        raise NotImplementedError

    def compute_output_shape(self, states_shape: Sequence[Shape]) -> Shape:
        """The shape of one of the tensors."""
        return tuple(states_shape[0])


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class WeightedCombination(Combination):
    """One learned mix of the layers for all texts: gamma * sum of softmax(layer_bias)[l] * h[l].

    Starts as the plain mean. Neither of the two is decayed by the builders' optimiser.

    Example:
        >>> WeightedCombination()([np.array([[2.0]]), np.array([[4.0]])]).numpy().tolist()
        [[3.0]]

    Reference:
        Peters et al., "Deep Contextualized Word Representations", 2018, equation 1.
    """

    def build(self, states_shape: Sequence[Shape]) -> None:
        self.layer_bias = self.add_weight((len(states_shape),), initializer="zeros", name="layer_bias")
        self.gamma = self.add_weight((), initializer="ones", name="gamma")

    def weights_of(self, states: Sequence[Any]) -> Any:
        """Return the weight of each layer, gamma included, float32 (layers,); the same for every text."""
        return ops.cast(self.gamma, "float32") * ops.softmax(ops.cast(self.layer_bias, "float32"))


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class AttentionCombination(Combination):
    """A mix of the layers chosen anew for each text (each token, where layers are combined before pooling).

    The score of layer l is v . tanh(W h[l] + b) + c[l]; the weights are the softmax of the scores over the layers.

    Args:
        units: width of the scoring layer; None for the hidden width.
        **kwargs: `keras.layers.Layer`'s own.

    Example:
        >>> AttentionCombination()([np.ones((1, 2)), np.ones((1, 2))]).numpy().round(4).tolist()
        [[1.0, 1.0]]

    Reference:
        Yang et al., "Hierarchical Attention Networks for Document Classification", 2016, equations 5-7, over layers.
    """

    def __init__(self, units: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, states_shape: Sequence[Shape]) -> None:
        self.hidden_layer, self.score = scoring_layers(self, states_shape[0][-1])
        self.layer_bias = self.add_weight((len(states_shape),), initializer="zeros", name="layer_bias")
        self.settle_parts()

    def weights_of(self, states: Sequence[Any]) -> Any:
        """Return the weight of each layer for each text, float32 (..., layers), summing to 1."""
        scores = ops.concatenate([self.score(self.hidden_layer(state)) for state in states], axis=-1)  # (..., layers)
        return ops.softmax(ops.cast(scores, "float32") + ops.cast(self.layer_bias, "float32"), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


COMBINATION_LAYERS: dict[str, type[Combination]] = {"attention": AttentionCombination, "weighted": WeightedCombination}
