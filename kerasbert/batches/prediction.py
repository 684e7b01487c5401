"""Batches for prediction: from short texts to long ones, as many texts at once as a budget of tokens allows."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasbert.batches.memory import Batches, make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

TOKENS_AT_ONCE = 4096
TEXTS_AT_ONCE = 256
FIXED_BATCH = 64


def prediction_plan(lengths: np.ndarray) -> list[np.ndarray]:
    """Divide texts of these lengths, (n,), into batches, short ones first: the rows of each, (b,).

    A batch has at most 256 texts and about 4,096 tokens, padding included. Short texts share a batch in great numbers, so
    that what a batch costs beside its tokens (the weights are cast and laid out anew for each) is spread over many.

    Example:
        >>> [rows.tolist() for rows in prediction_plan(np.array([3000, 5, 2000, 4]))]
        [[3, 1], [2], [0]]
    """
    order = np.argsort(lengths, kind="stable")
    ordered, batches, start = lengths[order], [], 0
    while start < len(order):
        end = _end_of_batch(ordered, start)
        batches.append(order[start:end])
        start = end
    return batches


def planned_inputs(tokens: TokenArrays, pad_id: int) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Yield the batches of `prediction_plan`: rows (b,), and inputs padded to the batch's own longest text."""
    for rows in prediction_plan(tokens.lengths):
        yield rows, tokens.take(rows).padded(pad_id)


def fixed_batches(token_arrays: Any, *, pad_id: int = 0) -> Batches:
    """Batches of 64 texts and few lengths, as a program needs that is compiled for each shape."""
    return make_batches(token_arrays, batch_size=FIXED_BATCH, pad_id=pad_id, by_length=True)


def _end_of_batch(lengths: np.ndarray, start: int) -> int:
    """Where the batch ends that starts at a place of ascending lengths."""
    end = min(start + TEXTS_AT_ONCE, len(lengths))
    sizes = np.arange(1, end - start + 1) * lengths[start:end]
    return start + max(1, int(np.searchsorted(sizes, TOKENS_AT_ONCE, side="right")))
