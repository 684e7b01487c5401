"""Batches of texts in windows: all windows of a batch go through the encoder at once, and no batch has too many."""

from typing import Any

import numpy as np

from kerasbert.batches.memory import POOL, Batches
from kerasbert.tokenization.long_texts import WindowArrays, group_rows


class WindowBatches(Batches):
    """Batches of at most `batch_size` texts and at most the budget's windows; made by `make_batches`.

    Shuffled, every epoch puts texts of as many and equally long windows in each other's places, so that all epochs have
    equally many batches.

    Args:
        token_arrays: the texts' windows.
        labels: see `Batches`.
        batch_size: most texts in a batch.
        shuffle: whether every epoch has another order.
        seed: of the orders.
        lengths: the padded lengths allowed.
        by_length: see `Batches`.
        **others: see `Batches`.

    Example:
        >>> tokenizer = Tokenizer.from_pretrained("all-MiniLM-L6-v2", max_length=8, long_texts=LongTexts("windows"))
        >>> batches = make_batches(tokenizer.encode(["a word", "many " * 20]), batch_size=2)
        >>> inputs = next(iter(batches.dataset))
        >>> tuple(inputs["input_ids"].shape), inputs["window_rows"].numpy().tolist()
        ((5, 8), [[1, 0, 0, 0], [2, 3, 4, 5]])
    """

    token_arrays: WindowArrays  # type: ignore[assignment]

    def __init__(
        self,
        token_arrays: WindowArrays,
        labels: Any = None,
        *,
        batch_size: int,
        shuffle: bool,
        seed: int,
        lengths: tuple[int, ...],
        by_length: bool = False,
        **others: Any,
    ) -> None:
        longest = np.zeros(len(token_arrays), dtype=np.int64)
        if len(token_arrays):
            longest = np.maximum.reduceat(token_arrays.windows.lengths, token_arrays.text_offsets[:-1])
        self._padded_lengths = np.array(lengths, dtype=np.int64)[np.searchsorted(lengths, longest)]
        random = np.random.default_rng(seed) if shuffle else None
        self._slots = self._arrange(token_arrays, batch_size, random, by_length)
        super().__init__(
            token_arrays,  # type: ignore[arg-type]
            labels,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            lengths=lengths,
            by_length=by_length,
            **others,
        )

    @property
    def steps(self) -> int:  # type: ignore[override]
        """Batches in an epoch."""
        return len(self._slots)

    def _arrange(self, token_arrays: WindowArrays, size: int, random: Any, by_length: bool) -> list[np.ndarray]:
        """The rows of each batch before any epoch's exchange of places."""
        order = np.argsort(token_arrays.lengths, kind="stable") if by_length else np.arange(len(token_arrays))
        if random is not None:
            order = random.permutation(len(token_arrays))
            for start in range(0, len(order), POOL * size):
                pool = order[start : start + POOL * size]
                order[start : start + POOL * size] = pool[np.argsort(token_arrays.lengths[pool], kind="stable")]
        return group_rows(token_arrays, order, size)

    def _plan(self, epoch: int) -> list[tuple[np.ndarray, int]]:
        batches = self._slots
        if self.shuffle:
            random = np.random.default_rng([self.seed, epoch])
            place_of = self._exchange(random)
            batches = [place_of[batches[index]] for index in random.permutation(len(batches))]
        return [(rows, int(self._padded_lengths[rows].max())) for rows in batches]

    def _exchange(self, random: np.random.Generator) -> np.ndarray:
        """Which row takes the place of each, (n,)."""
        kinds = self._padded_lengths * (int(self.token_arrays.budget) + 1) + self.token_arrays.counts
        taken = np.empty(len(kinds), dtype=np.int64)
        for kind in np.unique(kinds):
            rows = np.flatnonzero(kinds == kind)
            taken[rows] = random.permutation(rows)
        return taken

    def _num_rows(self, rows: np.ndarray) -> int:
        return int(self.token_arrays.counts[rows].sum())
