"""The vote of several classifiers, one on each layer, under weights that are learned."""

from collections.abc import Sequence
from typing import Any, Self, final

import keras
from keras import ops

from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.tasks.table import describe_task, task_from
from kerasbert.tasks.task import Task

# The weights are the softmax of this times a variable, so that they can move far in the steps of a fine-tuning.
SHARPNESS = 10.0


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class LayerVotes(keras.layers.Layer):
    """Mean of the layers' probabilities under learned weights, which are positive and sum to 1; computed in float32.

    The loss of the vote trains the weights alone: each layer's classifier learns from a loss of its own.

    Args:
        task: `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`.
        layer_indices: the hidden state that each voter reads, for the record.
        **kwargs: `keras.layers.Layer`'s own (`name`).

    Call arguments:
        probabilities: L tensors (batch, units).
        training: whether the gradient stops here on its way to the voters.

    Output shape:
        (batch, units), float32.

    Example:
        >>> votes = LayerVotes(Multiclass(["a", "b"]), [1, 2])
        >>> votes([np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])]).numpy().tolist()
        [[0.25, 0.75]]
    """

    def __init__(self, task: Task, layer_indices: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.task = task
        self.activation = task.check_activation(None)
        self.layer_indices = tuple(layer_indices)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the outputs."""
        return self.task.label_names

    @property
    def vote_weights(self) -> dict[int, float]:
        """Layer -> the weight of its vote; they sum to 1."""
        weights = ops.convert_to_numpy(self._softmax())
        return {layer: float(weight) for layer, weight in zip(self.layer_indices, weights, strict=True)}

    def build(self, probabilities_shape: Sequence[Shape]) -> None:
        self.layer_bias = self.add_weight((len(self.layer_indices),), initializer="zeros", name="layer_bias")

    def call(self, probabilities: Sequence[Any], training: bool | None = None) -> Any:
        stacked = ops.stack(list(probabilities), axis=1)  # (batch, layers, units)
        if training:
            stacked = ops.stop_gradient(stacked)
        return ops.sum(ops.reshape(self._softmax(), (1, -1, 1)) * stacked, axis=1)

    def compute_output_shape(self, probabilities_shape: Sequence[Shape]) -> Shape:
        """(batch, units)."""
        return tuple(probabilities_shape[0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **describe_task(self.task), "layer_indices": list(self.layer_indices)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the layer of a config."""
        own = {key: value for key, value in config.items() if key != "label_names"}
        return cls(**{**own, "task": task_from(config)})

    def _softmax(self) -> Any:
        return ops.softmax(SHARPNESS * ops.convert_to_tensor(self.layer_bias))
