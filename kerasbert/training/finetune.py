"""Fine-tuning by the recipe that works: a thin layer over `model.fit`."""

import contextlib
import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, final

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError, KerasbertWarning
from kerasbert._core.options import filled, takes_options
from kerasbert._core.process import check_process
from kerasbert._core.progress import announce
from kerasbert.batches.source import BatchSource
from kerasbert.batches.stream import StreamBatches
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import LEARNING_RATE, compile_heads
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.labels.counts import LabelCounts
from kerasbert.tasks.balance import HeadBalance, balance_head, balance_levels
from kerasbert.training.callbacks.logs import make_logs
from kerasbert.training.callbacks.progress import Progress
from kerasbert.training.checkpoints.fingerprint import facts_of_model, facts_of_source
from kerasbert.training.checkpoints.resume import CheckpointedRun, open_run
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
from kerasbert.training.head_labels import check_head_labels, sampled_labels
from kerasbert.training.loop import run_epochs
from kerasbert.training.optimization import make_optimizer, prepare_layers
from kerasbert.training.settings import RunSettings, TrainingSettings

# Ten times the highest rate of Devlin et al., "BERT", 2019, appendix A.3.
HIGH_LEARNING_RATE = 5e-4


def default_epochs(steps: int) -> int:
    """Return the number of epochs that suits the steps of one: 8 below 50, 2 above 1,000, else 4.

    Large data teaches enough in two passes, and more overfit; small data needs the steps (docs/recipe.md).
    """
    return 8 if steps < 50 else 4 if steps <= 1000 else 2


