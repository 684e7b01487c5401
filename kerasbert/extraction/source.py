"""Whatever texts can be read with, as an encoder and its tokenizer."""

import copy
import os
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.source import encoder_for
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import MINIMUM_MAX_LENGTH


class ReadingSource(NamedTuple):
    """An encoder with the tokenizer that goes with it.

    Args:
        encoder: gives the hidden states.
        tokens: gives the token ids.
        name: of the encoder, for messages and recommendations.
        classifier: the `Classifier` that the encoder is a part of; None for an encoder alone.
    """

    encoder: Encoder
    tokens: Tokenizer
    name: str
    classifier: Any = None

    @property
    def window_pooling(self) -> Any:
        """What reads a text's windows: the classifier's own pooling layer, or `"mean"`."""
        return "mean" if self.classifier is None or self.classifier.windows is None else self.classifier.windows.pooling


def open_source(
    source: Any, *, max_length: int | None = None, long_texts: str | LongTexts | None = None
) -> ReadingSource:
    """Open what texts are to be read with.

    Args:
        source: name or folder of a checkpoint, folder of a saved classifier, a trained `TextClassifier`, or a pair of an
            encoder (or `Classifier`) and a `Tokenizer`.
        max_length: longest text in tokens, >= 3; None: the classifier's own, or 128.
        long_texts: what becomes of longer ones; None: as the classifier does, or `"truncate"`.

    Returns:
        The encoder and its tokenizer.

    Raises:
        ConfigError: when a name cannot be found or `max_length` is out of range.
        ArtifactError: when a saved classifier was changed or cut.
        TypeError: when it is none of these.
    """
    opened = _open(source)
    tokens = copy.copy(opened.tokens)
    if max_length is not None:
        longest = opened.encoder.config.max_length
        tokens.max_length = check_int("max_length", max_length, MINIMUM_MAX_LENGTH, longest, "the encoder's positions")
    if long_texts is not None:
        tokens.long_texts = long_texts if isinstance(long_texts, LongTexts) else LongTexts(long_texts)
    return opened._replace(tokens=tokens)


def _open(source: Any) -> ReadingSource:
    if isinstance(source, (str, os.PathLike)):
        return _from_folder(source)
    if hasattr(source, "model_") and hasattr(source, "tokenizer_"):
        return ReadingSource(source.model_.encoder, source.tokenizer_, os.fspath(source.encoder), source.model_)
    if isinstance(source, tuple) and len(source) == 2 and isinstance(source[1], Tokenizer):
        model, tokens = source
        if isinstance(model, Encoder):
            return ReadingSource(model, tokens, model.name)
        if isinstance(getattr(model, "encoder", None), Encoder):
            return ReadingSource(model.encoder, tokens, model.name, model)
    raise TypeError(
        f"`source` must be the name or folder of a checkpoint, the folder of a saved classifier, a trained "
        f"TextClassifier, or a pair (encoder, Tokenizer); got {shorten(source)} of type {type(source).__name__}."
    )


def _from_folder(source: str | os.PathLike[str]) -> ReadingSource:
    from kerasbert.saving.bundle import CLASSIFIER_FILE, load_bundle

    if (Path(source) / CLASSIFIER_FILE).is_file():
        bundle = load_bundle(source)
        name = bundle.settings.get("encoder", os.fspath(source))
        return ReadingSource(bundle.model.encoder, bundle.tokens, name, bundle.model)
    tokens = Tokenizer.from_folder(resolve_encoder(source))
    known = encoder_for(source, gets_new_head=False)
    encoder = known.build(num_hidden_layers=None, add_pooling_layer=False, name="encoder")
    return ReadingSource(encoder, tokens, os.fspath(source))
