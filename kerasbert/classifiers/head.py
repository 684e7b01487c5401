"""The classification head: dropout, optional hidden layers, and float32 probabilities under label names."""

from collections.abc import Sequence
from typing import Any, Self, final

import keras

from kerasbert._core.checks import check_int, check_number, shorten, suggestion
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.encoders.activations import gelu
from kerasbert.encoders.kept_parts import KeepsParts
from kerasbert.objectives.activations import OUTPUT_ACTIVATIONS
from kerasbert.tasks.table import describe_task, task_from
from kerasbert.tasks.task import Task


class Head(KeepsParts, keras.layers.Layer):
    """Abstract: a layer that reads a text's vector through dropout and hidden layers.

    Always computed in float32, whatever the encoder's precision: a half-precision head costs several points.

    Args:
        hidden_units: widths of hidden layers below the output, each >= 1.
        hidden_activation: their activation, a Keras name.
        dropout: rate in [0, 1) in front of every dense layer, in training.
        **kwargs: `keras.layers.Layer`'s own (`name`, `trainable`).

    Call arguments:
        features: (batch, hidden).
        training: whether dropout is active.
    """

    def __init__(self, *, hidden_units: Sequence[int], hidden_activation: str, dropout: float, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.hidden_units = check_hidden_units(hidden_units)
        self.hidden_activation = check_hidden_activation(hidden_activation)
        check_number("dropout", dropout, 0, 1, open_maximum=True)
        # GELU as the encoders write it, which every exporter knows.
        activation = gelu if hidden_activation == "gelu" else hidden_activation
        self.dropout = keras.layers.Dropout(dropout, dtype="float32", name="dropout")
        self.hidden_layers = [
            keras.layers.Dense(units, activation=activation, dtype="float32", name=f"hidden_{index}")
            for index, units in enumerate(self.hidden_units)
        ]

    @property
    def last_layers(self) -> list[keras.layers.Dense]:
        """The layers that give logits."""
        raise NotImplementedError

    def build(self, features_shape: Shape) -> None:
        width = features_shape[-1]
        for layer in self.hidden_layers:
            layer.build((None, width))
            width = layer.units
        for layer in self.last_layers:
            layer.build((None, width))
        self.settle_parts()

    def read(self, features: Any, training: bool | None) -> Any:
        """Return what the layers of logits read, (batch, width)."""
        for layer in self.hidden_layers:
            features = layer(self.dropout(features, training=training))
        return self.dropout(features, training=training)

    @property
    def options(self) -> dict[str, Any]:
        """The arguments that every head has, as plain data."""
        units, rate = list(self.hidden_units), self.dropout.rate
        return {"hidden_units": units, "hidden_activation": self.hidden_activation, "dropout": rate}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class ClassificationHead(Head):
    """Reads one vector for each text and gives the task's probabilities.

    Label names are part of the config and so survive saving and cloning. Hidden layers and calls are those of `Head`.

    Args:
        task: `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`.
        activation: output activation that goes with the task; None for the task's own.

    Output shape:
        (batch, units), float32: 1 unit for a binary head, else one for each label.

    Raises:
        ConfigError: when task and activation do not go together or a number is out of its range.

    Example:
        >>> head = ClassificationHead(Multiclass(["a", "b", "c"]))
        >>> tuple(head(np.ones((2, 4))).shape)
        (2, 3)
    """

    def __init__(
        self,
        task: Task,
        *,
        activation: str | None = None,
        hidden_units: Sequence[int] = (),
        hidden_activation: str = "relu",
        dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(hidden_units=hidden_units, hidden_activation=hidden_activation, dropout=dropout, **kwargs)
        self.task = task
        self.activation = task.check_activation(activation)
        self.output_layer = logits_layer(task.units, "logits")

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the outputs."""
        return self.task.label_names

    @property
    def last_layers(self) -> list[keras.layers.Dense]:
        """The layer that gives logits."""
        return [self.output_layer]

    def call(self, features: Any, training: bool | None = None) -> Any:
        return OUTPUT_ACTIVATIONS[self.activation](self.output_layer(self.read(features, training)))  # (batch, units)

    def compute_output_shape(self, features_shape: Shape) -> Shape:
        """(batch, units)."""
        return (features_shape[0], self.task.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **describe_task(self.task), "activation": self.activation}

    @classmethod
    def from_own_config(cls, config: dict[str, Any]) -> Self:
        """Rebuild the head without what was set on its parts."""
        own = {key: value for key, value in config.items() if key != "label_names"}
        return cls(**{**own, "task": task_from(config)})


def logits_layer(units: int, name: str) -> keras.layers.Dense:
    """Return a dense layer of logits with BERT's initial weights."""
    initializer = keras.initializers.TruncatedNormal(stddev=0.02)
    return keras.layers.Dense(units, kernel_initializer=initializer, dtype="float32", name=name)


def check_hidden_units(value: Sequence[int]) -> tuple[int, ...]:
    """Return the widths of hidden layers, each >= 1, as a tuple."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"`hidden_units` must be a list of integers, such as (256,); got {shorten(value)}.")
    return tuple(check_int("hidden_units", units, 1, 1_000_000) for units in value)


def check_hidden_activation(value: str) -> str:
    """Return the name if Keras has an activation of that name."""
    no_activations = ("deserialize", "get", "serialize")
    known = [name for name in dir(keras.activations) if not name.startswith("_") and name not in no_activations]
    if not isinstance(value, str) or value not in known:
        raise ConfigError(
            f"`hidden_activation` must be the name of a Keras activation, such as 'relu' or 'gelu'; got "
            f"{shorten(value)}.{suggestion(value, known)}"
        )
    return value
