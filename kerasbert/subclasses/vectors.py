"""One vector for each text from a model, computed once."""

from typing import Any

import keras
import numpy as np

from kerasbert.classifiers.classifier import Classifier
from kerasbert.data.batches import make_batches
from kerasbert.data.tokens import TokenArrays

BATCH_SIZE = 64


def penultimate_features(model: Classifier, tokens: TokenArrays, *, pad_id: int = 0) -> np.ndarray:
    """What the heads of a classifier read, for each text, without dropout.

    Args:
        model: from a builder.
        tokens: n texts.
        pad_id: id that fills up a text.

    Returns:
        Float32 (n, hidden).
    """
    return vectors_of(keras.Model(model.inputs, model.vectors), tokens, pad_id=pad_id)


def vectors_of(model: keras.Model, tokens: TokenArrays, *, pad_id: int = 0) -> np.ndarray:
    """The output of a model that takes token inputs and gives one vector for each text.

    Args:
        model: with output (batch, hidden).
        tokens: n texts.
        pad_id: id that fills up a text.

    Returns:
        Float32 (n, hidden), in the order of the texts.
    """
    result = np.zeros((len(tokens), model.output_shape[-1]), dtype="float32")
    if len(tokens):
        batches = make_batches(tokens, batch_size=BATCH_SIZE, pad_id=pad_id)
        values: Any = model.predict(batches.dataset, verbose=0)
        result[batches.order] = values
    return result
