"""Fine-tuning by the recipe that works: a thin layer over `model.fit`."""

import contextlib
import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, final

import keras

from kerasbert._core.checks import shorten
from kerasbert._core.errors import KerasbertWarning
from kerasbert._core.options import filled, takes_options
from kerasbert._core.process import check_process
from kerasbert._core.progress import announce
from kerasbert.batches.source import BatchSource
from kerasbert.classifiers.compiling import LEARNING_RATE
from kerasbert.encoders.encoder import Encoder
from kerasbert.training.callbacks.logs import make_logs
from kerasbert.training.callbacks.progress import Progress
from kerasbert.training.checkpoints.fingerprint import facts_of_source
from kerasbert.training.checkpoints.resume import CheckpointedRun, open_run
from kerasbert.training.devices import as_strategy, check_agreement, check_fits, copy_weights, is_chief, scope_of
from kerasbert.training.head_labels import check_batches
from kerasbert.training.loop import run_epochs
from kerasbert.training.occurring_rows import occurring_rows
from kerasbert.training.optimization import make_optimizer, prepare_layers
from kerasbert.training.settings import RunSettings, TrainingSettings
from kerasbert.training.trainees.choice import trainee_of
from kerasbert.training.trainees.selected_inputs import SelectedInputs
from kerasbert.training.trainees.trainee import Trainee

# Ten times the highest rate of Devlin et al., "BERT", 2019, appendix A.3.
HIGH_LEARNING_RATE = 5e-4


def default_epochs(steps: int) -> int:
    """Return the number of epochs that suits the steps of one: 8 below 50, 2 above 1,000, else 4.

    Large data teaches enough in two passes, and more overfit; small data needs the steps (docs/recipe.md).
    """
    return 8 if steps < 50 else 4 if steps <= 1000 else 2


