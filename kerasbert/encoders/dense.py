"""A dense layer on the tokens of a batch."""

from typing import Any, final

import keras
from keras import ops

from kerasbert._core.names import PACKAGE


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class TokenDense(keras.layers.Dense):
    """`keras.layers.Dense` that lays the tokens of all texts one below the other and makes one product of two axes.

    Keras multiplies three axes as a tensor product, whose bias and activation TensorFlow cannot fuse with it; here it
    does. On two CPU cores in bfloat16 the forward pass of a feed-forward with GELU takes half the time.

    Args: those of `keras.layers.Dense`.

    Call arguments:
        inputs: (..., width), of at least two axes.

    Output shape:
        (..., units).

    Example:
        >>> tuple(TokenDense(4)(keras.ops.ones((2, 3, 8))).shape)
        (2, 3, 4)
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        *rest, width = ops.shape(inputs)
        outputs = super().call(ops.reshape(inputs, (-1, width)), training=training)
        return ops.reshape(outputs, (*rest, self.units))
