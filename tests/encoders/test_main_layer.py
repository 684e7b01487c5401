from operator import attrgetter

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.encoders.families import ENCODERS

from .reference import toy_config


@pytest.mark.parametrize("family", ENCODERS)
def test_the_main_layer_is_found_by_the_name_of_its_family(family):
    encoder = ENCODERS[family](toy_config(model_type=family))
    main = getattr(encoder, family)
    ids = np.full((1, 3), 5, "int32")
    assert np.array_equal(main(ids)[0], encoder(ids)[0]) and main.embeddings is encoder.embeddings
    assert (main.transformer if family == "distilbert" else main.encoder).layer[-1] is encoder.blocks[-1]
    assert not any(hasattr(encoder, other) for other in ENCODERS if other != family)


def test_what_is_frozen_by_these_names_is_frozen(tiny_config, tmp_path):
    encoder = kb.TFBertModel(tiny_config)
    encoder.bert.encoder.layer[0].trainable = False
    encoder.bert.embeddings.trainable = False
    model = keras.Model(ids := keras.Input((None,), dtype="int32"), encoder(ids)[0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(loaded.trainable_weights) == len(encoder.trainable_weights) == 14
    encoder.bert.trainable = False
    assert not encoder.trainable_weights and not encoder.trainable


def test_a_name_that_is_not_there_is_an_attribute_error(tiny_config):
    with pytest.raises(AttributeError, match="decoder"):
        attrgetter("bert.decoder")(kb.TFBertModel(tiny_config))


def test_a_config_answers_to_the_names_of_its_family():
    config = kb.BertConfig.from_dict({"model_type": "distilbert", "dim": 12, "n_heads": 3, "n_layers": 2})
    assert (config.dim, config.n_heads, config.n_layers, config.hidden_size) == (12, 3, 2, 12)
    with pytest.raises(AttributeError, match="'BertConfig' object has no attribute 'dim'"):
        attrgetter("dim")(kb.BertConfig())
