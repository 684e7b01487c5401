"""`TokenNorm` equals PyTorch's formula in float64, and stays in range in half precision."""

import keras
import numpy as np
import pytest

from kerasbert.encoders.normalization import TokenNorm


def expected(inputs: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float) -> np.ndarray:
    inputs = inputs.astype("float64")
    centred = inputs - inputs.mean(-1, keepdims=True)
    return centred / np.sqrt(inputs.var(-1, keepdims=True) + epsilon) * gamma + beta


@pytest.mark.parametrize("policy, tolerance", [("float32", 2e-6), ("mixed_bfloat16", 2e-2), ("mixed_float16", 3e-3)])
def test_equals_the_formula(policy, tolerance):
    random = np.random.default_rng(0)
    layer = TokenNorm(epsilon=1e-12, dtype=policy)
    layer.build((None, None, 16))
    gamma, beta = random.normal(size=(2, 16))
    layer.set_weights([gamma, beta])
    inputs = keras.ops.cast(random.normal(3.0, 2.0, size=(2, 5, 16)), layer.compute_dtype)
    result = layer(inputs)
    assert keras.backend.standardize_dtype(result.dtype) == layer.compute_dtype
    exact = expected(np.asarray(keras.ops.cast(inputs, "float32")), gamma, beta, 1e-12)
    np.testing.assert_allclose(np.asarray(keras.ops.cast(result, "float32")), exact, atol=tolerance, rtol=tolerance)


def test_squares_beyond_float16_stay_finite():
    layer = TokenNorm(dtype="mixed_float16")
    result = layer(keras.ops.cast([[6e4, -6e4, 0.0, 0.0]], "float16"))
    np.testing.assert_allclose(np.asarray(result, "float32"), [[1.414, -1.414, 0.0, 0.0]], atol=2e-3)
