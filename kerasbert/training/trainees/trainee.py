"""`Trainee`: all that a training needs of a model, and nothing else."""

import abc
from collections.abc import Sequence
from typing import Any, Self

import keras

from kerasbert.batches.source import BatchSource
from kerasbert.encoders.encoder import Encoder
from kerasbert.training.feature_cache import HeadTraining
from kerasbert.training.settings import TrainingSettings


class Trainee(abc.ABC):
    """Abstract: a model as `finetune` and `find_learning_rate` see it.

    They call `check`, `start`, `inside` and `compile` in this order.

    Args:
        model: the model.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model

    @property
    @abc.abstractmethod
    def encoders(self) -> list[Encoder]:
        """The encoders inside the model, which train at `learning_rate`; all else trains at `head_learning_rate`."""

    @abc.abstractmethod
    def check(self, train: BatchSource, validation: BatchSource | None = None) -> None:
        """Refuse a model that cannot be trained, and batches that do not fit it."""

    def fewer_inputs(self, source: BatchSource, name: str) -> list[str] | None:
        """Return the names of the inputs that the model reads where the batches hold more; None: it reads them all.

        Args:
            source: labelled batches.
            name: of the argument, for messages.

        Raises:
            ConfigError: when the batches lack an input of the model.
        """
        return None

    @abc.abstractmethod
    def start(self, train: BatchSource, settings: TrainingSettings, *, shown: bool = False) -> None:
        """Settle losses and first weights by the labels and the settings; refuse settings that the model cannot follow."""

    @abc.abstractmethod
    def inside(self, strategy: Any) -> Self:
        """Return the trainee of a copy in the scope of a strategy, or itself for None."""

    @abc.abstractmethod
    def compile(self, optimizer: keras.optimizers.Optimizer, *, jit_compile: bool = False) -> None:
        """Compile the model for training."""

    @abc.abstractmethod
    def best_epoch(
        self, settings: TrainingSettings, callbacks: Sequence[keras.callbacks.Callback]
    ) -> keras.callbacks.Callback | None:
        """Return the callback that keeps the best epoch by the validation data; None where one of `callbacks` does."""

    @abc.abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return plain data that makes the model the same, by which a resumed training is known."""

    def head_training(self, train: BatchSource, validation: BatchSource | None) -> HeadTraining | None:
        """Return the part that trains when the encoder does not, compiled, and its batches; None: the whole model trains."""
        return None

    def put_back(self) -> None:
        """Compile the model as it was, after a range test, where that is known."""
        return
