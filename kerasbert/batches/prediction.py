"""Batches for prediction: from short texts to long ones, as many texts at once as a budget of tokens allows."""

import itertools
from typing import Any

import numpy as np

from kerasbert.batches.memory import Batches, make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

TOKENS_AT_ONCE = 4096
TEXTS_AT_ONCE = 256
FIXED_BATCH = 64


class PredictionBatches(Batches):
    """Unshuffled batches of at most 256 texts and about 4,096 tokens, each padded to its own longest text.

    Short texts share a batch in great numbers, so that what a batch costs beside its tokens (the weights are cast and
    laid out anew for each) is spread over many; a graph of free shapes needs no fixed lengths.
    """

    @property
    def steps(self) -> int:  # type: ignore[override]
        """Batches in all."""
        return len(self._plan(0))

    def _plan(self, epoch: int) -> list[tuple[np.ndarray, int]]:
        lengths = self.token_arrays.lengths
        return [(rows, int(lengths[rows[-1]])) for rows in prediction_rows(self.token_arrays)]


def prediction_batches(token_arrays: Any, *, pad_id: int = 0, fixed_lengths: bool = False) -> Batches:
    """The batches that predict fastest; `fixed_lengths`: few lengths and 64 texts, as a compiled (XLA) graph needs."""
    if fixed_lengths or not isinstance(token_arrays, TokenArrays) or not len(token_arrays):
        return make_batches(token_arrays, batch_size=FIXED_BATCH, pad_id=pad_id, by_length=True)
    every = tuple(range(1, int(token_arrays.lengths.max()) + 1))
    plan: dict[str, Any] = {"batch_size": TEXTS_AT_ONCE, "shuffle": False, "seed": 0, "by_length": True}
    return PredictionBatches(token_arrays, lengths=every, pad_id=pad_id, **plan)


def prediction_rows(token_arrays: TokenArrays) -> list[np.ndarray]:
    """The rows of each batch of `PredictionBatches`, the last of which is the longest text of its batch."""
    order = np.argsort(token_arrays.lengths, kind="stable")
    lengths = token_arrays.lengths[order]
    starts = [0]
    while starts[-1] < len(lengths):
        starts.append(_end_of_batch(lengths, starts[-1]))
    return [order[start:end] for start, end in itertools.pairwise(starts)]


def _end_of_batch(lengths: np.ndarray, start: int) -> int:
    """Where the batch ends that starts at a place of ascending lengths."""
    end = min(start + TEXTS_AT_ONCE, len(lengths))
    sizes = np.arange(1, end - start + 1) * lengths[start:end]
    return start + max(1, int(np.searchsorted(sizes, TOKENS_AT_ONCE, side="right")))
