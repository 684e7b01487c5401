"""`TokenDense` equals Keras's `Dense`."""

import keras
import numpy as np
import pytest

from kerasbert.encoders.dense import TokenDense


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5), (2, 4, 3, 5)])
def test_equals_dense(shape):
    inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
    ours, reference = TokenDense(7, activation="tanh"), keras.layers.Dense(7, activation="tanh")
    ours(inputs), reference(inputs)
    reference.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(inputs), reference(inputs), atol=1e-6)


def test_free_batch_and_length():
    inputs = keras.Input((None, 5))
    model = keras.Model(inputs, TokenDense(7)(inputs))
    assert model.output_shape == (None, None, 7)
    assert model.predict(np.ones((2, 3, 5), "float32"), verbose=0).shape == (2, 3, 7)
