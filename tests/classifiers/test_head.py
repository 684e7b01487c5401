import keras
import numpy as np
import pytest

from kerasbert import Binary, ConfigError, Multiclass, Multilabel
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.tasks.table import TASKS

VECTORS = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")


def test_softmax_of_the_logits():
    head = ClassificationHead(Multiclass(["a", "b", "c"]))
    logits = VECTORS @ (head(VECTORS) is not None and np.array(head.output_layer.kernel))
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(head(VECTORS), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("task", "names", "units"), [("binary", "01", 1), ("multiclass", "abc", 3), ("multilabel", "abcd", 4)]
)
def test_units_and_range(task, names, units):
    output = np.array(ClassificationHead(TASKS[task].of(names), hidden_units=(5,))(VECTORS))
    assert output.shape == (3, units) and (output > 0).all() and (output < 1).all()


def test_always_float32():
    keras.config.set_dtype_policy("mixed_float16")
    head = ClassificationHead(Binary(), hidden_units=[4])
    assert keras.backend.standardize_dtype(head(VECTORS).dtype) == "float32"


@pytest.mark.parametrize("units", ["256", 256, [0], [2.5]], ids=repr)
def test_hidden_units_are_checked(units):
    with pytest.raises((TypeError, ConfigError), match="`hidden_units` must be"):
        ClassificationHead(Binary(), hidden_units=units)


def test_hidden_activation_gets_the_near_miss():
    with pytest.raises(
        ConfigError, match=r"`hidden_activation` must be the name of a Keras activation.*Did you mean 'relu'\?"
    ):
        ClassificationHead(Binary(), hidden_activation="relo")


def test_config_round_trip():
    head = ClassificationHead(Multilabel(["a", "b"]), activation="linear", hidden_units=(3,), dropout=0.2)
    assert ClassificationHead.from_config(head.get_config()).get_config() == head.get_config()
