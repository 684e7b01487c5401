"""Compute one vector for each text."""

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert.batches.memory import make_batches
from kerasbert.caching.cache import PredictionCache
from kerasbert.classifiers.builders import build_multiclass
from kerasbert.classifiers.classifier import Classifier
from kerasbert.saving.folder import load_trained
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.model_states import vectors_state
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer

BATCH_SIZE = 64
LAST_TWO = (-2, -1)


def penultimate_features(
    model: Classifier, tokens: TokenArrays, *, pad_id: int = 0, cache: PredictionCache | None = None
) -> np.ndarray:
    """Compute what the heads of a classifier read, float32 (n, hidden); of texts that the cache knows nothing is computed."""
    read = keras.Model(model.inputs, model.vectors)
    if cache is None:
        return vectors_of(read, tokens, pad_id=pad_id)
    width = int(read.output_shape[-1])
    return cache.rows(
        vectors_state(model, read), "vectors", tokens, lambda part: vectors_of(read, part, pad_id=pad_id), width=width
    )


def vectors_of(model: keras.Model, tokens: TokenArrays, *, pad_id: int = 0) -> np.ndarray:
    """Predict texts with a model of output (batch, hidden): float32 (n, hidden), in their order."""
    result = np.zeros((len(tokens), model.output_shape[-1]), dtype="float32")
    if len(tokens):
        batches = make_batches(tokens, batch_size=BATCH_SIZE, pad_id=pad_id, by_length=True)
        values: Any = model.predict(batches.dataset, verbose=0)
        result[batches.order] = values
    return result


def text_vectors(
    source: str | os.PathLike[str], texts: Sequence[str], *, cache: PredictionCache | None = None
) -> np.ndarray:
    """Compute what the heads of a saved classifier read, or the mean of an encoder's last two states, (n, hidden).

    Of an encoder that was not trained on the classes the last two states tell groups apart better than the last alone, see
    docs/subclasses.md.

    Reference:
        Li et al., "On the Sentence Embeddings from Pre-trained Language Models", 2020, for the last two states.
    """
    folder = resolve_encoder(source)
    if (folder / CLASSIFIER_FILE).is_file():
        trained = load_trained(folder)
        model, tokenizer = trained.model, trained.tokenizer
    else:
        # The head is never run; a builder knows how to find and read every encoder.
        model = build_multiclass(2, encoder=folder, layers=LAST_TWO, combine="mean", pooling="mean", compile=False)
        tokenizer = Tokenizer.from_folder(folder, max_length=model.max_length)
    return penultimate_features(model, tokenizer.encode(texts), pad_id=tokenizer.pad_id, cache=cache)
