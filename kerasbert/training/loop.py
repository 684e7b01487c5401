"""The loop over epochs and batches: `model.fit`, but able to start in the middle of an epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.errors import ConfigError, DivergedError, WorkerLostError
from kerasbert.batches.source import BatchSource
from kerasbert.training.devices import needs_static_shapes
from kerasbert.training.divergence import LossGuard
from kerasbert.training.memory import kept_memory


class Position:
    """First epoch, and first batch in it, of a training; subclasses restore its state there, and keep it."""

    def __init__(self, epoch: int = 0, step: int = 0) -> None:
        self.epoch = epoch
        self.step = step

    def restore(self, model: keras.Model, callback_list: keras.callbacks.CallbackList, steps: int) -> None:
        """Called once the first epoch of so many batches has begun, with model, optimiser and metrics built."""

    def after_step(self, epoch: int, step: int, loss: float, rows_of: Callable[[int, int], np.ndarray]) -> None:
        """Called after each batch, last of all; `rows_of(epoch, step)` names its rows."""

    def after_batches(self, epoch: int) -> None:
        """Called after the last batch of an epoch, before it is judged on validation data."""

    def while_judging(self) -> None:
        """Called after each batch of validation data."""


def run_epochs(
    model: keras.Model,
    train: BatchSource,
    validation: BatchSource | None = None,
    *,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    start: Position | None = None,
    strategy: Any = None,
) -> keras.callbacks.History:
    """Train a compiled model; every epoch takes the batches that its number says.

    Args:
        model: compiled.
        train: training batches.
        validation: evaluated after every epoch.
        epochs: number of the epoch to stop before.
        callbacks: Keras callbacks.
        start: where to start; None: at the beginning.
        strategy: a `tf.distribute.Strategy` in whose scope the model and its optimiser were made; None: one device.

    Raises:
        ConfigError: when `start` is not the beginning and the backend is not TensorFlow.
        DivergedError: when the loss or a gradient is no longer finite, or the loss explodes.
    """
    if keras.backend.backend() != "tensorflow":
        return _fit(model, train, validation, epochs, callbacks, start or Position())
    from kerasbert.training.step import Steps

    callback_list = keras.callbacks.CallbackList(
        list(callbacks), add_history=True, model=model, epochs=epochs, steps=train.steps, verbose=0
    )
    specs: dict[str, Any] = {}
    if not needs_static_shapes(strategy):
        specs = {"element_spec": train.pipeline.element_spec}
        specs |= {} if validation is None else {"test_spec": validation.pipeline.element_spec}
    steps = Steps(model, strategy, **specs)
    with kept_memory():
        return _Loop(model, callback_list, start or Position(), steps).run(train, validation, epochs)


class _Loop:
    def __init__(self, model: keras.Model, callback_list: Any, start: Position, steps: Any) -> None:
        self.model = model
        self.callback_list = callback_list
        self.start = start
        self.steps = steps
        self.guard = LossGuard()

    def run(self, train: BatchSource, validation: BatchSource | None, epochs: int) -> keras.callbacks.History:
        model, start = self.model, self.start
        self.steps.build(train.pipeline.element_spec)
        model.stop_training = False
        self.callback_list.on_train_begin()
        logs: Any = {}
        for epoch in range(start.epoch, epochs):
            model.reset_metrics()
            self.callback_list.on_epoch_begin(epoch)
            first = 0
            if epoch == start.epoch:
                # Now, since what has just begun the epoch set the metrics and callbacks to their starts.
                start.restore(model, self.callback_list, train.steps)
                first = start.step
            train.begin(epoch, first)
            self._train(train, epoch, first)
            logs = dict(model.get_metrics_result())
            if validation is not None:
                if not model.stop_training:
                    start.after_batches(epoch)
                logs.update({f"val_{name}": value for name, value in self._evaluate(validation).items()})
            self.callback_list.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        model.optimizer.finalize_variable_values(model.trainable_weights)
        self.callback_list.on_train_end(logs)
        return model.history

    def _train(self, train: BatchSource, epoch: int, first: int) -> None:
        if first >= train.steps:
            return
        for step, batch in zip(range(first, train.steps), train.pipeline, strict=False):
            self.callback_list.on_train_batch_begin(step)
            result = self._train_step(batch)
            loss = float(result.loss)
            trouble = self.guard.check(loss, result.skipped, result.scale)
            if trouble:
                raise DivergedError(trouble, epoch, step, train.rows_of(epoch, step).tolist())
            self.callback_list.on_train_batch_end(step, result.logs)
            self.start.after_step(epoch, step, loss, train.rows_of)
            if self.model.stop_training:
                return

    def _train_step(self, batch: Any) -> Any:
        import tensorflow as tf

        try:
            return self.steps.train(batch)
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as error:
            if getattr(self.steps.strategy, "cluster_resolver", None) is None:
                raise
            raise WorkerLostError(
                "Another worker was lost. Start all workers again with the same command: they go on from the newest "
                "checkpoint, where there is a `checkpoint_dir`."
            ) from error

    def _evaluate(self, validation: BatchSource) -> dict[str, Any]:
        self.callback_list.on_test_begin()
        self.model.reset_metrics()
        validation.begin(0)
        logs: dict[str, Any] = {}
        for step, batch in enumerate(validation.pipeline):
            self.callback_list.on_test_batch_begin(step)
            logs = self.steps.test(batch)
            self.callback_list.on_test_batch_end(step, logs)
            self.start.while_judging()
        logs = {name: _plain(value) for name, value in logs.items()}
        self.callback_list.on_test_end(logs)
        return logs


def _plain(value: Any) -> Any:
    array = np.asarray(keras.ops.convert_to_numpy(value))
    return float(array) if array.ndim == 0 else array


def _fit(
    model: keras.Model, train: Any, validation: Any, epochs: int, callbacks: Sequence[Any], start: Position
) -> keras.callbacks.History:
    if type(start) is not Position or start.epoch or start.step:
        raise ConfigError(
            f"A training keeps checkpoints and is resumed on the tensorflow backend only; got "
            f"{keras.backend.backend()!r}. Train without `checkpoint_dir`."
        )
    return model.fit(
        train.dataset,
        validation_data=None if validation is None else validation.dataset,
        epochs=epochs,
        callbacks=list(callbacks),
        shuffle=False,  # the batches shuffle themselves
        verbose=0,
    )
