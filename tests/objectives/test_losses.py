import keras
import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import log_loss

from kerasbert.objectives.activations import sigmoid as our_sigmoid
from kerasbert.objectives.activations import softmax as our_softmax
from kerasbert.objectives.losses import BinaryCrossentropy, SparseCategoricalCrossentropy

tf = pytest.importorskip("tensorflow")
LOGITS = np.array([[0.3, -2.0, 40.0], [-40.0, 5.0, 0.0]], dtype="float32")


def gradient_through(activation, loss, labels, logits):
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = loss(labels, activation(variable))
    return tape.gradient(value, variable).numpy()


def test_binary_equals_scikit_learn():
    labels = np.array([[1, 0, 1], [0, 1, 1]])
    probabilities = np.array([[0.9, 0.2, 0.6], [0.3, 0.7, 0.1]])
    ours = float(BinaryCrossentropy()(labels, probabilities))
    assert ours == pytest.approx(log_loss(labels.reshape(-1), probabilities.reshape(-1)), rel=1e-6)


def test_sparse_equals_scikit_learn():
    probabilities = softmax(np.random.default_rng(0).normal(size=(5, 3)), axis=1)
    labels = np.array([0, 2, 1, 1, 0])
    ours = float(SparseCategoricalCrossentropy()(labels, probabilities))
    assert ours == pytest.approx(log_loss(labels, probabilities, labels=[0, 1, 2]), rel=1e-5)


def test_binary_gradient_is_that_of_the_logit_form_even_at_40():
    labels = np.array([[1, 1, 0], [1, 0, 1]], dtype="float32")
    expected = (expit(LOGITS.astype("float64")) - labels) / labels.size
    assert np.allclose(gradient_through(our_sigmoid, BinaryCrossentropy(), labels, LOGITS), expected, atol=1e-7)


def test_sparse_gradient_is_that_of_the_logit_form_even_at_40():
    labels = np.array([0, 0])
    expected = (softmax(LOGITS.astype("float64"), axis=1) - np.eye(3)[labels]) / len(labels)
    assert np.allclose(
        gradient_through(our_softmax, SparseCategoricalCrossentropy(), labels, LOGITS), expected, atol=1e-6
    )


def test_keras_loses_the_gradient_where_ours_keeps_it():
    labels, logits = np.array([[0.0]], "float32"), np.array([[40.0]], "float32")
    clipped = gradient_through(lambda x: keras.ops.sigmoid(x) * 1.0, keras.losses.BinaryCrossentropy(), labels, logits)
    assert abs(clipped[0, 0]) < 1e-6
    assert gradient_through(our_sigmoid, BinaryCrossentropy(), labels, logits)[0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("smoothing", [0.0, 0.2], ids=["plain", "smoothed"])
def test_logits_and_probabilities_agree(smoothing):
    logits, labels = np.random.default_rng(1).normal(size=(4, 3)).astype("float32"), np.array([[1, 0, 1]] * 4)
    from_logits = BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)(labels, logits)
    from_probabilities = BinaryCrossentropy(label_smoothing=smoothing)(labels, expit(logits))
    assert float(from_logits) == pytest.approx(float(from_probabilities), rel=1e-5)


def test_smoothed_sparse_equals_the_definition():
    logits, labels, share = np.random.default_rng(2).normal(size=(4, 3)), np.array([0, 1, 2, 1]), 0.3
    target = np.eye(3)[labels] * (1 - share) + share / 3
    expected = -(target * log_softmax(logits, axis=1)).sum(axis=1).mean()
    loss = SparseCategoricalCrossentropy(from_logits=True, label_smoothing=share)
    assert float(loss(labels, logits.astype("float32"))) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss_class", [BinaryCrossentropy, SparseCategoricalCrossentropy])
def test_config_round_trip(loss_class):
    loss = loss_class(from_logits=True, label_smoothing=0.1)
    assert loss_class.from_config(loss.get_config()).get_config() == loss.get_config()
