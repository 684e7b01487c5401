import keras
import numpy as np
import pytest

from kerasbert import ConfigError, finetune
from kerasbert.callbacks import TimeStopping


def test_stops_when_the_time_is_over(toy_model, toy_batches, capsys):
    model = toy_model()
    finetune(model, toy_batches, epochs=50, verbose=False, callbacks=[TimeStopping(1e-6, verbose=True)])
    assert int(model.optimizer.iterations) == 1
    assert "Training stopped after 1e-06 seconds" in capsys.readouterr().err


def test_lets_a_short_training_end(toy_model, toy_batches):
    model = toy_model()
    finetune(model, toy_batches, epochs=1, verbose=False, callbacks=[TimeStopping(3600)])
    assert int(model.optimizer.iterations) == toy_batches.steps


def test_works_with_fit():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=9, verbose=0, callbacks=[TimeStopping(1e-6)])
    assert len(history.history["loss"]) == 1


def test_goes_on_counting(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    first, second = TimeStopping(60), TimeStopping(60)
    first.on_train_begin()
    now[0] += 50
    second.on_train_begin()
    second.restore_training_state(first.training_state())
    model = keras.Sequential()
    model.stop_training = False
    second.set_model(model)
    for later, stops in ((9, False), (1, True)):
        now[0] += later
        second.on_train_batch_end(0)
        assert model.stop_training is stops


def test_no_time_at_all():
    with pytest.raises(ConfigError, match="`seconds` must be"):
        TimeStopping(0)
