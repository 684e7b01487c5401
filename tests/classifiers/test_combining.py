import keras
import numpy as np
import pytest

from kerasbert.classifiers.combining import COMBINATION_LAYERS, AttentionCombination, WeightedCombination

RANDOM = np.random.default_rng(0)
VECTORS = [RANDOM.normal(size=(2, 5)).astype("float32") for _ in range(3)]
TOKENS = [RANDOM.normal(size=(2, 4, 5)).astype("float32") for _ in range(3)]


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def randomised(layer, states):
    layer(states)
    layer.set_weights([RANDOM.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


@pytest.mark.parametrize("states", [VECTORS, TOKENS], ids=["vectors", "tokens"])
def test_weighted_is_a_softmax_mix_with_a_scale(states):
    layer = randomised(WeightedCombination(), states)
    bias, gamma = layer.get_weights()
    expected = gamma * np.einsum("l,l...->...", softmax(bias), np.stack(states))
    assert np.allclose(layer(states), expected, atol=1e-5)


@pytest.mark.parametrize("states", [VECTORS, TOKENS], ids=["vectors", "tokens"])
def test_attention_weighs_the_layers_of_each_text(states):
    layer = randomised(AttentionCombination(units=3), states)
    bias, kernel, hidden_bias, score = (
        layer.layer_bias,
        layer.hidden_layer.kernel,
        layer.hidden_layer.bias,
        layer.score.kernel,
    )
    scores = np.concatenate([np.tanh(s @ np.array(kernel) + hidden_bias) @ np.array(score) for s in states], -1)
    weights = softmax(scores + np.array(bias))
    assert np.allclose(layer.weights_of(states), weights, atol=1e-5)
    assert np.allclose(layer(states), np.einsum("...l,...lh->...h", weights, np.stack(states, -2)), atol=1e-5)


@pytest.mark.parametrize("name", COMBINATION_LAYERS)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_precision(name, policy):
    keras.config.set_dtype_policy(policy)
    combined = COMBINATION_LAYERS[name]()(VECTORS)
    assert np.isfinite(np.array(keras.ops.cast(combined, "float32"))).all()


def test_config_round_trip():
    config = AttentionCombination(units=7).get_config()
    assert AttentionCombination.from_config(config).get_config() == config
