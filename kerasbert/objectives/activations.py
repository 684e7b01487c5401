"""The output activations, with gradients that do not vanish where a probability rounds to 0 or 1."""

from typing import Any

from keras import ops

# Below the smallest slope that a float32 sigmoid can show and far above the smallest normal number.
TINY = 1e-30


def sigmoid(logits: Any) -> Any:
    """Logistic sigmoid whose gradient factor p * (1 - p) is kept above `TINY`.

    A plain float32 sigmoid is exactly 1 for logits above 17, so that a confidently wrong example gives no gradient at
    all. With this floor, `losses.BinaryCrossentropy` divides by the same factor and the product is exactly p - y.
    """

    @ops.custom_gradient
    def forward(x: Any) -> Any:
        probabilities = ops.sigmoid(x)

        def backward(*args: Any, upstream: Any = None) -> Any:
            upstream = args[0] if upstream is None else upstream
            return ops.multiply(upstream, slope(probabilities))

        return probabilities, backward

    return forward(logits)


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
