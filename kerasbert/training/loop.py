"""The loop over epochs and batches: `model.fit`, but able to start in the middle of an epoch."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasbert._core.errors import ConfigError
from kerasbert.data.batch_source import BatchSource


class Position:
    """Where a training starts; subclasses put a model and its callbacks back to where they were.

    Args:
        epoch: first epoch.
        step: first batch in it.
    """

    def __init__(self, epoch: int = 0, step: int = 0) -> None:
        self.epoch = epoch
        self.step = step

    def restore(self, model: keras.Model) -> None:
        """Called once the callbacks have begun and the metrics of the first epoch were reset."""


def run_epochs(
    model: keras.Model,
    train: BatchSource,
    validation: BatchSource | None = None,
    *,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    start: Position | None = None,
) -> keras.callbacks.History:
    """Train a compiled model; every epoch takes the batches that its number says.

    Args:
        model: compiled.
        train: training batches.
        validation: validation batches, evaluated after every epoch.
        epochs: number of the epoch to stop before.
        callbacks: Keras callbacks.
        start: where to start; None: at the beginning.

    Returns:
        Keras's history.

    Raises:
        ConfigError: when `start` is not the beginning and the backend is not TensorFlow.
    """
    start = start or Position()
    if keras.backend.backend() != "tensorflow":
        return _fit(model, train, validation, epochs, callbacks, start)
    watchers = keras.callbacks.CallbackList(
        list(callbacks), add_history=True, model=model, epochs=epochs, steps=train.steps, verbose=0
    )
    dataset = model.distribute_strategy.experimental_distribute_dataset(train.pipeline)
    model.stop_training = False
    model.make_train_function()
    watchers.on_train_begin()
    logs: Any = {}
    for epoch in range(start.epoch, epochs):
        model.reset_metrics()
        first = 0
        if epoch == start.epoch:
            start.restore(model)
            first = start.step
        train.begin(epoch, first)
        watchers.on_epoch_begin(epoch)
        _run_batches(model, iter(dataset), range(first, train.steps), watchers)
        logs = dict(model.get_metrics_result())
        if validation is not None:
            scores = model.evaluate(validation.dataset, callbacks=watchers, return_dict=True, verbose=0)
            logs.update({f"val_{name}": value for name, value in scores.items()})
        watchers.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    watchers.on_train_end(logs)
    return model.history


def _run_batches(model: keras.Model, iterator: Any, steps: range, watchers: keras.callbacks.CallbackList) -> None:
    for step in steps:
        watchers.on_train_batch_begin(step)
        logs = model.train_function(iterator)
        watchers.on_train_batch_end(step, logs)
        if model.stop_training:
            return


def _fit(
    model: keras.Model, train: Any, validation: Any, epochs: int, callbacks: Sequence[Any], start: Position
) -> keras.callbacks.History:
    if start.epoch or start.step:
        raise ConfigError(
            f"A training is resumed on the tensorflow backend only; got {keras.backend.backend()!r}. Start it again "
            f"without checkpoints."
        )
    return model.fit(
        train.dataset,
        validation_data=None if validation is None else validation.dataset,
        epochs=epochs,
        callbacks=list(callbacks),
        shuffle=False,  # the batches shuffle themselves
        verbose=0,
    )
