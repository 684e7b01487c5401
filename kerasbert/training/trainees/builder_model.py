"""A model of the builders, whose heads say what their losses, labels and measures are."""

from collections.abc import Mapping, Sequence
from typing import Any, Self, final

import keras

from kerasbert._core.errors import ConfigError
from kerasbert._core.progress import announce
from kerasbert.batches.source import BatchSource
from kerasbert.batches.stream import StreamBatches
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import compile_heads
from kerasbert.encoders.encoder import Encoder
from kerasbert.training.callbacks.best_epoch import keep_best
from kerasbert.training.checkpoints.fingerprint import facts_of_model
from kerasbert.training.devices import make_inside
from kerasbert.training.feature_cache import HeadTraining, frozen_features
from kerasbert.training.head_labels import check_head_labels, sampled_labels
from kerasbert.training.heads import default_monitor, start_heads
from kerasbert.training.settings import TrainingSettings
from kerasbert.training.trainees.trainee import Trainee


@final
class BuilderModel(Trainee):
    """The trainee of a `Classifier`."""

    model: Classifier

    def __init__(self, model: Classifier, losses: Mapping[str, keras.losses.Loss] | None = None) -> None:
        super().__init__(model)
        self.losses = losses
        self._compiling: dict[str, Any] = {}
        self._labels: dict[str, Any] = {}

    @property
    def encoders(self) -> list[Encoder]:
        return [self.model.encoder]

    def check(self, train: BatchSource, validation: BatchSource | None = None) -> None:
        for name, source in (("train", train), ("validation", validation)):
            others = getattr(source, "others", None)
            if others is not None:
                raise ConfigError(
                    f"`{name}` must hold texts alone for a model of the builders, which reads nothing else; got the inputs "
                    f"{', '.join(others.names)}. Make a Keras model of your own that reads them, see docs/recipes.md."
                )
        self._labels = sampled_labels(train, check_head_labels(self.model, train, "The labels of `train`"))
        if validation is not None:
            check_head_labels(self.model, validation, "The labels of `validation`")

    def start(self, train: BatchSource, settings: TrainingSettings, *, shown: bool = False) -> None:
        balances = start_heads(self.model, self._labels, settings)
        for name, chosen in balances.items():
            told = f"{name}: {chosen.summary}" if len(balances) > 1 else chosen.summary
            announce(told, shown=shown and settings.balance)
        if isinstance(train, StreamBatches):
            announce(train.describe(), shown=shown)
        self.losses = {name: chosen.loss for name, chosen in balances.items()}

    def inside(self, strategy: Any) -> Self:
        return type(self)(make_inside(strategy, self.model), self.losses)

    def compile(self, optimizer: keras.optimizers.Optimizer, *, jit_compile: bool = False) -> None:
        self._compiling = {"optimizer": optimizer, "losses": self.losses, "jit_compile": jit_compile}
        compile_heads(self.model, self.model.trained_heads, **self._compiling)

    def best_epoch(
        self, settings: TrainingSettings, callbacks: Sequence[keras.callbacks.Callback]
    ) -> keras.callbacks.Callback:
        return keep_best(settings.monitor or default_monitor(self.model), settings.patience)

    def facts(self) -> dict[str, Any]:
        return facts_of_model(self.model)

    def head_training(self, train: BatchSource, validation: BatchSource | None) -> HeadTraining | None:
        found = frozen_features(self.model, train, validation)
        if found is not None:
            compile_heads(found.model, self.model.heads, **self._compiling)
        return found
