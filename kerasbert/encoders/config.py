"""The configuration of an encoder: Hugging Face's keys, checked before anything is allocated."""

import dataclasses
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.json_files import read_json_object
from kerasbert._core.names import CONFIG_FILE

# Names of the functions in `encoders/activations.py`, told before Keras is loaded.
ACTIVATION_NAMES = (
    "gelu",
    "gelu_fast",
    "gelu_new",
    "gelu_pytorch_tanh",
    "gelu_python",
    "leaky_relu",
    "linear",
    "mish",
    "quick_gelu",
    "relu",
    "relu2",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "swish",
    "tanh",
)
MODEL_TYPES = ("bert", "distilbert", "electra", "roberta")

# DistilBERT's own key for each of BERT's.
DISTILBERT_KEYS = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_dropout_prob": "dropout",
    "attention_probs_dropout_prob": "attention_dropout",
    "hidden_act": "activation",
}
# What Hugging Face assumes where a config.json of the family is silent, other than BERT's own defaults.
FAMILY_DEFAULTS: dict[str, dict[str, Any]] = {
    "bert": {},
    "distilbert": {"num_hidden_layers": 6, "type_vocab_size": 0},
    "electra": {"hidden_size": 256, "embedding_size": 128, "num_attention_heads": 4, "intermediate_size": 1024},
    "roberta": {"vocab_size": 50265, "pad_token_id": 1},
}
# What an exported classifier with a head of our own is to transformers, and where its config keeps the encoder's.
OWN_MODEL_TYPE, ENCODER_KEY = "kerasbert", "encoder"
CODE_BEARING_KEYS = ("auto_map", "trust_remote_code", "_attn_implementation_internal", "custom_pipelines")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BertConfig:
    """Sizes and constants of a BERT encoder or of a relative that shares its block.

    The fields are the keys of Hugging Face's `config.json`, with BERT-base's values as defaults. All ranges are checked
    on construction, before any weight is allocated.

    Args:
        model_type: `"bert"`, `"distilbert"`, `"electra"` or `"roberta"`.
        vocab_size: rows of the token embedding, 1 to 10,000,000.
        hidden_size: width of the hidden states, 1 to 65,536, a multiple of `num_attention_heads`.
        num_hidden_layers: number of blocks, 1 to 1,000.
        num_attention_heads: heads of each block.
        intermediate_size: width inside the feed-forward part of a block.
        hidden_act: activation of the feed-forward part, by Hugging Face's name.
        hidden_dropout_prob: dropout rate in [0, 1) on embeddings and block outputs, in training.
        attention_probs_dropout_prob: dropout rate in [0, 1) on attention probabilities, in training.
        max_position_embeddings: rows of the position table.
        type_vocab_size: rows of the token type table; 0 where the family has none.
        initializer_range: standard deviation of the truncated normal that fills new weights.
        layer_norm_eps: epsilon inside the square root of layer normalisation, above 0.
        pad_token_id: id of the padding token.
        embedding_size: width of the embeddings where it differs from `hidden_size` (ELECTRA); None means the same.
        sinusoidal_pos_embds: whether a DistilBERT starts from sine positions (they are read from the checkpoint anyhow).
        output_hidden_states: True or False to force what a call returns; None returns them from calls and leaves them
            out of `predict`.
        output_attentions: whether calls and `predict` return the attention probabilities unless they say otherwise.

    Raises:
        ConfigError: when a value is out of its range; the message names the key, the range and the value.
        TypeError: when a value has the wrong type.

    Example:
        >>> BertConfig(hidden_size=128, num_hidden_layers=2, num_attention_heads=2).hidden_size
        128
    """

    model_type: str = "bert"
    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0
    embedding_size: int | None = None
    sinusoidal_pos_embds: bool = False
    output_hidden_states: bool | None = None
    output_attentions: bool = False

    def __post_init__(self) -> None:
        check_choice("model_type", self.model_type, MODEL_TYPES)
        check_int("vocab_size", self.vocab_size, 1, 10_000_000)
        check_int("hidden_size", self.hidden_size, 1, 65_536)
        check_int("num_hidden_layers", self.num_hidden_layers, 1, 1_000)
        check_int("num_attention_heads", self.num_attention_heads, 1, 65_536)
        if self.hidden_size % self.num_attention_heads:
            raise ConfigError(
                f"`hidden_size` must be a multiple of `num_attention_heads`; got {self.hidden_size} and "
                f"{self.num_attention_heads}."
            )
        check_int("intermediate_size", self.intermediate_size, 1, 1_000_000)
        check_choice("hidden_act", self.hidden_act, ACTIVATION_NAMES)
        check_number("hidden_dropout_prob", self.hidden_dropout_prob, 0, 1, open_maximum=True)
        check_number("attention_probs_dropout_prob", self.attention_probs_dropout_prob, 0, 1, open_maximum=True)
        check_int("max_position_embeddings", self.max_position_embeddings, 1, 1_000_000)
        fewest_types = 0 if self.model_type == "distilbert" else 1
        check_int("type_vocab_size", self.type_vocab_size, fewest_types, 1_000_000)
        check_number("initializer_range", self.initializer_range, 0, 10)
        check_number("layer_norm_eps", self.layer_norm_eps, 0, 1, open_minimum=True)
        check_int("pad_token_id", self.pad_token_id, 0, self.vocab_size - 1)
        if self.embedding_size is not None:
            check_int("embedding_size", self.embedding_size, 1, 65_536)
        check_bool("sinusoidal_pos_embds", self.sinusoidal_pos_embds)
        check_bool("output_attentions", self.output_attentions)
        if self.output_hidden_states is not None:
            check_bool("output_hidden_states", self.output_hidden_states)

    def __getattr__(self, name: str) -> Any:
        # DistilBERT's own names, as transformers' class has them beside the common ones.
        if self.__dict__.get("model_type") == "distilbert":
            for ours, theirs in DISTILBERT_KEYS.items():
                if name == theirs:
                    return self.__dict__[ours]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def embedding_width(self) -> int:
        """Width of the embeddings, `hidden_size` unless `embedding_size` says otherwise."""
        return self.embedding_size or self.hidden_size

    @property
    def max_length(self) -> int:
        """Longest input in tokens; RoBERTa spends the first `pad_token_id + 1` positions on padding."""
        reserved = self.pad_token_id + 1 if self.model_type == "roberta" else 0
        return self.max_position_embeddings - reserved

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """Read `config.json` of a folder.

        Raises:
            ConfigError: when the file is malformed or a value is out of its range.
        """
        values = read_json_object(Path(folder) / CONFIG_FILE)
        return cls.from_dict(without_silent_wish(family_values(values, Path(folder) / CONFIG_FILE)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a config from the keys of a Hugging Face `config.json`.

        Keys that this library has no use for are left aside; keys that would run code are ignored with a warning.

        Raises:
            ConfigError: when the family is not supported, the model is a decoder, or a value is out of its range.
            TypeError: when a value has the wrong type.
        """
        values = family_values(values)
        model_type = values.get("model_type", "bert")
        _check_supported(values)
        aliases = DISTILBERT_KEYS if model_type == "distilbert" else {}
        known = {"model_type": model_type, **FAMILY_DEFAULTS[model_type]}
        for field in dataclasses.fields(cls):
            for key in (field.name, aliases.get(field.name, field.name)):
                if key in values and (field.name, values[key]) != ("output_attentions", None):
                    known[field.name] = values[key]
        if known.get("pad_token_id", 0) is None:
            known["pad_token_id"] = _padding_of(model_type)
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """Return the config under the keys that Hugging Face's class of this family reads."""
        values = dataclasses.asdict(self)
        if self.output_hidden_states is None:
            del values["output_hidden_states"]
        if not self.output_attentions:
            del values["output_attentions"]
        if self.model_type != "electra":
            del values["embedding_size"]
        else:
            values["embedding_size"] = self.embedding_width
        if self.model_type == "distilbert":
            values = {DISTILBERT_KEYS.get(key, key): value for key, value in values.items()}
        else:
            del values["sinusoidal_pos_embds"]
        return values

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def as_config(config: Any) -> BertConfig:
    """Turn a `BertConfig`, a mapping, or an object with `to_dict()` (transformers' configs) into a `BertConfig`."""
    if isinstance(config, BertConfig):
        return config
    if isinstance(config, Mapping):
        return BertConfig.from_dict(config)
    if hasattr(config, "to_dict"):
        return BertConfig.from_dict(without_silent_wish(config.to_dict()))
    raise TypeError(
        f"`config` must be a kerasbert.BertConfig, a dict of its keys or a transformers config; got {shorten(config)} of "
        f"type {type(config).__name__}. To load weights write TFBertModel.from_pretrained(name_or_folder)."
    )


def family_values(values: Mapping[str, Any], file: Path | None = None) -> Mapping[str, Any]:
    """Return the encoder's keys of a `config.json`, whose family must be supported.

    Args:
        values: content of a `config.json`; one that was exported with a head of our own keeps the encoder's inside.
        file: where it is from, named in the message.
    """
    encoder = values.get(ENCODER_KEY)
    if values.get("model_type") == OWN_MODEL_TYPE and isinstance(encoder, Mapping):
        return family_values(encoder, file)
    model_type = values.get("model_type", "bert")
    if model_type in MODEL_TYPES:
        return values
    listed = ", ".join(repr(name) for name in MODEL_TYPES)
    raise ConfigError(
        f"{'' if file is None else f'{str(file)!r}: '}`model_type` must be one of {listed}; got {shorten(model_type)}. No "
        f"other family is built here: fine-tune an encoder of one of these (bert-base-uncased, roberta-base and many "
        f"more), or use transformers for this one."
    )


def _padding_of(model_type: str) -> int:
    """Return the padding id of a config that says null. Only RoBERTa needs it, for its positions."""
    if model_type == "roberta":
        raise ConfigError(
            "`pad_token_id` must be an integer for a RoBERTa, whose positions begin after it; got None. Write the "
            "tokenizer's id of <pad>, which is usually 1."
        )
    return 0


def without_silent_wish(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop `output_hidden_states: false` from a Hugging Face config: a default there, a demand here."""
    return {key: value for key, value in values.items() if (key, value) != ("output_hidden_states", False)}


def _check_supported(values: Mapping[str, Any]) -> None:
    bearing = [key for key in CODE_BEARING_KEYS if values.get(key)]
    if bearing:
        warnings.warn(
            f"config.json: {', '.join(bearing)} ignored; no code of a model folder is ever run.", stacklevel=4
        )
    for key in ("is_decoder", "add_cross_attention", "is_encoder_decoder"):
        if values.get(key):
            raise ConfigError(f"`{key}` must be false: kerasbert builds encoders only; got {values[key]!r}.")
    position = values.get("position_embedding_type") or "absolute"
    if position != "absolute":
        raise ConfigError(f"`position_embedding_type` must be 'absolute'; got {shorten(position)}.")
