"""Keywords of `from_pretrained` beside its own arguments: fields of the config, Keras's, and those of transformers."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError
from kerasbert.encoders.config import DISTILBERT_KEYS, BertConfig

KERAS_KEYWORDS = ("name", "dtype", "trainable")
# The family and the depth have arguments or classes of their own.
CONFIG_FIELDS = tuple(
    field.name for field in dataclasses.fields(BertConfig) if field.name not in ("model_type", "num_hidden_layers")
)
CODE, FORMATS = "no code of a model folder is ever run", "the format of the weights is told from the files"
# What transformers takes and is not followed here: the values that ask for nothing, and what to do instead.
REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "trust_remote_code": ((False, None), CODE),
    "code_revision": ((None, "main"), CODE),
    "from_tf": ((False, None), FORMATS),
    "from_flax": ((False, None), "convert the checkpoint to safetensors"),
    "use_safetensors": ((None,), FORMATS),
    "weights_only": ((True, None), "a pickle is never read in another way"),
    "variant": ((None,), "give the folder that holds the files"),
    "subfolder": (("", None), "give the folder itself"),
    "ignore_mismatched_sizes": ((False, None), "a tensor of another shape is refused, never drawn anew"),
    "output_loading_info": ((False, None), "what is missing or does not fit is an error that lists it"),
    "return_dict": ((True, None), "give return_dict=False to the call"),
    "use_cache": ((False, True, None), ""),  # an encoder has none
    "attn_implementation": ((None, "eager"), "attention is computed in one way"),
    "torch_dtype": ((None,), "give `dtype`, a policy of Keras such as 'mixed_bfloat16'"),
    "load_weight_prefix": ((None,), "prefixes are found by themselves"),
    "force_download": ((False, None), "delete the model's folder in the cache"),
    "resume_download": ((False, True, None), ""),  # always
    "proxies": ((None,), "set HTTPS_PROXY in the environment"),
    "mirror": ((None,), "set HF_ENDPOINT in the environment"),
    "use_auth_token": ((None, False), "give `token`"),
    "device_map": ((None,), "place the model by tf.device, or a strategy of tf.distribute"),
    "quantization_config": ((None,), "call encoder.quantize('int8')"),
}


def sort_keywords(keywords: Mapping[str, Any], model_type: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sort the further keywords of `from_pretrained`.

    Args:
        keywords: name -> value.
        model_type: family of the encoder; DistilBERT's config has names of its own.

    Returns:
        The fields of the config that change, and what Keras takes.

    Raises:
        ConfigError: when a keyword cannot be followed; the message says what to do instead.
        TypeError: when there is no such keyword.
    """
    fields = {name: name for name in CONFIG_FIELDS}
    if model_type == "distilbert":
        fields |= {theirs: ours for ours, theirs in DISTILBERT_KEYS.items() if ours in CONFIG_FIELDS}
    changes, keras_keywords = {}, {}
    for name, value in keywords.items():
        if name in KERAS_KEYWORDS:
            keras_keywords[name] = value
        elif name in fields:
            changes[fields[name]] = value
        elif name in REFUSED:
            _refuse(name, value)
        else:
            known = (*fields, *KERAS_KEYWORDS)
            raise TypeError(
                f"from_pretrained() has no argument {name!r}; beside its own it takes the fields of a BertConfig and "
                f"{', '.join(KERAS_KEYWORDS)}.{suggestion(name, known)}"
            )
    return changes, keras_keywords


def _refuse(name: str, value: Any) -> None:
    harmless, instead = REFUSED[name]
    if not any(value is one or (isinstance(one, str) and value == one) for one in harmless):
        raise ConfigError(f"`{name}` must be left out: {instead}; got {shorten(value)}.")
