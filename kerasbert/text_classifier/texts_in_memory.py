"""Texts and labels in memory as training data."""

import functools
from typing import Any

import numpy as np

from kerasbert._core.checks import check_texts
from kerasbert.batches.memory import Batches, MemoryRows
from kerasbert.reading.data_checks import text_keys
from kerasbert.saving.trained_classifier import TrainedClassifier, check_rows
from kerasbert.text_classifier.settings import Settings
from kerasbert.text_classifier.training_data import Encoded, TrainingData, memory_batches, padded_lengths
from kerasbert.tokenization.tokenizer import Tokenizer

# Texts that are tokenised uncut, to say how long they are.
SAMPLE = 1000


class TextsInMemory(TrainingData):
    """Texts and labels as they were given to `fit`."""

    def __init__(self, texts: Any, labels: Any, text_pairs: Any = None) -> None:
        # A mistake in the data is told before an encoder is loaded.
        self.texts = check_texts("texts", texts)
        self.text_pairs = None if text_pairs is None else check_texts("text_pairs", text_pairs)
        self.pairs = self.text_pairs is not None
        self.cells = labels

    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        self.labels = (settings.plan() if before is None else before.outputs).read(self.cells)

    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        self.token_arrays, self.pad_id = tokenizer.encode(self.texts, self.text_pairs), tokenizer.pad_id
        check_rows(self.labels.arrays, len(self.token_arrays))
        sizes = {head: len(names) for head, names in self.labels.outputs.label_names.items()}
        self.rows = MemoryRows(self.token_arrays, self.labels.arrays, sizes)

    @property
    def text_keys(self) -> np.ndarray:
        return text_keys(self.texts, self.text_pairs)

    def full_lengths(self, tokenizer: Tokenizer) -> np.ndarray:
        some = slice(None, None, max(len(self.texts) // SAMPLE, 1))
        return tokenizer.full_lengths(*[part[some] for part in (self.texts, self.text_pairs) if part is not None])

    @functools.cached_property
    def train(self) -> Encoded:
        """Return what is left to train on."""
        if self.held_out_rows is None:
            return self.token_arrays, self.labels.arrays
        return self.rows.read(np.array(self.numbers))

    def batches(self, settings: Settings, devices: Any) -> Batches:
        lengths = padded_lengths(settings, devices)
        return memory_batches(settings, self.train, self.pad_id, lengths=lengths, shuffle=True)

    @property
    def num_cut(self) -> int:
        return int(self.train[0].num_truncated)

    @property
    def numbers(self) -> list[int]:
        rows = np.arange(self.rows.num_rows)
        return (rows if self.held_out_rows is None else np.delete(rows, self.held_out_rows)).tolist()
