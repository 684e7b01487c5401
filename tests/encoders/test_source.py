import warnings

import numpy as np
import pytest

from kerasbert import KerasbertWarning, TFBertModel
from kerasbert.encoders.source import encoder_for

from .reference import torch_model, toy_config


def test_folder_is_known_before_it_is_built(tiny_folder, tiny_config):
    source = encoder_for(tiny_folder)
    assert source.config == tiny_config
    assert source.build(num_hidden_layers=1, add_pooling_layer=False).config.num_hidden_layers == 1


@pytest.mark.parametrize("form", ["config", "dict"])
def test_config_gives_fresh_weights(tiny_config, form):
    source = encoder_for(tiny_config if form == "config" else tiny_config.to_dict())
    assert isinstance(source.build(num_hidden_layers=None, add_pooling_layer=True), TFBertModel)


def test_live_encoder_is_copied(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    copy = encoder_for(encoder).build(num_hidden_layers=None, add_pooling_layer=True, name="copy")
    assert copy is not encoder
    np.testing.assert_array_equal(copy(tiny_inputs)[0], encoder(tiny_inputs)[0])


def test_pytorch_model_is_copied_with_its_pooler():
    model = torch_model(toy_config())
    assert encoder_for(model).build(num_hidden_layers=None, add_pooling_layer=True).pooler is not None


@pytest.mark.parametrize("value", [3, None, ["bert"]], ids=repr)
def test_something_else(value):
    with pytest.raises(TypeError, match="`encoder` must be the name or folder of a checkpoint, a BertConfig, or"):
        encoder_for(value)


def test_frozen_pytorch_layers_stay_frozen():
    model = torch_model(toy_config())
    for parameter in model.embeddings.parameters():
        parameter.requires_grad = False
    copy = encoder_for(model).build(num_hidden_layers=None, add_pooling_layer=False, name="encoder")
    assert copy.trainable and all(block.trainable for block in copy.blocks)
    assert not [weight.path for weight in copy.trainable_weights if "embeddings" in weight.path]


def test_a_frozen_pytorch_model_stays_frozen():
    model = torch_model(toy_config()).requires_grad_(False)
    assert not encoder_for(model).build(num_hidden_layers=1, add_pooling_layer=False).trainable


def test_a_layer_that_pytorch_trains_in_part_is_told():
    model = torch_model(toy_config())
    model.encoder.layer[0].output.dense.bias.requires_grad = False
    with pytest.warns(KerasbertWarning, match="some tensors are frozen and some are not.*layer_0/output"):
        encoder_for(model).build(num_hidden_layers=None, add_pooling_layer=False)


def test_a_folder_of_a_classifier_says_that_its_head_is_left_out(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(**{**toy_config().to_dict(), "num_labels": 3})
    model = transformers.BertForSequenceClassification(config)
    model.save_pretrained(tmp_path / "classifier")
    for given in (tmp_path / "classifier", model):
        with pytest.warns(KerasbertWarning, match="BertForSequenceClassification; its encoder is taken, its head"):
            encoder_for(given)
    model.bert.save_pretrained(tmp_path / "encoder")
    with warnings.catch_warnings():
        warnings.simplefilter("error", KerasbertWarning)
        encoder_for(tmp_path / "encoder")
