"""Fine-tuning by the recipe that works: a thin layer over `model.fit`."""

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, final

import keras
import numpy as np

from kerasbert._core.checks import check_int, check_number, shorten, suggest_keywords
from kerasbert._core.errors import ConfigError, DataError, KerasbertWarning
from kerasbert._core.process import check_process
from kerasbert.batches.source import BatchSource
from kerasbert.batches.stream import StreamBatches
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE, LEARNING_RATE, compile_heads
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.labels.counts import LabelCounts
from kerasbert.tasks.balance import HeadBalance, balance_head, balance_levels
from kerasbert.training.devices import (
    as_strategy,
    check_agreement,
    check_fits,
    copy_weights,
    is_chief,
    make_inside,
    scope_of,
)
from kerasbert.training.feature_cache import frozen_features
from kerasbert.training.fingerprint import facts_of_model, facts_of_source
from kerasbert.training.head_labels import check_head_labels, sampled_labels
from kerasbert.training.logs import make_logs
from kerasbert.training.loop import run_epochs
from kerasbert.training.optimization import Optimization, as_optimization, make_optimizer, prepare_layers
from kerasbert.training.progress import Progress, announce
from kerasbert.training.resume import EVERY, CheckpointedRun, open_run

# Ten times the highest rate of Devlin et al., "BERT", 2019, appendix A.3.
HIGH_LEARNING_RATE = 5e-4


def default_epochs(steps: int) -> int:
    """Passes over the training data that suit its size.

    Large data teaches enough in two passes, and more overfit; small data needs the steps (docs/recipe.md).

    Args:
        steps: batches in a pass.

    Returns:
        8 below 50 steps, 2 above 1,000, else 4.

    Example:
        >>> default_epochs(15), default_epochs(313), default_epochs(1357)
        (8, 4, 2)
    """
    return 8 if steps < 50 else 4 if steps <= 1000 else 2


