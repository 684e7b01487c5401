import numpy as np
import pytest

from kerasbert import BertConfig, ConfigError
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.source import encoder_from

from .reference import inputs_for, largest_difference, torch_model, torch_outputs, toy_config

RELATIVES = {
    "distilbert": {"model_type": "distilbert", "dim": 12, "n_heads": 3, "n_layers": 3, "hidden_dim": 29},
    "distilbert, sine positions, relu": {
        "model_type": "distilbert",
        "sinusoidal_pos_embds": True,
        "activation": "relu",
        "dim": 12,
        "n_heads": 2,
        "n_layers": 2,
        "hidden_dim": 29,
    },
    "electra, projected": {"model_type": "electra", "embedding_size": 5},
    "electra, not projected": {"model_type": "electra", "embedding_size": 12},
    "roberta": {"model_type": "roberta", "type_vocab_size": 1},
    "roberta, other padding id": {"model_type": "roberta", "pad_token_id": 4, "type_vocab_size": 2},
}


@pytest.mark.parametrize("padding", ["none", "left", "right"])
@pytest.mark.parametrize("values", RELATIVES.values(), ids=RELATIVES)
def test_relatives_agree_with_pytorch(values, padding):
    config = toy_config(**values)
    model = torch_model(config)
    inputs = inputs_for(config, padding)
    theirs, ours = torch_outputs(model, config, inputs), encoder_from(model)(inputs, output_attentions=True)
    assert largest_difference(theirs.hidden_states, ours.hidden_states) < 1e-5
    assert largest_difference(theirs.attentions, ours.attentions) < 1e-5
    if config.model_type == "roberta":
        assert largest_difference([theirs.pooler_output], [ours.pooler_output]) < 1e-5


@pytest.mark.parametrize("model_type", ["distilbert", "electra"])
def test_families_without_a_pooler(model_type):
    encoder = ENCODERS[model_type](toy_config(model_type=model_type))
    assert encoder(np.ones((1, 3), "int32")).pooler_output is None


@pytest.mark.parametrize(("model_type", "family"), ENCODERS.items())
def test_family_takes_its_own_config_only(model_type, family):
    other = "bert" if model_type != "bert" else "electra"
    with pytest.raises(ConfigError, match=f"{family.__name__} takes a config with `model_type` {model_type!r}"):
        family(BertConfig(model_type=other))


def test_roberta_reserves_positions_for_padding():
    encoder = ENCODERS["roberta"](toy_config(model_type="roberta", max_position_embeddings=12))
    with pytest.raises(ConfigError, match="at most 10 tokens a row"):
        encoder(np.full((1, 11), 5, "int32"))
