import numpy as np
import pytest

from kerasbert import TFBertModel
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