@takes_options(TrainingSettings, RunSettings)
def finetune(
    model: Classifier,
    train: BatchSource,
    validation: BatchSource | None = None,
    settings: TrainingSettings | None = None,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options: Any,
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
        settings: the training; options that are given beside it go before. None: `TrainingSettings()`.
        callbacks: further Keras callbacks.
        **options: those of `TrainingSettings` and `RunSettings`.

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
        >>> sorted(finetune(model, batches, epochs=1, verbose=False).history)
        ['accuracy', 'f1', 'loss']

    Reference:
        Devlin et al., "BERT", 2019, appendix A.3; Mosbach et al., "On the Stability of Fine-tuning BERT", 2021.
    """
    check_process(keras.backend.backend())
    run = filled(RunSettings, None, options)
    settings = _settle(settings, options, train, validation)
    devices = as_strategy(run.strategy)
    check_fits(devices, getattr(train, "batch_size", None), run.jit_compile)
    losses = _prepare_heads(model, train, validation, settings, verbose=run.verbose)
    prepare_layers(model, settings)
    _warn_of_rate(model, settings.learning_rate)
    copy = make_inside(devices, model)
    copy.encoder.gradient_checkpointing = settings.gradient_checkpointing
    compiling = _compile(copy, settings, train.steps, devices, losses=losses, jit_compile=run.jit_compile)
    callback_list = [*callbacks, *_callbacks(model, train.steps, settings, validates=validation is not None)]
    if run.log_dir is not None and is_chief(devices):
        callback_list += make_logs(run.log_dir)
    bar = [_bar(train, settings.epochs or 1)] if run.verbose and is_chief(devices) else []
    facts = {
        **dataclasses.asdict(settings),
        **facts_of_model(model),
        **facts_of_source("training", train),
        **facts_of_source("validation", validation),
    }
    try:
        with _keeping(run, facts, devices) as kept:
            check_agreement(devices, [facts, None if kept is None else (kept.epoch, kept.step, kept.finished)])
            parts = copy, train, validation
            running: dict[str, Any] = {"callbacks": callback_list + bar, "devices": devices, "shown": run.verbose}
            return _train(parts, compiling, settings, run=kept, **running)
    finally:
        copy_weights(copy, model)
        for each in bar:
            each.close()


def _settle(
    settings: TrainingSettings | None, options: Mapping[str, Any], train: Any, validation: Any
) -> TrainingSettings:
    """Return checked settings with the number of epochs that the data asks for."""
    if not isinstance(settings, TrainingSettings | None):
        raise TypeError(f"`settings` must be kerasbert.training.TrainingSettings(...); got {shorten(settings)}.")
    _check_batches("train", train)
    if validation is not None:
        _check_batches("validation", validation)
    settled = filled(TrainingSettings, settings, options)
    settled.check_training()
    settled.epochs = _number_of_epochs(train.steps, settled.epochs, settled.max_steps)
    return settled


def _bar(train: BatchSource, epochs: int) -> Progress:
    known = {name: getattr(train, name, None) for name in ("num_tokens", "padding")}
    return Progress(train.steps, epochs, num_examples=train.num_examples, **known)


def _total_steps(settings: TrainingSettings, epoch_steps: int) -> int:
    steps = epoch_steps * (settings.epochs or 1)
    return min(steps, settings.max_steps or steps)


def _prepare_heads(
    model: Classifier, train: BatchSource, validation: Any, settings: TrainingSettings, *, verbose: bool
) -> dict[str, keras.losses.Loss]:
    """Check the labels, start untrained heads at the label frequencies, and return the loss of each head."""
    labels = sampled_labels(train, check_head_labels(model, train, "The labels of `train`"))
    if validation is not None:
        check_head_labels(model, validation, "The labels of `validation`")
    balances = start_heads(model, labels, settings)
    for name, chosen in balances.items():
        told = f"{name}: {chosen.summary}" if len(balances) > 1 else chosen.summary
        announce(told, shown=verbose and settings.balance)
    if isinstance(train, StreamBatches):
        announce(train.describe(), shown=verbose)
    return {name: chosen.loss for name, chosen in balances.items()}


def _compile(
    model: Classifier, settings: TrainingSettings, epoch_steps: int, devices: Any, **compiling: Any
) -> dict[str, Any]:
    """Compile a model for training, and return the arguments that it was compiled with."""
    total = _total_steps(settings, epoch_steps)
    with scope_of(devices):
        compiling["optimizer"] = make_optimizer(model, settings, epoch_steps=epoch_steps, total_steps=total)
    compile_heads(model, model.trained_heads, **compiling)
    return compiling


def _warn_of_rate(model: Classifier, learning_rate: float) -> None:
    if learning_rate > HIGH_LEARNING_RATE and model.encoder.trainable_weights:
        warnings.warn(
            f"`learning_rate` {learning_rate:g} is likely to destroy what the encoder learned in pretraining: BERT is "
            f"fine-tuned at 2e-5 to 5e-5, small encoders at up to {LEARNING_RATE:g}, the default. `head_learning_rate` is "
            f"the one for the new head.",
            KerasbertWarning,
            stacklevel=4,
        )


def _keeping(run: RunSettings, facts: dict[str, Any], devices: Any) -> Any:
    """Return the context of a run that keeps checkpoints, or of none."""
    if run.checkpoint_dir is None:
        return contextlib.nullcontext(None)
    return open_run(
        run.checkpoint_dir,
        every=run.checkpoint_every,
        resume=run.resume,
        settings=facts,
        shown=run.verbose,
        writes=is_chief(devices),
        log_dir=run.log_dir,
    )


def _train(
    parts: tuple[Classifier, Any, Any],
    compiling: dict[str, Any],
    settings: TrainingSettings,
    *,
    callbacks: list[keras.callbacks.Callback],
    run: CheckpointedRun | None,
    devices: Any,
    shown: bool,
) -> keras.callbacks.History:
    """Train a compiled model, or only its heads where that gives the same, from where the run is."""
    model, train, _ = parts
    if run is not None:
        run.bind(model)
        if run.finished:
            announce("This training is finished already.", shown=shown)
            return _history_of(model, run.history())
    trained: Any = parts
    # Less than an epoch does not see all texts.
    is_whole = _total_steps(settings, train.steps) >= train.steps
    head_training = frozen_features(*parts) if is_whole else None
    if head_training is not None:
        announce("Nothing below the head trains: features were computed once.", shown=shown)
        trained = head_training
        compile_heads(trained[0], model.heads, **compiling)
    history = run_epochs(*trained, epochs=settings.epochs or 1, callbacks=callbacks, start=run, strategy=devices)
    if run is not None:
        run.finish(history.history)
    return history


def _history_of(model: keras.Model, values: Mapping[str, list[Any]]) -> keras.callbacks.History:
    history = keras.callbacks.History()
    history.set_model(model)
    history.history = dict(values)
    model.history = history
    return history


def _number_of_epochs(steps: int, epochs: int | None, max_steps: int | None) -> int:
    if max_steps is None:
        return default_epochs(steps) if epochs is None else epochs
    needed = -(-max_steps // steps)
    return needed if epochs is None else min(epochs, needed)


@final
class StopAfter(keras.callbacks.Callback):
    """Stops a training after a number of batches, counted from the first of the first epoch, `steps` in each."""

    def __init__(self, max_steps: int, steps: int) -> None:
        super().__init__()
        self.max_steps = max_steps
        self.steps = steps
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.epoch * self.steps + batch + 1 >= self.max_steps:
            self.model.stop_training = True


def start_heads(model: Classifier, labels: Mapping[str, Any], settings: TrainingSettings) -> dict[str, HeadBalance]:
    """Start untrained heads at the frequencies of the labels that they will see, and return the loss of each head."""
    balances = _balance_heads(model, labels, settings.balance, settings.label_smoothing)
    set_prior_bias(model, labels, {name: chosen.weights for name, chosen in balances.items()})
    return balances


def _balance_heads(
    model: Classifier, labels: Mapping[str, Any], balance: str | None, smoothing: float | None
) -> dict[str, HeadBalance]:
    if model.hierarchy is not None:
        if balance is not None:
            raise ConfigError(f"`balance` must be None for a hierarchical model; got {shorten(balance)}.")
        levels = [head.task for head in model.heads.values()]
        return dict(zip(model.heads, balance_levels(levels, label_smoothing=smoothing), strict=True))
    return {
        name: balance_head(
            head.task, labels[name], activation=head.activation, balance=balance, label_smoothing=smoothing
        )
        for name, head in model.trained_heads.items()
    }


def _of_head(labels: Any, name: str) -> Any:
    own = labels[name] if isinstance(labels, dict) else labels
    return own if isinstance(own, LabelCounts) else np.asarray(own)


def set_prior_bias(model: Classifier, labels: Any, weights: Mapping[str, np.ndarray | None] | None = None) -> None:
    """Set the output bias of every untrained head, one whose bias is all zeros, to the label frequencies.

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
    """Return the quantity that tells the best epoch of a model, such as `"val_accuracy"`."""
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
    """Early stopping that keeps the later of two equally good epochs, which has seen more, at a lower rate."""

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
        return bool(monitor_value == reference_value or super()._is_improvement(monitor_value, reference_value))


def _callbacks(
    model: Classifier, epoch_steps: int, settings: TrainingSettings, *, validates: bool
) -> list[keras.callbacks.Callback]:
    callbacks: list[keras.callbacks.Callback] = []
    if validates and settings.ema is not None:
        # Before the best epoch is judged, so that the averages are what is judged and kept.
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if validates:
        callbacks.append(_keep_best(settings.monitor or default_monitor(model), settings.patience))
    if settings.max_steps is not None:
        callbacks.append(StopAfter(settings.max_steps, epoch_steps))
    return callbacks


def _keep_best(monitor: str, patience: int) -> keras.callbacks.Callback:
    return _KeepBest(
        monitor=monitor, mode="min" if monitor.endswith("loss") else "max", patience=patience, restore_best_weights=True
    )


def _check_batches(name: str, batches: Any) -> None:
    if not isinstance(batches, BatchSource):
        raise TypeError(
            f"`{name}` must be labelled batches from kerasbert.data.make_batches(tokens, labels); got {shorten(batches)} of "
            f"type {type(batches).__name__}."
        )
    if batches.labels is None or not batches.num_examples:
        raise DataError(f"`{name}` must hold at least one labelled example; got {batches.num_examples} without labels.")
