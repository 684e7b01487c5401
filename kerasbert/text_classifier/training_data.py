"""The data that `fit` trains on: abstract here, in memory in `texts_in_memory`, on disk in `cached_texts`."""

from abc import ABC, abstractmethod
from typing import Any

import keras
import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.make import make_batches
from kerasbert.batches.memory import LONGEST, Batches
from kerasbert.batches.rows import RowStore, held_out_rows
from kerasbert.batches.stream import StreamBatches
from kerasbert.labels.counts import label_counts
from kerasbert.reading.data_checks import warn_of_absent_labels, warn_of_imbalance, warn_of_texts
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.outputs import ReadLabels
from kerasbert.text_classifier.labels import Validation
from kerasbert.text_classifier.settings import Settings
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.devices import needs_static_shapes

# Token arrays and labels by head.
Encoded = tuple[Any, dict[str, np.ndarray]]


class TrainingData(ABC):
    """Abstract: labelled texts, read in the order of the methods.

    Attributes:
        labels: what the labels are, once they are read; of a token cache without the arrays.
        rows: token ids and labels, once the texts are read.
        held_out_rows: the rows that are not trained on; None: there are none.
        max_length: of its texts in tokens; None where they are not tokenised yet.
        pairs: whether each has a second text.
        pad_id: id that fills up a text.
    """

    labels: ReadLabels
    rows: RowStore
    held_out_rows: np.ndarray | None = None
    max_length: int | None = None
    pairs: bool
    pad_id: int

    @abstractmethod
    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        """Read the labels, which are those of `before` where there is one."""

    @abstractmethod
    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        """Tokenize the texts, or check that they were tokenized so."""

    @abstractmethod
    def batches(self, settings: Settings, devices: Any) -> Batches | StreamBatches:
        """Make batches of what is left to train on."""

    def warn(self, settings: Settings, tokenizer: Tokenizer, validation: Validation | None) -> None:
        """Warn of what is odd in texts and labels, and of validation texts that are trained on."""
        warn_of_texts(
            self.rows,
            validation,
            keys=self.text_keys if validation is not None else None,
            long_texts=tokenizer.long_texts.way,
            full_lengths=lambda: self.full_lengths(tokenizer),
        )
        outputs, counts = self.labels.outputs, self.rows.counts
        if outputs.hierarchy is None:
            warn_of_absent_labels(counts, outputs.label_names)
        if settings.balance is None and settings.sampling is None:
            untuned = outputs.untuned(validation is not None or bool(settings.held_out_share()))
            warn_of_imbalance({head: counts[head] for head in untuned}, outputs.label_names)

    @property
    @abstractmethod
    def text_keys(self) -> np.ndarray | None:
        """Return a number for each text that is equal where texts are; None: not known."""

    def full_lengths(self, tokenizer: Tokenizer) -> np.ndarray | None:
        """Return the lengths in tokens of a sample of the texts, uncut; None where the texts are gone."""
        return None

    def hold_out(self, share: float, seed: int) -> Encoded:
        """Hold out a share of the texts, which is not trained on from now on."""
        self.held_out_rows = held_out_rows(self.rows, share, seed=seed)
        return self.rows.read(self.held_out_rows)

    def validation_batches(self, settings: Settings, held_out: Encoded, devices: Any) -> Batches:
        """Make batches of what is evaluated after each epoch."""
        return memory_batches(settings, held_out, self.pad_id, lengths=padded_lengths(settings, devices))

    def describe(self, held_out: Encoded | None) -> dict[str, Any]:
        """Count texts and labels, as the model card tells them."""
        counts = self.rows.counts
        if self.held_out_rows is not None and held_out is not None:
            counts = {head: count - label_counts(held_out[1][head], len(count)) for head, count in counts.items()}
        return {
            "num_texts": self.rows.num_rows - (0 if self.held_out_rows is None else len(self.held_out_rows)),
            "num_held_out": 0 if held_out is None else len(held_out[0]),
            "num_cut": self.num_cut,
            "labels": {head: count.tolist() for head, count in counts.items()},
        }

    @property
    def num_cut(self) -> int:
        """Count the training texts that are longer than the model reads."""
        return self.rows.num_cut

    @property
    def numbers(self) -> list[int] | None:
        """Return the number that each row of the batches had in `fit`; None where they are its own."""
        return None


def memory_batches(
    settings: Settings, encoded: Encoded, pad_id: int, *, lengths: str | None = None, shuffle: bool = False
) -> Batches:
    """Make batches of token arrays and labels by head: shuffled to train on, else by length."""
    token_arrays, arrays = encoded
    return make_batches(
        token_arrays,
        arrays if list(arrays) != [SINGLE_HEAD] else arrays[SINGLE_HEAD],
        batch_size=settings.batch_size,
        shuffle=shuffle,
        seed=settings.seed,
        lengths=lengths,
        sampling=settings.sampling if shuffle else None,
        pad_id=pad_id,
        by_length=not shuffle,
    )


def padded_lengths(settings: Settings, devices: Any) -> str | None:
    """Pad to the batch's longest text unless XLA compiles per length or texts are windowed."""
    compiled = keras.backend.backend() != "tensorflow" or needs_static_shapes(devices)
    return None if compiled or settings.long_texts == "windows" else LONGEST
