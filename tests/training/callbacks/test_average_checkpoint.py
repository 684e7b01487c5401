import keras
import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.callbacks import AverageModelCheckpoint

DATA = np.linspace(-1, 1, 24).reshape(12, 2).astype("float32")
TARGET = DATA.sum(axis=1, keepdims=True)


def model_of(**options):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, **options), "mse")
    return model


class Averages(keras.callbacks.Callback):
    """The moving average, computed apart from the optimiser."""

    def on_train_batch_end(self, batch, logs=None):
        weights = self.model.get_weights()
        before = getattr(self, "values", [np.zeros_like(one) for one in weights])
        first = not hasattr(self, "values")
        self.values = [one if first else 0.9 * old + 0.1 * one for old, one in zip(before, weights, strict=True)]


def fit(model, *callbacks, epochs=3):
    model.fit(DATA, TARGET, batch_size=4, epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks))
    return model.get_weights()


def test_the_file_holds_the_averages_and_training_goes_on(tmp_path):
    averages, file = Averages(), tmp_path / "average.weights.h5"
    saving = AverageModelCheckpoint(file, save_weights_only=True)
    plain = fit(model_of(use_ema=True, ema_momentum=0.9))
    model = model_of(use_ema=True, ema_momentum=0.9)
    trained = fit(model, averages, saving)
    assert all(np.allclose(one, two, atol=1e-6) for one, two in zip(plain, trained, strict=True))
    model.load_weights(file)
    assert all(np.allclose(one, two, atol=1e-6) for one, two in zip(model.get_weights(), averages.values, strict=True))


def test_an_optimizer_without_averages(tmp_path):
    with pytest.raises(ConfigError, match="needs an optimizer with use_ema=True"):
        fit(model_of(), AverageModelCheckpoint(tmp_path / "a.keras"))
