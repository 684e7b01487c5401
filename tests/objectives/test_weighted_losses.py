"""The weights, focusing and margins of the losses, against PyTorch, Keras and NumPy."""

import keras
import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.losses import AsymmetricLoss, BinaryCrossentropy, SparseCategoricalCrossentropy

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(12, 4)).astype("float32") * 2
ROWS = (RANDOM.random((12, 4)) < 0.4).astype("float32")
IDS = RANDOM.integers(0, 4, 12)
WEIGHTS = [0.5, 1.0, 2.0, 7.0]
SIGMOIDS = 1 / (1 + np.exp(-LOGITS))
SOFTMAX = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("from_logits", [True, False], ids=["logits", "probabilities"])
class TestEitherForm:
    def predictions(self, from_logits, probabilities):
        return LOGITS if from_logits else probabilities

    def test_weights_of_positives(self, from_logits):
        torch = pytest.importorskip("torch")
        loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(WEIGHTS))
        expected = float(loss(torch.tensor(LOGITS), torch.tensor(ROWS)))
        got = BinaryCrossentropy(from_logits, pos_weight=WEIGHTS)(ROWS, self.predictions(from_logits, SIGMOIDS))
        assert np.isclose(float(got), expected, rtol=1e-5)

    def test_focal_of_labels(self, from_logits):
        expected = keras.losses.BinaryFocalCrossentropy(gamma=2.0)(ROWS, SIGMOIDS)
        got = BinaryCrossentropy(from_logits, gamma=2.0)(ROWS, self.predictions(from_logits, SIGMOIDS))
        assert np.isclose(float(got), float(expected), rtol=1e-4)

    def test_asymmetric(self, from_logits):
        shifted = np.maximum(SIGMOIDS - 0.05, 0)
        terms = -ROWS * np.log(SIGMOIDS) * (1 - SIGMOIDS) - (1 - ROWS) * shifted**4 * np.log(1 - shifted)
        loss = AsymmetricLoss(from_logits, gamma_positive=1.0)
        assert np.isclose(float(loss(ROWS, self.predictions(from_logits, SIGMOIDS))), terms.mean(), rtol=1e-4)

    def test_weights_of_classes(self, from_logits):
        torch = pytest.importorskip("torch")
        loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(WEIGHTS), reduction="none")
        expected = loss(torch.tensor(LOGITS), torch.tensor(IDS)).mean()
        got = SparseCategoricalCrossentropy(from_logits, class_weight=WEIGHTS)(
            IDS, self.predictions(from_logits, SOFTMAX)
        )
        assert np.isclose(float(got), float(expected), rtol=1e-5)

    def test_focal_of_classes(self, from_logits):
        own = SOFTMAX[np.arange(12), IDS]
        got = SparseCategoricalCrossentropy(from_logits, gamma=2.0)(IDS, self.predictions(from_logits, SOFTMAX))
        assert np.isclose(float(got), (-((1 - own) ** 2) * np.log(own)).mean(), rtol=1e-4)

    def test_smoothed_classes(self, from_logits):
        expected = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)(np.eye(4)[IDS], SOFTMAX)
        got = SparseCategoricalCrossentropy(from_logits, label_smoothing=0.2)(
            IDS, self.predictions(from_logits, SOFTMAX)
        )
        assert np.isclose(float(got), float(expected), rtol=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        BinaryCrossentropy(pos_weight=WEIGHTS, gamma=1.0),
        AsymmetricLoss(margin=0.1, gamma_positive=1.0),
        SparseCategoricalCrossentropy(class_weight=WEIGHTS, gamma=1.0),
    ],
    ids=["binary", "asymmetric", "classes"],
)
def test_comes_back_from_its_config(loss):
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss) and again.get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BinaryCrossentropy(gamma=-1), "`gamma` must be"),
        (lambda: BinaryCrossentropy(pos_weight=[1.0, -1.0]), "`pos_weight"),
        (lambda: AsymmetricLoss(margin=1.0), "`margin` must be"),
    ],
    ids=["gamma", "weight", "margin"],
)
def test_numbers_out_of_range(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
