"""Run a classifier so that what it says of a text depends on the text alone, and not on the texts beside it."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasbert._core.process import check_process
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

# Texts are padded to a multiple of this many tokens, and as many of them make a batch as hold about so many tokens.
MULTIPLE = 16
TOKENS_AT_ONCE = 1024


def answer_each(
    trained: TrainedClassifier, tokens: TokenArrays | WindowArrays
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return probabilities and vectors, as `TrainedClassifier.probabilities_and_vectors`, independent of other texts.

    How a product of matrices is added up depends on its shape, and with it the last bits of what comes out; in half precision
    a probability may differ in the third digit. So the shape of the batch that a text is computed in follows from the length
    of the text alone: it is padded to a multiple of 16 tokens, and a batch of one length has always as many rows, the last one
    filled up.

    Args:
        trained: the classifier.
        tokens: of n texts.

    Returns:
        Head name -> float32 (n, units); float32 (n, hidden).
    """
    check_process(keras.backend.backend())
    model = trained.model.with_vectors
    probabilities = {
        head: np.zeros((len(tokens), task.units), "float32") for head, task in trained.outputs.tasks.items()
    }
    vectors = np.zeros((len(tokens), model.outputs[-1].shape[-1]), "float32")
    for rows, size, length in equal_batches(tokens):
        filled = np.concatenate([rows, np.repeat(rows[:1], size - len(rows))])
        inputs = tokens.take(filled).padded(trained.tokenizer.pad_id, length)
        output, read = model.predict_on_batch(inputs)
        vectors[rows] = np.asarray(read)[: len(rows)]
        for head in probabilities:
            own: Any = output[head] if isinstance(output, dict) else output
            probabilities[head][rows] = np.asarray(own)[: len(rows)]
    return probabilities, vectors


def equal_batches(tokens: TokenArrays | WindowArrays) -> Iterator[tuple[np.ndarray, int, int]]:
    """Iterate over batches of texts of one shape: their places, the rows that the batch is filled up to, the padded length."""
    counts = tokens.counts if isinstance(tokens, WindowArrays) else np.ones(len(tokens), np.int64)
    # The windows of a text are equally long.
    lengths = -(-tokens.lengths // np.maximum(counts, 1) // MULTIPLE) * MULTIPLE
    if tokens.max_length is not None:
        lengths = np.minimum(lengths, tokens.max_length)
    shapes = np.stack([counts, lengths], axis=1)
    for windows, length in np.unique(shapes, axis=0):
        rows = np.flatnonzero((shapes == (windows, length)).all(axis=1))
        size = max(1, TOKENS_AT_ONCE // int(windows * max(length, 1)))
        for start in range(0, len(rows), size):
            yield rows[start : start + size], size, int(length)
