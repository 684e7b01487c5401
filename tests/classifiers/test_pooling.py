import keras
import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.pooling import POOLINGS, AttentionPooling, MeanPooling, as_pooling, pooling_name

RANDOM = np.random.default_rng(0)
STATES = RANDOM.normal(size=(3, 4, 5)).astype("float32")
MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
TOKENS = [STATES[0, :2], STATES[1], np.zeros((1, 5))]
EXPECTED = {"mean": lambda rows: rows.mean(0), "max": lambda rows: rows.max(0), "cls": lambda rows: rows[0]}
BY_TOKEN = [name for name in POOLINGS if name != "pooler"]


@pytest.mark.parametrize("name", EXPECTED)
def test_equals_numpy_without_the_padding(name):
    expected = [EXPECTED[name](rows) for rows in TOKENS]
    assert np.allclose(as_pooling(name)(STATES, MASK), expected, atol=1e-6)


@pytest.mark.parametrize("name", BY_TOKEN)
def test_padding_changes_nothing(name):
    layer, other = as_pooling(name), STATES.copy()
    other[0, 2:] = 1e3
    assert np.allclose(layer(STATES, MASK), layer(other, MASK), atol=1e-6)


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_row_of_padding_gives_zeros(name, dtype):
    keras.config.set_dtype_policy(dtype)
    states = STATES[:, 0] if name == "pooler" else STATES
    pooled = keras.ops.cast(as_pooling(name)(states, MASK), "float32")
    assert np.array_equal(pooled[2], np.zeros(5)) and np.isfinite(pooled).all()


def test_attention_is_a_weighted_mean():
    layer = AttentionPooling(units=3)
    pooled, weights = layer(STATES, MASK), np.array(layer.weights_of(STATES, MASK))
    assert np.allclose(weights[:2].sum(1), 1) and np.allclose(weights[0, 2:], 0)
    assert np.allclose(pooled[:2], np.einsum("bl,blh->bh", weights, STATES)[:2], atol=1e-6)


def test_attention_scores_are_those_of_the_paper():
    layer = AttentionPooling(units=3)
    layer(STATES, MASK)
    kernel, bias, vector = (np.array(weight) for weight in layer.weights)
    scores = np.exp(np.tanh(STATES[1] @ kernel + bias) @ vector)[:, 0]
    assert np.allclose(layer.weights_of(STATES, MASK)[1], scores / scores.sum(), atol=1e-6)


def test_unknown_name_gets_the_near_miss():
    with pytest.raises(ConfigError, match=r"`pooling` must be one of .*; got 'means'. Did you mean 'mean'\?"):
        as_pooling("means")


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="`pooling` must be a name or a kerasbert pooling layer; got 3"):
        as_pooling(3)


def test_names_of_layers():
    assert pooling_name(MeanPooling()) == "mean"
