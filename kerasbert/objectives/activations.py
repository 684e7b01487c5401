"""Output activations whose gradients do not vanish where a probability rounds to 0 or 1."""

import functools
from collections.abc import Callable
from typing import Any

from keras import ops

# Below the smallest slope that a float32 sigmoid can show and far above the smallest normal number.
TINY = 1e-30


def with_gradient(function: Callable[[Any], tuple[Any, Callable[[Any], Any]]]) -> Callable[[Any], Any]:
    """Decorate a function of a tensor that returns its value, and the gradient as a function of the upstream gradient."""

    def forward(values: Any) -> Any:
        result, gradient = function(values)

        # Keras's backends pass the upstream gradient in either way.
        def backward(*args: Any, upstream: Any = None) -> Any:
            return gradient(args[0] if upstream is None else upstream)

        return result, backward

    return functools.wraps(function)(lambda values: ops.custom_gradient(forward)(values))


@with_gradient
def sigmoid(logits: Any) -> Any:
    """Logistic sigmoid whose gradient factor p * (1 - p) is kept above `TINY`.

    A plain float32 sigmoid is exactly 1 for logits above 17, so that a confidently wrong example gives no gradient at
    all. With this floor, `losses.BinaryCrossentropy` divides by the same factor and the product is exactly p - y.
    """
    probabilities = ops.sigmoid(logits)
    return probabilities, lambda upstream: ops.multiply(upstream, slope(probabilities))


def slope(probabilities: Any) -> Any:
    """The derivative p * (1 - p) of the sigmoid, at least `TINY`."""
    return ops.maximum(probabilities * (1.0 - probabilities), TINY)


def softmax(logits: Any) -> Any:
    """Softmax over the last axis."""
    return ops.softmax(logits, axis=-1)


def linear(logits: Any) -> Any:
    """The logits themselves."""
    return logits


OUTPUT_ACTIVATIONS = {"linear": linear, "sigmoid": sigmoid, "softmax": softmax}
