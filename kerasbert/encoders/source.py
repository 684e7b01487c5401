"""Whatever a user may hand over as an encoder, turned into a fresh encoder of the depth and form that is needed."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from kerasbert._core.checks import shorten
from kerasbert._core.resolve import resolve_encoder
from kerasbert.encoders.config import BertConfig, as_config
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.families import ENCODERS


class EncoderSource(NamedTuple):
    """An encoder that is known but not built yet.

    Args:
        config: its config, uncut.
        build: takes `num_hidden_layers`, `add_pooling_layer` and `name`, and gives an `Encoder` with its weights.
    """

    config: BertConfig
    build: Callable[..., Encoder]


def encoder_for(encoder: Any) -> EncoderSource:
    """Look at an encoder without building it.

    Args:
        encoder: name or folder of a checkpoint; a `BertConfig`, dict or transformers config for fresh weights; or a
            kerasbert encoder, a PyTorch `BertModel` or a transformers 4 `TFBertModel`, whose weights are copied.

    Returns:
        Its config and how to build it.

    Raises:
        ConfigError: when a name cannot be found or a config is out of range.
        TypeError: when it is none of these.
    """
    if isinstance(encoder, (str, os.PathLike)):
        return _from_folder(encoder)
    if isinstance(encoder, (BertConfig, dict)) or _is_foreign_config(encoder):
        config = as_config(encoder)
        return EncoderSource(config, lambda **form: ENCODERS[config.model_type](config, **form))
    if isinstance(encoder, Encoder) or hasattr(encoder, "config"):
        return _from_live(encoder)
    raise TypeError(
        f"`encoder` must be the name or folder of a checkpoint, a BertConfig, or a TFBertModel, PyTorch BertModel or "
        f"transformers TFBertModel; got {shorten(encoder)} of type {type(encoder).__name__}."
    )


def _from_folder(name_or_folder: str | os.PathLike[str]) -> EncoderSource:
    from kerasbert.encoders.checkpoints import load_encoder, read_config

    folder = resolve_encoder(name_or_folder)
    return EncoderSource(read_config(folder), lambda **form: load_encoder(folder, **form))


def _from_live(encoder: Any) -> EncoderSource:
    from kerasbert.encoders.checkpoints import encoder_from

    return EncoderSource(as_config(encoder.config), lambda **form: encoder_from(encoder, **form))


def _is_foreign_config(encoder: Any) -> bool:
    return hasattr(encoder, "to_dict") and hasattr(encoder, "model_type")
