"""Open a checkpoint or classifier as an encoder and its tokenizer."""

import copy
import os
from pathlib import Path
from typing import NamedTuple

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pooling import Pooling
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.source import encoder_for
from kerasbert.saving.folder import load_trained
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import MINIMUM_MAX_LENGTH

# Name or folder of a checkpoint, folder of a saved classifier, a classifier, or a pair of a model and its tokenizer.
Source = str | os.PathLike[str] | ClassifierLike | tuple[Encoder | Classifier, Tokenizer]


class ReadingSource(NamedTuple):
    """An encoder with its tokenizer, its name for messages, and the classifier that it is a part of, if any."""

    encoder: Encoder
    tokenizer: Tokenizer
    name: str
    model: Classifier | None = None

    @property
    def window_pooling(self) -> str | Pooling:
        """What reads a text's windows: the classifier's own pooling layer, or `"mean"`."""
        return "mean" if self.model is None or self.model.windows is None else self.model.windows.pooling


def open_source(
    source: Source, *, max_length: int | None = None, long_texts: str | LongTexts | None = None
) -> ReadingSource:
    """Open an encoder and its tokenizer; `max_length` and `long_texts` replace the tokenizer's own.

    Raises:
        ConfigError: when a name cannot be found or `max_length` is out of range.
        ArtifactError: when a saved classifier was changed or cut.
        TypeError: when it is no source.
    """
    opened = _open(source)
    tokenizer = copy.copy(opened.tokenizer)
    if max_length is not None:
        longest = opened.encoder.config.max_length
        tokenizer.max_length = check_int(
            "max_length", max_length, MINIMUM_MAX_LENGTH, longest, "the encoder's positions"
        )
    if long_texts is not None:
        tokenizer.long_texts = long_texts if isinstance(long_texts, LongTexts) else LongTexts(long_texts)
    return opened._replace(tokenizer=tokenizer)


def _open(source: Source) -> ReadingSource:
    if isinstance(source, (str, os.PathLike)):
        return _from_folder(source)
    if isinstance(source, tuple) and len(source) == 2 and isinstance(source[1], Tokenizer):
        model, tokenizer = source
        if isinstance(model, Encoder):
            return ReadingSource(model, tokenizer, model.name)
        if isinstance(model, Classifier):
            return ReadingSource(model.encoder, tokenizer, model.name, model)
    try:
        return _from_trained(trained_of(source))
    except TypeError as error:
        raise TypeError(
            f"`source` must be the name or folder of a checkpoint, the folder of a saved classifier, a trained "
            f"TextClassifier, or a pair (encoder, Tokenizer); got {shorten(source)} of type {type(source).__name__}."
        ) from error


def _from_trained(trained: TrainedClassifier) -> ReadingSource:
    name = trained.settings.get("encoder", trained.model.name)
    return ReadingSource(trained.model.encoder, trained.tokenizer, name, trained.model)


def _from_folder(source: str | os.PathLike[str]) -> ReadingSource:
    if (Path(source) / CLASSIFIER_FILE).is_file():
        return _from_trained(load_trained(source))
    tokenizer = Tokenizer.from_folder(resolve_encoder(source))
    known = encoder_for(source, gets_new_head=False)
    encoder = known.build(num_hidden_layers=None, add_pooling_layer=False, name="encoder")
    return ReadingSource(encoder, tokenizer, os.fspath(source))
