import keras
import numpy as np
import pytest

from kerasbert.encoders.attention import BertSelfAttention


@pytest.fixture
def hidden_states():
    return np.random.default_rng(0).normal(size=(2, 5, 12)).astype("float32")


def by_hand(layer, x, bias):
    """Attention head by head, with separate products for query, key and value."""
    kernel, offset = (np.asarray(weight) for weight in layer.query_key_value.weights)
    query, key, value = np.split(x @ kernel + offset, 3, axis=-1)
    contexts, dim = [], layer.head_dim
    for head in range(layer.num_attention_heads):
        part = slice(head * dim, (head + 1) * dim)
        scores = query[..., part] @ np.swapaxes(key[..., part], 1, 2) / np.sqrt(dim) + bias
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        contexts.append(weights / weights.sum(-1, keepdims=True) @ value[..., part])
    return np.concatenate(contexts, axis=-1)


@pytest.mark.parametrize("heads", [1, 3, 12])
def test_equals_attention_by_hand(hidden_states, heads):
    layer = BertSelfAttention(12, heads, initializer_range=0.5)
    bias = np.zeros((2, 1, 1, 5), "float32")
    bias[1, ..., 3:] = -1e9
    context, probabilities = layer(hidden_states, bias)
    np.testing.assert_allclose(context, by_hand(layer, hidden_states, bias[:, 0]), atol=1e-5)
    np.testing.assert_allclose(np.sum(probabilities, axis=-1), 1, atol=1e-6)
    assert not np.asarray(probabilities)[1, ..., 3:].any()


def test_row_of_padding_attends_evenly(hidden_states):
    bias = np.full((2, 1, 1, 5), -1e9, "float32")
    _, probabilities = BertSelfAttention(12, 3)(np.zeros_like(hidden_states), bias)
    np.testing.assert_allclose(probabilities, 0.2, atol=1e-6)


def test_config_round_trip():
    layer = BertSelfAttention(12, 3, dropout=0.25, initializer_range=0.1, name="mine")
    assert BertSelfAttention.from_config(layer.get_config()).get_config() == layer.get_config()


def test_dropout_acts_in_training(hidden_states):
    layer = BertSelfAttention(12, 3, dropout=0.5)
    assert not np.allclose(layer(hidden_states, training=True)[0], layer(hidden_states)[0])


def test_symbolic_shapes():
    context, probabilities = BertSelfAttention(12, 3)(keras.Input((None, 12)))
    assert (context.shape[1:], probabilities.shape[1]) == ((None, 12), 3)