@takes_options(TrainingSettings, RunSettings)
def finetune(
    model: keras.Model,
    train: BatchSource,
    validation: BatchSource | None = None,
    settings: TrainingSettings | None = None,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options: Any,
) -> keras.callbacks.History:
    """Fine-tune a classifier, or any Keras model with an encoder inside; the defaults are the recipe of docs/recipe.md.

    The output bias of an untrained head starts at the label frequencies; AdamW runs without decay on biases and layer
    normalisation, with one rate for the encoder and one for the head, gradients clipped, linear warm-up and linear decay
    to zero. With validation data the weights of the best epoch are restored at the end, and training stops when there is
    no better one for `patience` epochs. Call `keras.utils.set_random_seed` first to repeat a run.

    A Keras model of your own keeps the loss, the metrics and (on one device) the `train_step` that it has; its labels are
    what that loss takes. `balance` and `label_smoothing` are for models of the builders. The best epoch is that of the least
    `val_loss`, of `monitor`, or of the `keras.callbacks.EarlyStopping` among the callbacks; see docs/recipes.md.

    Args:
        model: from a builder; or a compiled Keras model with a `TFBertModel` or one of its relatives inside. It is compiled
            anew, with `AdamW`.
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
            strategy do not exist; when a model of your own is not compiled, has no encoder, reads other inputs than the
            batches hold, or cannot follow a setting.
        DivergedError: when the loss or a gradient is no longer finite, or the loss explodes; the model keeps the weights
            from before that batch.
        TrainingStopped: a `SystemExit`, when a signal asked the training to stop, and its checkpoint is written.
        TypeError: when `model` is no Keras model, `train` or `validation` are no batches, or a keyword is unknown.
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
    trainee = trainee_of(model)
    run = filled(RunSettings, None, options)
    settings = _settle(settings, options, train, validation)
    devices = as_strategy(run.strategy)
    check_fits(devices, getattr(train, "batch_size", None), run.jit_compile)
    trainee.check(train, validation)
    sources = (
        read_by(trainee, train, "train"),
        None if validation is None else read_by(trainee, validation, "validation"),
    )
    trainee.start(train, settings, shown=run.verbose)
    prepare_layers(trainee.encoders, settings)
    _warn_of_rate(trainee.encoders, settings.learning_rate)
    copy = trainee.inside(devices)
    for encoder in copy.encoders:
        encoder.gradient_checkpointing = settings.gradient_checkpointing
    _compile(copy, settings, train.steps, devices, jit_compile=run.jit_compile)
    callback_list = [*callbacks, *_callbacks(copy, callbacks, train.steps, settings, validates=validation is not None)]
    if run.log_dir is not None and is_chief(devices):
        callback_list += make_logs(run.log_dir)
    bar = [_bar(train, settings.epochs or 1)] if run.verbose and is_chief(devices) else []
    facts = {
        **dataclasses.asdict(settings),
        **trainee.facts(),
        **facts_of_source("training", train),
        **facts_of_source("validation", validation),
    }
    try:
        with _keeping(run, facts, devices) as kept:
            check_agreement(devices, [facts, None if kept is None else (kept.epoch, kept.step, kept.finished)])
            running: dict[str, Any] = {"callbacks": callback_list + bar, "devices": devices, "shown": run.verbose}
            return _train(copy, sources, settings, run=kept, **running)
    finally:
        copy_weights(copy.model, model)
        for each in bar:
            each.close()


def read_by(trainee: Trainee, source: BatchSource, name: str) -> BatchSource:
    """Return the batches of the argument `name` with the inputs that the model of a trainee reads."""
    names = trainee.fewer_inputs(source, name)
    return source if names is None else SelectedInputs(source, names)


def _settle(
    settings: TrainingSettings | None, options: Mapping[str, Any], train: Any, validation: Any
) -> TrainingSettings:
    """Return checked settings with the number of epochs that the data asks for."""
    if not isinstance(settings, TrainingSettings | None):
        raise TypeError(f"`settings` must be kerasbert.training.TrainingSettings(...); got {shorten(settings)}.")
    check_batches("train", train)
    if validation is not None:
        check_batches("validation", validation)
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


def _compile(
    trainee: Trainee, settings: TrainingSettings, epoch_steps: int, devices: Any, *, jit_compile: bool
) -> None:
    """Compile a model for training."""
    total = _total_steps(settings, epoch_steps)
    with scope_of(devices):
        optimizer = make_optimizer(trainee, settings, epoch_steps=epoch_steps, total_steps=total)
    trainee.compile(optimizer, jit_compile=jit_compile)


def _warn_of_rate(encoders: Sequence[Encoder], learning_rate: float) -> None:
    if learning_rate > HIGH_LEARNING_RATE and any(encoder.trainable_weights for encoder in encoders):
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
    trainee: Trainee,
    sources: tuple[BatchSource, BatchSource | None],
    settings: TrainingSettings,
    *,
    callbacks: list[keras.callbacks.Callback],
    run: CheckpointedRun | None,
    devices: Any,
    shown: bool,
) -> keras.callbacks.History:
    """Train a compiled model, or only its heads where that gives the same, from where the run is."""
    model, train = trainee.model, sources[0]
    if run is not None:
        run.bind(model)
        if run.finished:
            announce("This training is finished already.", shown=shown)
            return _history_of(model, run.history())
    trained: Any = (model, *sources)
    # Less than an epoch does not see all texts.
    is_whole = _total_steps(settings, train.steps) >= train.steps
    head_training = trainee.head_training(*sources) if is_whole else None
    if head_training is not None:
        announce("Nothing below the head trains: features were computed once.", shown=shown)
        trained = head_training
    with occurring_rows(trained[0], trained[1], callbacks, devices) as first:
        history = run_epochs(
            *trained, epochs=settings.epochs or 1, callbacks=first + callbacks, start=run, strategy=devices
        )
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


def _callbacks(
    trainee: Trainee,
    given: Sequence[keras.callbacks.Callback],
    epoch_steps: int,
    settings: TrainingSettings,
    *,
    validates: bool,
) -> list[keras.callbacks.Callback]:
    callbacks: list[keras.callbacks.Callback] = []
    if validates and settings.ema is not None:
        # Before the best epoch is judged, so that the averages are what is judged and kept.
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    best = trainee.best_epoch(settings, given) if validates else None
    if best is not None:
        callbacks.append(best)
    if settings.max_steps is not None:
        callbacks.append(StopAfter(settings.max_steps, epoch_steps))
    return callbacks
