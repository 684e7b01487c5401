"""What is frozen stays frozen in an encoder by itself and inside a model of a user."""

import keras
import numpy as np
import pytest

from kerasbert import BertConfig, TFBertModel
from kerasbert.encoders.block import BertBlock
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.trainable_parts import copy_trainable, set_trainable_parts, trainable_parts

SIZES = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 16, "vocab_size": 20}
PARTS = {
    "encoder": lambda encoder: [encoder],
    "block": lambda encoder: [encoder.blocks[0]],
    "embeddings": lambda encoder: [encoder.embeddings],
    "attention": lambda encoder: [encoder.blocks[1].attention],
    "one table and one norm": lambda encoder: [encoder.embeddings.word_embeddings, encoder.blocks[0].output_norm],
}


def toy(family="bert", **kwargs):
    return ENCODERS[family](BertConfig.from_dict({**SIZES, "model_type": family}), **kwargs)


def around(encoder):
    ids = keras.Input((None,), dtype="int32", name="input_ids")
    return keras.Model(ids, keras.layers.Dense(3)(encoder(ids)[0][:, 0]))


def trainable(model):
    return [weight.path for weight in model.trainable_weights]


@pytest.mark.parametrize("family", ENCODERS)
@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_a_users_model_keeps_what_is_frozen(parts, family, tmp_path):
    model = around(toy(family))
    before = len(trainable(model))
    for part in parts(model.layers[1]):
        part.trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert trainable(loaded) == trainable(keras.models.clone_model(model)) == trainable(model)
    assert 2 <= len(trainable(model)) < before


def test_a_thawed_block_in_a_frozen_encoder_is_kept():
    model = around(toy())
    encoder = model.layers[1]
    encoder.trainable, encoder.blocks[1].trainable = False, True
    assert trainable(keras.models.clone_model(model)) == trainable(model)
    assert trainable_parts(encoder) == {"layer_1": True}


@pytest.mark.parametrize("way", ["constructor", "from_pretrained", "from_config"])
def test_an_encoder_made_frozen_does_not_train(way, tiny_folder, tiny_config):
    made = {
        "constructor": lambda: TFBertModel(tiny_config, trainable=False),
        "from_pretrained": lambda: TFBertModel.from_pretrained(tiny_folder, trainable=False),
        "from_config": lambda: TFBertModel.from_config({**TFBertModel(tiny_config).get_config(), "trainable": False}),
    }
    assert len(trainable(around(made[way]()))) == 2


def test_a_block_made_frozen_does_not_train():
    block = BertBlock(BertConfig.from_dict(SIZES), trainable=False)
    block(np.ones((1, 3, 8), "float32"))
    assert not any(weight.trainable for weight in block.weights)


def test_weights_from_a_file_change_no_flag(tmp_path):
    encoder = toy()
    encoder.save_weights(tmp_path / "all.weights.h5")
    encoder.blocks[0].trainable = False
    before = trainable(encoder)
    encoder.load_weights(tmp_path / "all.weights.h5")
    assert trainable(encoder) == before


def test_flags_of_parts_that_are_not_there_are_passed_over():
    smaller = toy(num_hidden_layers=1)
    set_trainable_parts(smaller, {"layer_1": False, "layer_0/attention": False})
    assert trainable_parts(smaller) == {"layer_0/attention": False}


def test_flags_are_copied_from_a_larger_encoder():
    larger, smaller = toy(), toy(num_hidden_layers=1)
    larger.trainable, larger.blocks[0].trainable = False, True
    copy_trainable(larger, smaller)
    assert not smaller.trainable and trainable_parts(smaller) == {"layer_0": True}


def test_a_config_without_flags_stays_as_it_was():
    assert "trainable_parts" not in toy().get_config()
