import pytest

from kerasbert import BertConfig, ConfigError
from kerasbert.encoders.config import as_config

WRONG = [
    ("hidden_size", 0, ConfigError, "`hidden_size` must be an integer from 1 to 65536; got 0"),
    ("hidden_size", -1, ConfigError, "`hidden_size` must be an integer .*; got -1"),
    ("hidden_size", "768", TypeError, "`hidden_size` must be an integer .*; got '768' of type str"),
    ("hidden_size", 768.0, TypeError, "got 768.0 of type float"),
    ("hidden_size", True, TypeError, "got True of type bool"),
    ("hidden_size", 10**9, ConfigError, "got 1000000000"),
    ("hidden_size", None, TypeError, "got None of type NoneType"),
    ("num_attention_heads", 7, ConfigError, "`hidden_size` must be a multiple of `num_attention_heads`; got 768 and 7"),
    ("num_hidden_layers", 10**6, ConfigError, "`num_hidden_layers` must be an integer from 1 to 1000; got 1000000"),
    ("hidden_dropout_prob", 1.5, ConfigError, r"`hidden_dropout_prob` must be a number in \[0, 1\); got 1.5"),
    ("hidden_dropout_prob", 1, ConfigError, r"`hidden_dropout_prob` must be a number in \[0, 1\); got 1"),
    ("attention_probs_dropout_prob", float("nan"), ConfigError, "`attention_probs_dropout_prob` must .* got nan"),
    ("hidden_act", "gleu", ConfigError, "`hidden_act` must be one of .*; got 'gleu'. Did you mean 'gelu'"),
    ("layer_norm_eps", 0, ConfigError, r"`layer_norm_eps` must be a number in \(0, 1\]; got 0"),
    ("type_vocab_size", 0, ConfigError, "`type_vocab_size` must be an integer from 1 .*; got 0"),
    ("vocab_size", 0, ConfigError, "`vocab_size` must be an integer from 1 .*; got 0"),
    ("pad_token_id", 30522, ConfigError, "`pad_token_id` must be an integer from 0 to 30521; got 30522"),
    (
        "model_type",
        "t5",
        ConfigError,
        "`model_type` must be one of 'bert', 'distilbert', 'electra', 'roberta'; got 't5'",
    ),
    ("model_type", ["bert"], ConfigError, r"`model_type` must be one of .*; got \['bert'\]"),
    ("is_decoder", True, ConfigError, "`is_decoder` must be false: kerasbert builds encoders only; got True"),
    ("position_embedding_type", "relative_key", ConfigError, "must be 'absolute'; got 'relative_key'"),
]


@pytest.mark.parametrize(("key", "value", "error", "message"), WRONG, ids=[f"{row[0]}={row[1]}" for row in WRONG])
def test_values_out_of_range(key, value, error, message):
    with pytest.raises(error, match=message):
        BertConfig.from_dict({key: value})


def test_defaults_are_those_of_hugging_face():
    transformers = pytest.importorskip("transformers")
    for name in ("BertConfig", "DistilBertConfig", "ElectraConfig", "RobertaConfig"):
        theirs = getattr(transformers, name)()
        ours = BertConfig.from_dict({"model_type": theirs.model_type}).to_dict()
        known = {key: value for key, value in ours.items() if hasattr(theirs, key)}
        assert {key: getattr(theirs, key) for key in known} == known


def test_distilbert_keys():
    config = BertConfig.from_dict({"model_type": "distilbert", "dim": 24, "n_layers": 2, "n_heads": 4, "dropout": 0.2})
    assert (config.hidden_size, config.num_hidden_layers, config.hidden_dropout_prob) == (24, 2, 0.2)
    assert config.to_dict()["dim"] == 24
    assert BertConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("key", ["auto_map", "trust_remote_code", "_attn_implementation_internal", "custom_pipelines"])
def test_keys_that_would_run_code_are_ignored(key):
    with pytest.warns(UserWarning, match=f"{key} ignored; no code of a model folder is ever run"):
        assert BertConfig.from_dict({key: {"AutoModel": "evil.Model"}}) == BertConfig()


def test_callers_dict_is_left_alone():
    values = {"hidden_size": 24, "num_attention_heads": 2, "label2id": {"a": 0}}
    before = dict(values)
    BertConfig.from_dict(values)
    assert values == before


class TransformersLike:
    model_type = "bert"

    def to_dict(self):
        return {"hidden_size": 24, "num_attention_heads": 2, "output_hidden_states": False}


def test_as_config_takes_what_has_to_dict():
    config = as_config(TransformersLike())
    # In transformers False is the default and forces nothing.
    assert (config.hidden_size, config.output_hidden_states) == (24, None)


def test_as_config_of_something_else():
    with pytest.raises(
        TypeError, match="`config` must be a kerasbert.BertConfig.*got 'bert' of type str.*from_pretrained"
    ):
        as_config("bert")


def test_replace_checks_again():
    with pytest.raises(ConfigError, match="multiple of `num_attention_heads`"):
        BertConfig().replace(num_attention_heads=5)
