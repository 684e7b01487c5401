"""Texts and labels in memory as training data."""

from typing import Any

import numpy as np

from kerasbert._core.checks import check_texts
from kerasbert.batches.memory import Batches
from kerasbert.reading.splits import split_indices
from kerasbert.saving.trained_classifier import TrainedClassifier, check_rows
from kerasbert.text_classifier.data_warnings import counts_by_head, warn_of_texts
from kerasbert.text_classifier.labels import Validation, plan_of
from kerasbert.text_classifier.settings import Settings
from kerasbert.text_classifier.training_data import Encoded, TrainingData, memory_batches, padded_lengths
from kerasbert.tokenization.tokenizer import Tokenizer


class TextsInMemory(TrainingData):
    """Texts and labels as they were given to `fit`.

    Args:
        texts: n texts.
        labels: as for `fit`.
        text_pairs: n second texts.
    """

    def __init__(self, texts: Any, labels: Any, text_pairs: Any = None) -> None:
        # A mistake in the data is told before an encoder is loaded.
        self.texts = check_texts("texts", texts)
        self.text_pairs = None if text_pairs is None else check_texts("text_pairs", text_pairs)
        self.pairs = self.text_pairs is not None
        self.cells = labels

    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        self.labels = (plan_of(settings) if before is None else before.outputs).read(self.cells)

    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        self.tokens, self.pad_id = tokenizer.encode(self.texts, self.text_pairs), tokenizer.pad_id
        check_rows(self.labels.arrays, len(self.tokens))
        self.rows, self.train = np.arange(len(self.tokens)), (self.tokens, self.labels.arrays)

    def warn(self, tokenizer: Tokenizer, validation: Validation | None) -> None:
        warn_of_texts(tokenizer, self.tokens, (self.texts, self.text_pairs), validation)

    @property
    def counts(self) -> dict[str, np.ndarray]:
        return counts_by_head(self.labels.arrays, self.labels.outputs)

    def hold_out(self, share: float, seed: int) -> Encoded:
        parts = split_indices(next(iter(self.labels.arrays.values())), share, seed=seed)
        self.rows = np.asarray(parts[0])
        self.train, held_out = [
            (self.tokens.take(rows), {head: array[rows] for head, array in self.labels.arrays.items()})
            for rows in parts
        ]
        return held_out

    def batches(self, settings: Settings, devices: Any) -> Batches:
        lengths = padded_lengths(settings, devices)
        return memory_batches(settings, self.train, self.pad_id, lengths=lengths, shuffle=True)

    def validation_batches(self, settings: Settings, held_out: Encoded, devices: Any) -> Batches:
        return memory_batches(settings, held_out, self.pad_id, lengths=padded_lengths(settings, devices))

    def describe(self, held_out: Encoded | None) -> dict[str, Any]:
        counts = counts_by_head(self.train[1], self.labels.outputs)
        return {
            "num_texts": len(self.rows),
            "num_held_out": 0 if held_out is None else len(held_out[0]),
            "num_cut": self.num_cut,
            "labels": {head: count.tolist() for head, count in counts.items()},
        }

    @property
    def num_cut(self) -> int:
        return int(self.train[0].num_truncated)

    @property
    def numbers(self) -> list[int]:
        return self.rows.tolist()
