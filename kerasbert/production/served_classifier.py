"""A loaded classifier that the threads of a worker process share, and one that was refused."""

import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

from kerasbert._core.errors import ArtifactError
from kerasbert.production.plain_answers import plain_answers
from kerasbert.saving.folder import load_trained
from kerasbert.saving.trained_classifier import TrainedClassifier

# A text, or a text and a second one.
Example = str | tuple[str, str]
logger = logging.getLogger(__name__)


@final
class ServedClassifier:
    """Answers batches of texts, one batch at a time; tokenizing goes on beside it.

    Only methods are called from outside, so that a proxy in another process can stand for it.

    Args:
        trained: the classifier.
        model_id: what its answers name it.
        top: see `plain_answers`.
    """

    def __init__(self, trained: TrainedClassifier, model_id: str, top: int | None = None) -> None:
        self._trained = trained
        self._model_id = model_id
        self._top = top
        # Keras's `predict` is for one thread.
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path, model_id: str, top: int | None = None) -> "ServedClassifier":
        """Load a saved classifier; the log tells what memory the process then takes."""
        before = resident_megabytes()
        served = cls(load_trained(folder), model_id, top)
        logger.info(
            "loaded %s: this process holds %d MB, %d of them since",
            model_id,
            (now := resident_megabytes()),
            now - before,
        )
        return served

    def model_id(self) -> str:
        """What the answers name the model."""
        return self._model_id

    def answers(self, examples: Sequence[Example]) -> list[dict[str, Any]]:
        """Answer texts, or pairs of texts, with a plain value for each; see `plain_answers`."""
        if not examples:
            return []
        tokens = self._trained.tokenizer.encode(*_columns(examples))
        with self._lock:
            probabilities = self._trained.probabilities_of(tokens)
        return plain_answers(self._trained, probabilities, top=self._top)


def _columns(examples: Sequence[Example]) -> list[list[str]]:
    """The texts and, of pairs, the second texts."""
    return [list(column) for column in zip(*((one,) if isinstance(one, str) else one for one in examples), strict=True)]


@final
class RefusedClassifier:
    """Stands for a model that cannot be used: every batch fails with the reason, until another model comes."""

    def __init__(self, reason: str, model_id: str) -> None:
        self._reason = reason
        self._model_id = model_id

    def model_id(self) -> str:
        """What the refused model would have been named."""
        return self._model_id

    def answers(self, examples: Sequence[Example]) -> list[dict[str, Any]]:
        """Raise the reason.

        Raises:
            ArtifactError: always.
        """
        raise ArtifactError(self._reason)


def resident_megabytes() -> int:
    """The memory that this process holds; 0 where the system does not tell it."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 10**6 if statm.is_file() else 0
