import numpy as np
import pytest

from kerasbert.encoders.block import BertBlock

from .reference import toy_config


def normalised(x, eps):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)


def dense(layer, x):
    return x @ np.asarray(layer.kernel) + np.asarray(layer.bias)


def test_equals_the_block_by_hand():
    config = toy_config(hidden_act="relu", layer_norm_eps=1e-3, initializer_range=0.5)
    block = BertBlock(config)
    x = np.random.default_rng(0).normal(size=(2, 4, 12)).astype("float32")
    found, _ = block(x)
    attended = normalised(x + dense(block.attention_output, np.asarray(block.attention(x)[0])), 1e-3)
    wide = np.maximum(dense(block.intermediate, attended), 0)
    np.testing.assert_allclose(found, normalised(attended + dense(block.output_dense, wide), 1e-3), atol=1e-5)


def test_config_round_trip():
    block = BertBlock(toy_config(), name="layer_7")
    assert BertBlock.from_config(block.get_config()).get_config() == block.get_config()


@pytest.mark.parametrize("key", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
def test_each_dropout_acts_in_training(key):
    rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, key: 0.5}
    block = BertBlock(toy_config(initializer_range=0.5, **rates))
    x = np.random.default_rng(0).normal(size=(2, 4, 12)).astype("float32")
    assert not np.allclose(block(x, training=True)[0], block(x)[0])
