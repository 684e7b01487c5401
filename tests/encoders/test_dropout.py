import keras
import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.encoders.dropout import ByteDropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_share_and_expectation(rate):
    found = np.asarray(ByteDropout(rate)(np.ones((200, 301), "float32"), training=True))
    assert abs((found == 0).mean() - round(rate * 256) / 256) < 0.01
    assert abs(found.mean() - 1) < 0.05
    assert len(np.unique(found)) == 2


def test_nothing_is_dropped_outside_training():
    x = np.ones((3, 4), "float32")
    layer = ByteDropout(0.5)
    assert np.array_equal(layer(x), x) and np.array_equal(ByteDropout(0.0)(x, training=True), x)


def test_same_seed_same_mask():
    masks = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        masks.append(np.asarray(ByteDropout(0.5)(np.ones((5, 7), "float32"), training=True)))
    assert np.array_equal(*masks)


@pytest.mark.parametrize("rate", [-0.1, 1, float("nan")])
def test_rate_out_of_range(rate):
    with pytest.raises(ConfigError, match=r"`rate` must be a number in \[0, 1\); got"):
        ByteDropout(rate)
