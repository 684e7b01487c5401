"""From the vectors of a text's windows to one vector for the text."""

from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_choice
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.classifiers.given_pooling import as_pooling, own_name, pooling_name, serialize_pooling
from kerasbert.classifiers.pooling import Pooling
from kerasbert.classifiers.settings import WINDOW_POOLINGS
from kerasbert.encoders.kept_parts import KeepsParts


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class WindowPooling(KeepsParts, keras.layers.Layer):
    """Reads the vectors of each text's windows by a pooling; places without a window take no part.

    Args:
        pooling: `"mean"`, `"max"`, `"attention"`, or such a pooling layer.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        vectors: (windows, hidden), the windows of all texts.
        window_rows: int (batch, most windows), the rows of each text's windows, counted from 1; 0 is none.

    Output shape:
        (batch, hidden); zeros for a text without windows.

    Raises:
        ConfigError: when the pooling is another one.

    Example:
        >>> layer = WindowPooling("mean")
        >>> layer(np.array([[1.0], [3.0], [8.0]]), np.array([[1, 2], [3, 0]])).numpy().tolist()
        [[2.0], [8.0]]
    """

    def __init__(self, pooling: str | Pooling = "mean", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(pooling, dict):
            pooling = keras.saving.deserialize_keras_object(pooling)
        self.pooling = window_pooling_from(pooling)

    def build(self, vectors_shape: Shape, window_rows_shape: Shape | None = None) -> None:
        if not self.pooling.built:
            self.pooling.build((None, None, vectors_shape[-1]), window_rows_shape)
        self.settle_parts()

    def call(self, vectors: Any, window_rows: Any) -> Any:
        rows = ops.maximum(ops.cast(window_rows, "int32") - 1, 0)
        by_text = ops.take(vectors, rows, axis=0)  # (batch, most windows, hidden)
        return self.pooling(by_text, ops.cast(window_rows > 0, "int32"))

    def compute_output_shape(self, vectors_shape: Shape, window_rows_shape: Shape) -> Shape:
        """(batch, hidden)."""
        return (window_rows_shape[0], vectors_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pooling": serialize_pooling(self.pooling)}


def window_pooling_from(pooling: str | Pooling) -> Pooling:
    """Resolve the `window_pooling` argument to a pooling layer that windows can be read with."""
    if isinstance(pooling, str):
        check_choice("window_pooling", pooling, WINDOW_POOLINGS)
    layer = as_pooling(pooling)
    if own_name(layer) not in WINDOW_POOLINGS:
        raise ConfigError(
            f"`window_pooling` must be one of {', '.join(map(repr, WINDOW_POOLINGS))}; got {pooling_name(layer)!r}."
        )
    return layer
