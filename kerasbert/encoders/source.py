"""Resolve the `encoder` argument."""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import KerasBertError, KerasbertWarning
from kerasbert._core.files import checked_member
from kerasbert._core.json_files import read_json_object
from kerasbert._core.names import CONFIG_FILE, PACKAGE
from kerasbert._core.sentence_folders import NOTHING_SAID, SentenceFolder, read_sentence_folder
from kerasbert.encoders.checkpoints import from_pretrained, read_config
from kerasbert.encoders.checkpoints.live import from_model
from kerasbert.encoders.config import BertConfig, as_config
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.pretrained_encoder import PretrainedEncoder
from kerasbert.encoders.quantized_parts import check_not_quantized
from kerasbert.encoders.trainable_parts import copy_trainable, set_trainable_parts
from kerasbert.encoders.weight_table import weight_table

# How the architectures of fine-tuned classifiers end.
OWN_CLASSIFIER = "a kerasbert classifier"
CLASSIFIERS = ("ForSequenceClassification", OWN_CLASSIFIER)


class EncoderSource(NamedTuple):
    """An encoder that is known but not built yet.

    Args:
        config: its config, uncut.
        build: takes `num_hidden_layers`, `add_pooling_layer` and `name`, and returns the encoder with its weights.
        said: what its folder says of pooling and longest text, if it comes from one.
    """

    config: BertConfig
    build: Callable[..., Encoder]
    said: SentenceFolder = NOTHING_SAID


def encoder_for(encoder: Any, *, gets_new_head: bool = True) -> EncoderSource:
    """Resolve the `encoder` argument without building the encoder.

    Args:
        encoder: name or folder of a checkpoint; a `BertConfig`, dict or transformers config for fresh weights; or a
            kerasbert encoder, a PyTorch `BertModel` or a transformers 4 `TFBertModel`, whose weights are copied. A
            classifier that was fine-tuned elsewhere gives its encoder.
        gets_new_head: whether it becomes part of a new classifier, so that a head which is left out is warned of.
    """
    if isinstance(encoder, EncoderSource):
        return encoder
    if isinstance(encoder, (str, os.PathLike)):
        folder = resolve_encoder(encoder)
        if gets_new_head:
            _warn_of_head(f"the folder {str(folder)!r} holds", _architectures(folder))
        return folder_source(folder)
    if isinstance(encoder, (BertConfig, dict)) or _is_foreign_config(encoder):
        config = as_config(encoder)
        return EncoderSource(config, lambda **form: ENCODERS[config.model_type](config, **form))
    if isinstance(encoder, Encoder) or hasattr(encoder, "config"):
        if gets_new_head:
            _warn_of_head("the model is", [type(encoder).__name__.removeprefix("TF")])
        return _from_live(encoder)
    raise TypeError(
        f"`encoder` must be the name or folder of a checkpoint, a BertConfig, or a TFBertModel, PyTorch BertModel or "
        f"transformers TFBertModel; got {shorten(encoder)} of type {type(encoder).__name__}."
    )


def folder_source(folder: Path) -> EncoderSource:
    """Return the encoder of a checkpoint's folder; a head beside it is left to the caller."""
    config = read_config(folder)
    return EncoderSource(config, lambda **form: load_encoder(folder, **form), read_sentence_folder(folder))


def load_encoder(name_or_folder: str | os.PathLike[str], **form: Any) -> PretrainedEncoder:
    """Load an encoder with the class of its family; see `TFBertModel.from_pretrained`."""
    folder = resolve_encoder(name_or_folder)
    return from_pretrained(ENCODERS[read_config(folder).model_type], folder, **form)


def encoder_from(
    other: Any, *, num_hidden_layers: int | None = None, add_pooling_layer: bool | None = None, **kwargs: Any
) -> PretrainedEncoder:
    """Return a new encoder with the config and the weights of a model in memory.

    Args:
        other: an encoder of this package, a PyTorch `BertModel` or a transformers 4 `TFBertModel`; a model with a head
            gives its encoder.
        num_hidden_layers: stop after this many blocks; None keeps all.
        add_pooling_layer: None builds the pooler if `other` has one; False leaves it out.
        **kwargs: `keras.Model`'s own (`name`, `dtype`, `trainable`).
    """
    family = ENCODERS[as_config(getattr(other, "config", None)).model_type]
    return from_model(family, other, num_hidden_layers=num_hidden_layers, add_pooling_layer=add_pooling_layer, **kwargs)


def _architectures(folder: Path) -> Sequence[Any]:
    """Return the architectures that a folder's config names; empty where it names none."""
    try:
        values = read_json_object(checked_member(folder, CONFIG_FILE))
    except (KerasBertError, OSError):
        return ()  # told by whoever reads the encoder
    found = values.get("architectures")
    # What this package wrote says so by its own key, whatever the head.
    own = [OWN_CLASSIFIER] if isinstance(values.get(PACKAGE), Mapping) else []
    return [*(found if isinstance(found, list) else []), *own]


def _warn_of_head(what: str, architectures: Sequence[Any]) -> None:
    names = [name for name in architectures if isinstance(name, str) and name.endswith(CLASSIFIERS)]
    if names:
        warnings.warn(
            f"`encoder`: {what} a fine-tuned classifier, {names[0]}; its encoder is taken, its head and labels are left "
            f"out, and a new head starts untrained. TextClassifier.from_pretrained reads the whole classifier.",
            KerasbertWarning,
            stacklevel=3,
        )


def _from_live(encoder: Any) -> EncoderSource:
    if isinstance(encoder, Encoder):
        check_not_quantized(encoder)

    def build(**form: Any) -> Encoder:
        copy = encoder_from(encoder, **form)
        _keep_frozen(encoder, copy)
        return copy

    said = encoder.said_by_folder if isinstance(encoder, Encoder) else NOTHING_SAID
    return EncoderSource(as_config(encoder.config), build, said)


def _keep_frozen(source: Any, copy: Encoder) -> None:
    """Freeze the parts of a copy that are frozen in its source."""
    if isinstance(source, Encoder):
        copy_trainable(source, copy)
    elif hasattr(source, "named_parameters") and hasattr(source, "state_dict"):
        still = [name for name, parameter in source.named_parameters() if not parameter.requires_grad]
        freeze_tensors(copy, still)
    elif getattr(source, "trainable", True) is False:
        copy.trainable = False


def freeze_tensors(encoder: Encoder, names: Sequence[str]) -> None:
    """Freeze the layers of a copied encoder whose tensors, named with any prefix, are all frozen in PyTorch."""
    table = weight_table(encoder.config, encoder.pooler is not None)
    frozen = {
        weight.path: [any(f".{name}".endswith(f".{end}") for name in names) for end in weight.names] for weight in table
    }
    layers: dict[str, list[bool]] = {}
    for path, found in frozen.items():
        layers.setdefault(path.rpartition("/")[0], []).extend(found)
    if layers and all(all(found) for found in layers.values()):
        encoder.trainable = False
        return
    set_trainable_parts(encoder, {path: False for path, found in layers.items() if all(found)})
    partly = [path for path, found in layers.items() if any(found) and not all(found)]
    if partly:
        warnings.warn(
            f"`encoder` has layers of which some tensors are frozen and some are not, {shorten(partly)}; the copy trains "
            f"them whole. Freeze whole layers.",
            KerasbertWarning,
            stacklevel=2,
        )


def _is_foreign_config(encoder: Any) -> bool:
    return hasattr(encoder, "to_dict") and hasattr(encoder, "model_type")