@suggest_keywords
def finetune(
    model: Classifier,
    train: BatchSource,
    validation: BatchSource | None = None,
    *,
    epochs: int | None = None,
    max_steps: int | None = None,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    weight_decay: float = 0.01,
    warmup: float = 0.1,
    global_clipnorm: float | None = 1.0,
    patience: int = 2,
    monitor: str | None = None,
    balance: str | None = None,
    label_smoothing: float | None = None,
    optimization: Optimization | Mapping[str, Any] | None = None,
    checkpoint_dir: str | os.PathLike[str] | None = None,
    checkpoint_every: int = EVERY,
    resume: bool | None = None,
    log_dir: str | os.PathLike[str] | None = None,
    strategy: Any = "auto",
    progress: bool = True,
    jit_compile: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Fine-tune a classifier; the defaults are the recipe that docs/recipe.md measures.

    The output bias of an untrained head starts at the label frequencies; AdamW runs without decay on biases and layer
    normalisation, with one rate for the encoder and one for the head, gradients clipped, linear warm-up and linear decay
    to zero. With validation data the weights of the best epoch are restored at the end, and training stops when there is
    no better one for `patience` epochs. Call `keras.utils.set_random_seed` first to repeat a run.

    Args:
        model: from a builder; it is compiled anew.
        train: labelled batches from `make_batches(..., shuffle=True)` or `stream_batches`.
        validation: labelled batches; None trains all epochs and keeps the last weights.
        epochs: passes over the training data, >= 1; the rate decays to zero over all of them. None takes
            `default_epochs`.
        max_steps: batches after which training ends, >= 1, if `epochs` do not end it before; the rate decays over what
            there will be. Without `epochs`, that many batches in any number of passes. None: no limit.
        learning_rate: peak rate of the encoder, in (0, 1].
        head_learning_rate: peak rate of the heads, in (0, 1].
        weight_decay: decoupled decay, in [0, 1).
        warmup: share of all steps spent on warm-up, in [0, 1].
        global_clipnorm: largest global norm of the gradients; None for no clipping.
        patience: epochs without improvement before stopping, >= 1.
        monitor: quantity in the history that tells the best epoch; None takes the task's own: the sum of the validation
            losses for several heads, macro-F1 for multi-label, F1 for binary and accuracy for multi-class heads.
        balance: what is done for rare labels, told before the training starts: None nothing; `"balanced"` weights each
            class, or the positives of each label, against its frequency; `"sqrt"` by the root of that; `"effective"` by
            effective numbers; `"focal"` counts easy examples less; `"asymmetric"` does so with easy negatives, for binary
            and multi-label heads; `"auto"` is `"sqrt"` where one label is 3 times as frequent as another, else None. See
            docs/training.md.
        label_smoothing: in [0, 1): share of each label that is spread over the others; None: 0.1 for a multi-class head of
            10 classes or more, and for every level of a hierarchical model with 10 or more labels in the deepest, where a
            label is spread over those that share its parent; else 0.
        optimization: schedule, frozen parts, rates by layer, accumulation and averages, or a dict of them; None:
            `Optimization()`. With a frozen encoder the texts run through it once, and the head trains from what it gave.
        checkpoint_dir: folder that keeps the training while it runs, so that the same call goes on where it was killed;
            of this training alone. SIGTERM and SIGINT then end it after a checkpoint, with exit code 143 or 130. None
            keeps nothing. See docs/training.md.
        checkpoint_every: batches from one checkpoint to the next, >= 1; one more is taken at the end of each epoch.
        resume: None goes on where `checkpoint_dir` holds an unfinished training; True demands one; False removes it and
            starts afresh.
        log_dir: folder for `history.csv`, `curves.png`, `batches.csv` (with `checkpoint_dir`) and events for TensorBoard;
            None writes none.
        strategy: the devices, `"auto"`, `"one"`, `"mirrored"`, `"multiworker"`, `"tpu"` or a `tf.distribute.Strategy`, see
            docs/devices.md; a batch is spread over them, and the result is that of one device up to rounding and
            dropout.
        progress: whether to show a bar with time left on standard error.
        jit_compile: whether to compile the step with XLA, once for each padded length.
        callbacks: further Keras callbacks.

    Returns:
        Keras's history.

    Raises:
        ArtifactError: when a checkpoint cannot be written, or none that is there is whole.
        ConfigError: when a number is out of its range, the checkpoints are of another training, or the devices of the
            strategy do not exist.
        DivergedError: when the loss or a gradient is no longer finite, or the loss explodes; the model keeps the weights
            from before that batch.
        TrainingStopped: a `SystemExit`, when a signal asked the training to stop, and its checkpoint is written.
        TypeError: when `train` or `validation` are no batches, or a keyword is unknown.
        DataError: when there are no labelled examples, or labels do not fit the heads.

    Example:
        >>> model = build_binary(encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> tokens = TokenArrays.from_lists([[2, 5, 3], [2, 6, 3]])
        >>> batches = make_batches(tokens, np.array([[0.0], [1.0]], "float32"), shuffle=True)
        >>> sorted(finetune(model, batches, epochs=1, progress=False).history)
        ['accuracy', 'f1', 'loss']

    Reference:
        Devlin et al., "BERT", 2019, appendix A.3; Mosbach et al., "On the Stability of Fine-tuning BERT", 2021.
    """
    check_process(keras.backend.backend())
    _check_batches("train", train)
    if validation is not None:
        _check_batches("validation", validation)
    epochs = _number_of_epochs(train.steps, epochs, max_steps)
    check_int("patience", patience, 1)
    check_number("warmup", warmup, 0, 1)
    check_number("learning_rate", learning_rate, 0, 1, open_minimum=True)
    check_number("head_learning_rate", head_learning_rate, 0, 1, open_minimum=True)
    plan = as_optimization(optimization)
    devices = as_strategy(strategy)
    check_fits(devices, getattr(train, "batch_size", None), jit_compile)
    labels = sampled_labels(train, check_head_labels(model, train, "The labels of `train`"))
    if validation is not None:
        check_head_labels(model, validation, "The labels of `validation`")
    balances = balance_heads(model, labels, balance=balance, label_smoothing=label_smoothing)
    for name, chosen in balances.items():
        announce(f"{name}: {chosen.summary}" if len(balances) > 1 else chosen.summary, shown=progress and balance)
    set_prior_bias(model, labels, {name: chosen.weights for name, chosen in balances.items()})
    if isinstance(train, StreamBatches):
        announce(train.describe(), shown=progress)
    prepare_layers(model, plan)
    _warn_of_rate(model, learning_rate)
    copy = make_inside(devices, model)
    numbers: dict[str, Any] = {"warmup": warmup, "weight_decay": weight_decay, "global_clipnorm": global_clipnorm}
    copy.encoder.gradient_checkpointing = plan.gradient_checkpointing
    total = min(train.steps * epochs, max_steps or train.steps * epochs)
    with scope_of(devices):
        rates = (learning_rate, head_learning_rate)
        optimizer = make_optimizer(copy, plan, rates=rates, steps=(train.steps, epochs), total_steps=total, **numbers)
    losses = {name: chosen.loss for name, chosen in balances.items()}
    compiling: dict[str, Any] = {"optimizer": optimizer, "losses": losses, "jit_compile": jit_compile}
    compile_heads(copy, copy.trained_heads, **compiling)
    callback_list = _watchers(callbacks, plan, monitor or default_monitor(model), patience, validation is not None)
    if log_dir is not None and is_chief(devices):
        callback_list += make_logs(log_dir)
    if max_steps is not None:
        callback_list.append(StopAfter(max_steps, train.steps))
    bar = [Progress(train, epochs)] if progress and is_chief(devices) else []
    settings = {
        "epochs": epochs,
        "max_steps": max_steps,
        "learning_rate": learning_rate,
        "head_learning_rate": head_learning_rate,
        **numbers,
        "patience": patience,
        "monitor": monitor,
        "balance": balance,
        "label_smoothing": label_smoothing,
        **_facts(model, plan, train, validation),
    }
    place = {"every": checkpoint_every, "resume": resume, "log_dir": log_dir, "shown": progress}
    try:
        with _keeping(checkpoint_dir, settings, place, devices) as run:
            check_agreement(devices, [settings, None if run is None else (run.epoch, run.step, run.finished)])
            parts = copy, train, validation
            callback_list += bar
            running: dict[str, Any] = {
                "epochs": epochs,
                "callbacks": callback_list,
                "devices": devices,
                "shown": progress,
            }
            return _train(parts, compiling, run=run, is_whole=total >= train.steps, **running)
    finally:
        copy_weights(copy, model)
        for each in bar:
            each.close()


def _warn_of_rate(model: Classifier, learning_rate: float) -> None:
    if learning_rate > HIGH_LEARNING_RATE and model.encoder.trainable_weights:
        warnings.warn(
            f"`learning_rate` {learning_rate:g} is likely to destroy what the encoder learned in pretraining: BERT is "
            f"fine-tuned at 2e-5 to 5e-5, small encoders at up to {LEARNING_RATE:g}, the default. `head_learning_rate` is the "
            f"one for the new head.",
            KerasbertWarning,
            stacklevel=4,
        )


def _facts(model: Classifier, plan: Optimization, train: Any, validation: Any) -> dict[str, Any]:
    """What the checkpoints of a training must have been started with, beyond the numbers."""
    return {
        **{f"optimization.{name}": value for name, value in dataclasses.asdict(plan).items()},
        **facts_of_model(model),
        **facts_of_source("training", train),
        **facts_of_source("validation", validation),
    }


def _keeping(folder: Any, settings: dict[str, Any], place: dict[str, Any], devices: Any) -> Any:
    """The context of a run that keeps checkpoints, or of none."""
    if folder is None:
        return contextlib.nullcontext(None)
    return open_run(folder, settings=settings, writes=is_chief(devices), **place)


def _train(
    parts: tuple[Classifier, Any, Any],
    compiling: dict[str, Any],
    *,
    epochs: int,
    callbacks: list[keras.callbacks.Callback],
    run: CheckpointedRun | None,
    devices: Any,
    shown: bool,
    is_whole: bool,
) -> keras.callbacks.History:
    """Train a compiled model, or only its heads where that gives the same, from where the run is."""
    model = parts[0]
    if run is not None:
        run.bind(model)
        if run.finished:
            announce("This training is finished already.", shown=shown)
            return _history_of(model, run.history())
    trained: Any = parts
    # Less than an epoch does not see all texts.
    head_training = frozen_features(*parts) if is_whole else None
    if head_training is not None:
        announce("Nothing below the head trains: features were computed once.", shown=shown)
        trained = head_training
        compile_heads(trained[0], model.heads, **compiling)
    history = run_epochs(*trained, epochs=epochs, callbacks=callbacks, start=run, strategy=devices)
    if run is not None:
        run.finish(history.history)
    return history


def _history_of(model: keras.Model, values: Mapping[str, list]) -> keras.callbacks.History:
    history = keras.callbacks.History()
    history.set_model(model)
    history.history = dict(values)
    model.history = history
    return history


def _number_of_epochs(steps: int, epochs: int | None, max_steps: int | None) -> int:
    if epochs is not None:
        check_int("epochs", epochs, 1)
    if max_steps is None:
        return default_epochs(steps) if epochs is None else epochs
    needed = -(-check_int("max_steps", max_steps, 1) // steps)
    return needed if epochs is None else min(epochs, needed)


@final
class StopAfter(keras.callbacks.Callback):
    """Ends a training after a number of batches, counted from the first of the first epoch.

    Args:
        max_steps: how many.
        steps: batches in an epoch.
    """

    def __init__(self, max_steps: int, steps: int) -> None:
        super().__init__()
        self.max_steps = max_steps
        self.steps = steps
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop behind the last batch."""
        if self.epoch * self.steps + batch + 1 >= self.max_steps:
            self.model.stop_training = True


def balance_heads(
    model: Classifier, labels: Mapping[str, Any], *, balance: str | None, label_smoothing: float | None
) -> dict[str, HeadBalance]:
    """The loss of each head, from the labels that it will see, by head; see `finetune`.

    Raises:
        ConfigError: when a number is out of its range, or a hierarchical model is to be balanced.
    """
    if model.hierarchy is not None:
        if balance is not None:
            raise ConfigError(f"`balance` must be None for a hierarchical model; got {shorten(balance)}.")
        levels = [head.task for head in model.heads.values()]
        return dict(zip(model.heads, balance_levels(levels, label_smoothing=label_smoothing), strict=True))
    return {
        name: balance_head(
            head.task,
            labels[name],
            activation=head.activation,
            balance=balance,
            label_smoothing=label_smoothing,
        )
        for name, head in model.trained_heads.items()
    }


def _of_head(labels: Any, name: str) -> Any:
    own = labels[name] if isinstance(labels, dict) else labels
    return own if isinstance(own, LabelCounts) else np.asarray(own)


def set_prior_bias(model: Classifier, labels: Any, weights: Mapping[str, np.ndarray | None] | None = None) -> None:
    """Set the output bias of every head that was never trained to the label frequencies.

    A head counts as untrained while its output bias is all zeros.

    Args:
        model: from a builder.
        labels: labels of the training data, an array or `LabelCounts`, or a dict of these by head.
        weights: head name -> weights (units,) of classes or of positives in the loss, by which they count as more
            frequent; None: 1.
    """
    if model.hierarchy is not None:
        model.hierarchy.set_prior_bias(labels)
        return
    for name, head in model.trained_heads.items():
        if head is model.votes:
            continue
        bias = head.output_layer.bias
        if not np.any(keras.ops.convert_to_numpy(bias)):
            weight = (weights or {}).get(name)
            prior = head.task.prior_bias(_of_head(labels, name))
            bias.assign((prior if weight is None else prior + np.log(weight)).astype("float32"))


def default_monitor(model: Classifier) -> str:
    """The quantity that tells the best epoch of a model.

    Returns:
        A name in the history, such as `"val_accuracy"`.
    """
    heads = list(model.heads.values())
    if model.hierarchy is not None:
        return f"{_monitor_of(heads[-1])}".replace("val_", f"val_{heads[-1].name}_")
    if len(heads) > 1:
        return "val_loss"
    if model.votes is not None:
        return _monitor_of(heads[0]).replace("val_", f"val_{heads[0].name}_")
    return _monitor_of(heads[0])


def _monitor_of(head: ClassificationHead) -> str:
    return f"val_{head.task.measure.key}"


class _KeepBest(keras.callbacks.EarlyStopping):
    """Early stopping that keeps the later of two equally good epochs, which has seen more and was trained at a lower rate."""

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
        return monitor_value == reference_value or super()._is_improvement(monitor_value, reference_value)


def _watchers(
    callbacks: Sequence[keras.callbacks.Callback], plan: Optimization, monitor: str, patience: int, validates: bool
) -> list[keras.callbacks.Callback]:
    callback_list = list(callbacks)
    if validates and plan.ema is not None:
        # Before the best epoch is judged, so that the averages are what is judged and kept.
        callback_list.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if validates:
        callback_list.append(_keep_best(monitor, patience))
    return callback_list


def _keep_best(monitor: str, patience: int) -> keras.callbacks.Callback:
    return _KeepBest(
        monitor=monitor,
        mode="min" if monitor.endswith("loss") else "max",
        patience=patience,
        restore_best_weights=True,
    )


def _check_batches(name: str, batches: Any) -> None:
    if not isinstance(batches, BatchSource):
        raise TypeError(
            f"`{name}` must be labelled batches from kerasbert.data.make_batches(tokens, labels); got {shorten(batches)} of "
            f"type {type(batches).__name__}."
        )
    if batches.labels is None or not batches.num_examples:
        raise DataError(f"`{name}` must hold at least one labelled example; got {batches.num_examples} without labels.")
