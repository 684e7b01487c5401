"""Run a classifier so that what it says of a text depends on the text alone, and not on the texts beside it."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from kerasbert._core.process import check_process
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

# Rows of every batch, whatever it holds.
ROWS = 16


def answer_each(
    trained: TrainedClassifier, tokens: TokenArrays | WindowArrays
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return probabilities and vectors, as `TrainedClassifier.probabilities_and_vectors`, independent of other texts.

    How a product of matrices is added up depends on its shape, and with it the last bits of what comes out. So texts of one
    length make a batch, without padding, and every batch has as many rows, the last one filled up: the shape that a text is
    computed in follows from its length alone. It costs the rows that fill up, some for each length that occurs.

    Args:
        trained: the classifier.
        tokens: of n texts.

    Returns:
        Head name -> float32 (n, units); float32 (n, hidden).
    """
    check_process(keras.backend.backend())
    model = trained.model_with_vectors()
    probabilities = {
        head: np.zeros((len(tokens), task.units), "float32") for head, task in trained.outputs.tasks.items()
    }
    vectors = np.zeros((len(tokens), model.output_shape[1][-1]), "float32")
    for rows in equal_batches(tokens):
        filled = np.concatenate([rows, np.repeat(rows[:1], _batch_size(tokens, rows[0]) - len(rows))])
        output, read = model(tokens.take(filled).padded(trained.tokenizer.pad_id), training=False)
        vectors[rows] = _array(read)[: len(rows)]
        for head in probabilities:
            probabilities[head][rows] = _array(output[head] if isinstance(output, dict) else output)[: len(rows)]
    return probabilities, vectors


def equal_batches(tokens: TokenArrays | WindowArrays) -> Iterator[np.ndarray]:
    """Iterate over the rows of batches of texts that have one shape: as many windows, and as many tokens in them."""
    shapes = np.stack([_windows(tokens), tokens.lengths], axis=1)
    order = np.lexsort(shapes.T)
    changes = np.flatnonzero(np.any(np.diff(shapes[order], axis=0), axis=1)) + 1
    for group in np.split(order, changes):
        size = _batch_size(tokens, group[0]) if len(group) else 1
        yield from (group[start : start + size] for start in range(0, len(group), size))


def _batch_size(tokens: TokenArrays | WindowArrays, row: int) -> int:
    """Return how many texts of the shape of this one a batch has."""
    return max(1, ROWS // int(_windows(tokens)[row]))


def _windows(tokens: TokenArrays | WindowArrays) -> np.ndarray:
    return tokens.counts if isinstance(tokens, WindowArrays) else np.ones(len(tokens), np.int64)


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))
