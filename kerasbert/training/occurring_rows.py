"""Train only the rows of the token table that the texts use: the others just decay, which is done once an epoch."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, final

import keras
import numpy as np

from kerasbert.batches.source import BatchSource
from kerasbert.classifiers.classifier import Classifier
from kerasbert.optimizers.adamw import AdamW
from kerasbert.training.devices import scope_of

# Share of the table above which whole updates are as fast.
LARGEST_SHARE = 0.5
BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end")
# Callbacks of Keras that are called for each batch, but look at the weights of whole epochs.
OF_EPOCHS = (
    keras.callbacks.BackupAndRestore,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.ProgbarLogger,
    keras.callbacks.TensorBoard,
    keras.callbacks.TerminateOnNaN,
)


@final
class OccurringRows(keras.callbacks.Callback):
    """Tells the optimiser which rows of the token table have gradients, and has the others decayed before they are read.

    It comes before all callbacks that look at weights.

    Args:
        table: of the encoder that trains, (vocabulary, width).
        rows: ids of the tokens that occur, sorted, (k,).
        strategy: that the model was made in; None: one device.
        often: whether the others are decayed after each batch, and not only once an epoch.
    """

    def __init__(self, table: keras.Variable, rows: np.ndarray, strategy: Any = None, *, often: bool = False) -> None:
        super().__init__()
        self.often = often
        self.table = table
        self.rows = rows
        self.strategy = strategy

    @property
    def _optimizer(self) -> AdamW:
        outer = self.model.optimizer
        optimizer: AdamW = getattr(outer, "inner_optimizer", outer)
        return optimizer

    def on_train_begin(self, logs: Any = None) -> None:
        with scope_of(self.strategy):
            self._optimizer.train_rows(self.table, self.rows)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.often:
            self._optimizer.settle_rows()

    def on_test_begin(self, logs: Any = None) -> None:
        self._optimizer.settle_rows()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._optimizer.settle_rows()

    def on_train_end(self, logs: Any = None) -> None:
        self.close()

    def close(self) -> None:
        """Settle the rows; whoever trains the model next updates all of them."""
        if self._model is not None:
            self._optimizer.settle_rows(last=True)

    def training_state(self) -> dict[str, float]:
        """What the other rows have to be multiplied by."""
        return {"decay": float(keras.ops.convert_to_numpy(self._decay))}

    def restore_training_state(self, state: dict[str, float]) -> None:
        """Take back what `training_state` gave."""
        self._decay.assign(state["decay"])

    @property
    def _decay(self) -> keras.Variable:
        trained = self._optimizer.trained_rows
        assert trained is not None
        return trained.decay


@contextlib.contextmanager
def occurring_rows(
    model: keras.Model, train: BatchSource, callbacks: Sequence[keras.callbacks.Callback], strategy: Any = None
) -> Iterator[list[keras.callbacks.Callback]]:
    """While it lasts, only the rows of the token table that occur are updated, where that gives the same weights sooner.

    It does not where the table does not train, its gradients are whole tables (accumulated, averaged or compiled by XLA), or
    most of its rows occur.

    Args:
        model: compiled with `AdamW`.
        train: batches to train on.
        callbacks: of the training.
        strategy: that the model was made in; None: one device.

    Yields:
        The callback to put before the others, or none.
    """
    rows = None if _is_whole(model) else train.occurring_tokens()
    if rows is None or len(rows) > LARGEST_SHARE * model.encoder.config.vocab_size:
        yield []
        return
    often = any(_may_look(callback) for callback in callbacks)
    callback = OccurringRows(model.encoder.embeddings.weight, rows, strategy, often=often)
    try:
        yield [callback]
    finally:
        callback.close()


def _is_whole(model: keras.Model) -> bool:
    """Return whether each step must update the whole table, or none of it."""
    if keras.backend.backend() != "tensorflow" or not isinstance(model, Classifier) or model.jit_compile:
        return True
    optimizer: Any = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    is_dense = optimizer.use_ema or optimizer.gradient_accumulation_steps or optimizer.lazy_embeddings
    table = model.encoder.embeddings.weight
    return bool(is_dense) or not any(weight is table for weight in model.trainable_weights)


def _may_look(callback: keras.callbacks.Callback) -> bool:
    """Return whether a callback may look at the weights between two batches."""
    if type(callback).__module__.startswith("kerasbert."):
        return False
    if type(callback) in OF_EPOCHS:
        return getattr(callback, "save_freq", "epoch") != "epoch"
    own = (getattr(getattr(callback, hook), "__func__", None) for hook in BATCH_HOOKS)
    return any(hook is not getattr(keras.callbacks.Callback, name) for hook, name in zip(own, BATCH_HOOKS, strict=True))
