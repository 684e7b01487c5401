import math

import keras
import numpy as np
import pytest

from kerasbert.encoders.activations import ACTIVATIONS
from kerasbert.encoders.config import ACTIVATION_NAMES

X = np.linspace(-6, 6, 49, dtype="float32")
PHI = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in X])
TANH_GELU = 0.5 * X * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))
SIGMOID = 1 / (1 + np.exp(-X.astype("float64")))
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805

EXPECTED = {
    "gelu": X * PHI,
    "gelu_fast": TANH_GELU,
    "gelu_new": TANH_GELU,
    "gelu_pytorch_tanh": TANH_GELU,
    "gelu_python": X * PHI,
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "linear": X,
    "mish": X * np.tanh(np.log1p(np.exp(X.astype("float64")))),
    "quick_gelu": X / (1 + np.exp(-1.702 * X.astype("float64"))),
    "relu": np.maximum(X, 0),
    "relu2": np.maximum(X, 0) ** 2,
    "relu6": np.clip(X, 0, 6),
    "selu": SCALE * np.where(X > 0, X, ALPHA * np.expm1(X)),
    "sigmoid": SIGMOID,
    "silu": X * SIGMOID,
    "swish": X * SIGMOID,
    "tanh": np.tanh(X),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_equals_its_formula(name):
    found = ACTIVATIONS[name](keras.ops.convert_to_tensor(X))
    np.testing.assert_allclose(found, EXPECTED[name], atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_equals_hugging_face(name):
    torch = pytest.importorskip("torch")
    activations = pytest.importorskip("transformers.activations")
    if name not in activations.ACT2FN:
        pytest.skip(f"transformers has no {name}")
    found = ACTIVATIONS[name](keras.ops.convert_to_tensor(X))
    expected = activations.ACT2FN[name](torch.tensor(X))
    np.testing.assert_allclose(found, expected, atol=2e-6, rtol=2e-6)


def test_configs_know_the_names():
    assert tuple(ACTIVATIONS) == ACTIVATION_NAMES
