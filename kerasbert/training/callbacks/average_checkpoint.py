"""Saving the average of the weights instead of the last ones."""

import os
from collections.abc import Mapping
from typing import Any, final

import keras

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError


@final
class AverageModelCheckpoint(keras.callbacks.ModelCheckpoint):
    """Keras's `ModelCheckpoint`, which writes the moving averages of the weights that the optimiser keeps.

    What tensorflow-addons' callback of that name did for its `MovingAverage`; here the optimiser is any of Keras's with
    `use_ema=True`. Training goes on from the weights themselves; at its end Keras gives the model the averages.

    Args:
        filepath: see `keras.callbacks.ModelCheckpoint`.
        monitor: see `keras.callbacks.ModelCheckpoint`.
        mode: `"auto"`, `"max"` or `"min"`.
        save_best_only: see `keras.callbacks.ModelCheckpoint`.
        save_weights_only: see `keras.callbacks.ModelCheckpoint`.
        save_freq: `"epoch"`, or a number of batches.

    Raises:
        ConfigError: when training starts with an optimiser that keeps no averages.

    Example:
        >>> AverageModelCheckpoint("average.weights.h5", save_weights_only=True).save_freq
        'epoch'
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        *,
        monitor: str = "val_loss",
        mode: str = "auto",
        save_best_only: bool = False,
        save_weights_only: bool = False,
        save_freq: str | int = "epoch",
    ) -> None:
        super().__init__(
            filepath,
            monitor=monitor,
            mode=check_choice("mode", mode, ("auto", "max", "min")),
            save_best_only=save_best_only,
            save_weights_only=save_weights_only,
            save_freq=save_freq,
        )

    def on_train_begin(self, logs: Any = None) -> None:
        if not self._optimizer().use_ema:
            raise ConfigError(
                f"AverageModelCheckpoint needs an optimizer with use_ema=True; got {shorten(self._optimizer().name)}."
            )

    def _save_model(self, epoch: int, batch: int | None, logs: Mapping[str, Any] | None) -> None:
        own = self._swap(self._averages())
        try:
            super()._save_model(epoch=epoch, batch=batch, logs=logs)
        finally:
            self._swap(own)

    def _optimizer(self) -> Any:
        optimizer = self.model.optimizer
        return getattr(optimizer, "inner_optimizer", optimizer)

    def _averages(self) -> list[Any]:
        return [value.numpy() for value in self._optimizer()._model_variables_moving_average]

    def _swap(self, values: list[Any]) -> list[Any]:
        """Give the trained weights these values; returns their own."""
        weights = self._optimizer()._trainable_variables
        own = [weight.numpy() for weight in weights]
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)
        return own
