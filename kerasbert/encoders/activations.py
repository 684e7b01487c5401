"""The feed-forward activations, under Hugging Face's names and with its numerics."""

import math
from collections.abc import Callable
from typing import Any

from keras import ops


def gelu(x: Any) -> Any:
    """Exact Gaussian error linear unit, x * Phi(x); written with `erf`, which every exporter knows."""
    return 0.5 * x * (1.0 + ops.erf(x * math.sqrt(0.5)))


def gelu_tanh(x: Any) -> Any:
    """The tanh approximation of GELU."""
    return 0.5 * x * (1.0 + ops.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))


def quick_gelu(x: Any) -> Any:
    """The sigmoid approximation of GELU."""
    return x * ops.sigmoid(1.702 * x)


def relu2(x: Any) -> Any:
    """Squared ReLU."""
    return ops.square(ops.relu(x))


def mish(x: Any) -> Any:
    """x * tanh(softplus(x))."""
    return x * ops.tanh(ops.softplus(x))


def leaky_relu(x: Any) -> Any:
    """Leaky ReLU with PyTorch's slope of 0.01."""
    return ops.leaky_relu(x, negative_slope=0.01)


def linear(x: Any) -> Any:
    """The identity."""
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "gelu": gelu,
    "gelu_fast": gelu_tanh,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_python": gelu,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "mish": mish,
    "quick_gelu": quick_gelu,
    "relu": ops.relu,
    "relu2": relu2,
    "relu6": ops.relu6,
    "selu": ops.selu,
    "sigmoid": ops.sigmoid,
    "silu": ops.silu,
    "swish": ops.silu,
    "tanh": ops.tanh,
}
