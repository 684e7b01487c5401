import keras
import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.training.callbacks.best_epoch import keep_best


def small_model(*metrics):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    if metrics:
        model.compile("sgd", "mse", metrics=list(metrics))
        model.evaluate(np.zeros((1, 1)), np.zeros(1), verbose=0)
    return model


def test_of_equal_epochs_the_later_is_kept():
    best = keep_best("val_f1", patience=1)
    model = small_model()
    best.set_model(model)
    best.on_train_begin()
    for epoch, value in enumerate([0.9, 0.9, 0.8]):
        model.set_weights([np.full((1, 1), epoch), np.zeros(1)])
        best.on_epoch_end(epoch, {"val_f1": value})
    best.on_train_end()
    assert best.best_epoch == 1 and float(model.get_weights()[0][0, 0]) == 1.0


@pytest.mark.parametrize(
    ("metric", "better"), [("mae", 0.1), (keras.metrics.R2Score(name="r2"), 0.9)], ids=["least", "most"]
)
def test_a_metric_says_what_is_better(metric, better):
    name = "val_mae" if metric == "mae" else "val_r2"
    best = keep_best(name, patience=5, mode="auto")
    best.set_model(small_model(metric))
    best.on_train_begin()
    for epoch, value in enumerate([0.5, better, 0.5]):
        best.on_epoch_end(epoch, {name: value})
    assert best.best_epoch == 1


def test_an_unknown_measure():
    best = keep_best("val_mea", patience=1, mode="auto")
    best.set_model(small_model("mae"))
    with pytest.raises(
        ConfigError, match="`monitor` must be one of 'val_loss', 'val_mae'.*got 'val_mea'. Did you mean 'val_mae'"
    ):
        best.on_train_begin()
    late = keep_best("val_x", patience=1, mode="max")
    late.set_model(small_model())
    late.on_train_begin()
    with pytest.raises(ConfigError, match="`monitor` must be one of 'loss', 'val_loss'; got 'val_x'"):
        late.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})
