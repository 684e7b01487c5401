"""What `fit` trains on, in one form: abstract here, in memory in `texts_in_memory`, on disk in `cached_texts`."""

from abc import ABC, abstractmethod
from typing import Any

import keras
import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.memory import LONGEST, Batches, make_batches
from kerasbert.batches.stream import StreamBatches
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
        max_length: of its texts in tokens; None where they are not tokenised yet.
        pairs: whether each has a second text.
    """

    labels: ReadLabels
    max_length: int | None = None
    pairs: bool

    @abstractmethod
    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        """Read the labels, which are those of `before` where there is one."""

    @abstractmethod
    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        """Tokenise the texts, or check that they were tokenised so."""

    @abstractmethod
    def warn(self, tokenizer: Tokenizer, validation: Validation | None) -> None:
        """Of texts that are cut, and of validation texts that are trained on."""

    @property
    @abstractmethod
    def counts(self) -> dict[str, np.ndarray]:
        """How many texts have each label, head or level -> (C,)."""

    @abstractmethod
    def hold_out(self, share: float, seed: int) -> Encoded:
        """A share of the texts, which is not trained on from now on."""

    @abstractmethod
    def batches(self, settings: Settings, devices: Any) -> Batches | StreamBatches:
        """Batches of what is left to train on."""

    @abstractmethod
    def validation_batches(self, settings: Settings, held_out: Encoded, devices: Any) -> Batches:
        """Batches of what is judged after each epoch."""

    @abstractmethod
    def describe(self, held_out: Encoded | None) -> dict[str, Any]:
        """Numbers of texts and of each label, which the model card tells."""

    @property
    @abstractmethod
    def num_cut(self) -> int:
        """Training texts that are longer than the model reads."""

    @property
    def numbers(self) -> list[int] | None:
        """The number that each row of the batches had in `fit`; None where they are its own."""
        return None


def memory_batches(
    settings: Settings, encoded: Encoded, pad_id: int, *, lengths: str | None = None, shuffle: bool = False
) -> Batches:
    """Batches of token arrays and labels by head: shuffled to train on, else by length.

    Args:
        settings: of the classifier.
        encoded: token arrays and labels.
        pad_id: id that fills up a text.
        lengths: see `make_batches`.
        shuffle: whether they are trained on.
    """
    tokens, arrays = encoded
    return make_batches(
        tokens,
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
