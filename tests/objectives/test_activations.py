import numpy as np
from scipy.special import expit

from kerasbert.objectives.activations import TINY, linear, sigmoid, slope, softmax


def test_sigmoid_equals_scipy():
    logits = np.linspace(-50, 50, 101).astype("float32")
    assert np.allclose(sigmoid(logits), expit(logits), rtol=1e-5)


def test_slope_never_vanishes():
    assert np.allclose(slope(np.array([0.0, 0.5, 1.0], "float32")), [TINY, 0.25, TINY])


def test_softmax_sums_to_one():
    assert np.allclose(np.sum(softmax(np.ones((2, 3), "float32")), axis=1), 1.0)


def test_linear_changes_nothing():
    assert linear(3.0) == 3.0
