"""The one place of a training option: its name, type, default and explanation."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number
from kerasbert._core.errors import ConfigError
from kerasbert.batches.sampling import SAMPLINGS
from kerasbert.optimizers.rates import HEAD_LEARNING_RATE, LEARNING_RATE, SHAPES
from kerasbert.tasks.balance import BALANCES

FREEZES = ("embeddings", "encoder")
# What `find_learning_rate` follows.
FOLLOWED = ("learning_rate", "head_learning_rate", "global_clipnorm", "balance", "label_smoothing")
STRATEGIES = ("auto", "mirrored", "multiworker", "one", "tpu")
# What a training with a schedule of its own does not follow.
SCHEDULED = (
    "schedule",
    "layer_decay",
    "freeze",
    "reinit_layers",
    "unfreeze_every",
    "gradient_accumulation_steps",
    "ema",
    "gradient_checkpointing",
)


@dataclasses.dataclass(kw_only=True)
class TrainingSettings:
    """How the weights are trained; the defaults are the recipe that docs/recipe.md measures.

    Args:
        epochs: passes over the training data, >= 1; the rate decays to zero over all of them. None: 8, 4 or 2 by the size
            of the data, see `default_epochs`.
        max_steps: batches after which training ends, >= 1; the rate decays over what there will be. Without `epochs`, that
            many batches in any number of passes. None: no limit.
        learning_rate: peak rate of the encoder, in (0, 1].
        head_learning_rate: peak rate of the heads, in (0, 1].
        weight_decay: decoupled weight decay, in [0, 1); biases and normalisation have none.
        warmup_ratio: share of all steps spent on warm-up, in [0, 1].
        global_clipnorm: largest global norm of the gradients, > 0; None for no clipping.
        schedule: learning rate after the warm-up: `"linear"`, `"cosine"`, `"polynomial"` (squared) or `"constant"`.
        layer_decay: rate of each block over that of the block above it, in (0, 1]; the embeddings come last.
        patience: epochs without improvement before stopping, >= 1.
        monitor: quantity in the history that tells the best epoch. None: the task's own; this is the sum of the validation
            losses for several heads, macro-F1 for multi-label, F1 for binary and accuracy for multi-class heads.
        balance: weights for rare labels: `"balanced"`, `"sqrt"`, `"effective"`, `"focal"`, `"asymmetric"` or `"auto"`; told
            before the training starts. None: no weights. `"balanced"` weights each class, or the positives of each label,
            against its frequency, `"sqrt"` by the root of that, `"effective"` by effective numbers; `"focal"` counts easy
            examples less, `"asymmetric"` easy negatives (binary and multi-label heads); `"auto"` is `"sqrt"` where one
            label is 3 times as frequent as another. See docs/training.md.
        label_smoothing: share of each label that is spread over the others, in [0, 1). None: 0.1 from 10 classes on, else 0;
            in a hierarchical model the labels of the deepest level are counted, and a label is spread over those that share
            its parent.
        freeze: what does not train: `"embeddings"`, `"encoder"`, or a number n for the embeddings and the first n blocks;
            it runs without dropout and stays frozen afterwards. None: what is frozen already. With a frozen encoder the
            texts run through it once, and the head trains from what it gave.
        reinit_layers: blocks at the top that start from fresh weights, >= 0.
        unfreeze_every: epochs after which one more block from the top starts to train, >= 0; the head alone first, the
            embeddings last. With 0 all train from the start.
        gradient_accumulation_steps: batches whose mean gradient makes one update, >= 1; batches at the very end that do not
            fill a group are not used.
        ema: momentum of a moving average of the weights, in (0, 1), which is validated and kept. None: the last weights.
        gradient_checkpointing: whether the encoder is computed twice to hold less memory; the weights come out the same.

    Example:
        >>> TrainingSettings(layer_decay=0.9, schedule="cosine").patience
        2

    Reference:
        Howard and Ruder, "Universal Language Model Fine-tuning", 2018 (layer rates, unfreezing); Zhang et al.,
        "Revisiting Few-sample BERT Fine-tuning", 2021 (fresh top layers).
    """

    epochs: int | None = None
    max_steps: int | None = None
    learning_rate: float = LEARNING_RATE
    head_learning_rate: float = HEAD_LEARNING_RATE
    weight_decay: float = 0.01
    warmup_ratio: float = 0.1
    global_clipnorm: float | None = 1.0
    schedule: str = dataclasses.field(default="linear", metadata={"choices": SHAPES})
    layer_decay: float = 1.0
    patience: int = 2
    monitor: str | None = None
    balance: str | None = dataclasses.field(default=None, metadata={"choices": BALANCES})
    label_smoothing: float | None = None
    freeze: str | int | None = dataclasses.field(default=None, metadata={"choices": FREEZES})
    reinit_layers: int = 0
    unfreeze_every: int = 0
    gradient_accumulation_steps: int = 1
    ema: float | None = None
    gradient_checkpointing: bool = False

    def check_training(self) -> None:
        """Refuse values that are out of their range or do not go together."""
        for name in ("epochs", "max_steps"):
            if getattr(self, name) is not None:
                check_int(name, getattr(self, name), 1)
        check_int("patience", self.patience, 1)
        check_number("warmup_ratio", self.warmup_ratio, 0, 1)
        for name in ("learning_rate", "head_learning_rate", "layer_decay"):
            check_number(name, getattr(self, name), 0, 1, open_minimum=True)
        check_choice("schedule", self.schedule, SHAPES)
        check_int("reinit_layers", self.reinit_layers, 0)
        check_int("unfreeze_every", self.unfreeze_every, 0)
        check_int("gradient_accumulation_steps", self.gradient_accumulation_steps, 1)
        check_bool("gradient_checkpointing", self.gradient_checkpointing)
        if self.ema is not None:
            check_number("ema", self.ema, 0, 1, open_minimum=True, open_maximum=True)
        self._check_freeze()

    def _check_freeze(self) -> None:
        if isinstance(self.freeze, str):
            check_choice("freeze", self.freeze, FREEZES)
        elif self.freeze is not None:
            check_int("freeze", self.freeze, 0, None, "blocks, or 'embeddings' or 'encoder'")
        if self.freeze == "encoder" and (self.reinit_layers or self.unfreeze_every):
            raise ConfigError(
                "`freeze` must not be 'encoder' with `reinit_layers` or `unfreeze_every`, which train it; got "
                f"{self.reinit_layers} and {self.unfreeze_every}."
            )


@dataclasses.dataclass(kw_only=True)
class BatchSettings:
    """How batches are made of the texts.

    Args:
        batch_size: texts in a step, >= 1; of a token cache on average.
        token_budget: most tokens of a batch of a token cache, padding included, in the place of `batch_size`. None: by
            `batch_size`.
        sampling: how rows of rare labels are shown more often: `"balanced"`, `"sqrt"` or `"oversample"`; see
            `make_batches`. None: all rows alike.
        augment: shares of tokens masked, words dropped and words swapped in the training texts of a token cache. None:
            nothing is changed.
        validation_fraction: share of the texts held out without validation data, in [0, 1). None: 0.1 where thresholds are tuned (multi-label heads), else 0.
        seed: seed of the split, the order, the new weights and the dropout.

    Example:
        >>> BatchSettings(sampling="sqrt").batch_size
        32
    """

    batch_size: int = 32
    token_budget: int | None = None
    sampling: str | None = dataclasses.field(default=None, metadata={"choices": SAMPLINGS})
    augment: Mapping[str, float] | None = dataclasses.field(
        default=None, metadata={"example": "mask=0.1,drop=0.05,swap=0.05"}
    )
    validation_fraction: float | None = None
    seed: int = 0

    def check_batches(self) -> None:
        """Refuse values that are out of their range or do not go together."""
        check_int("batch_size", self.batch_size, 1)
        check_int("seed", self.seed, 0, 2**32 - 1)
        if self.validation_fraction is not None:
            check_number("validation_fraction", self.validation_fraction, 0, 1, open_maximum=True)
        if self.token_budget is not None and self.batch_size != BatchSettings.batch_size:
            raise ConfigError(
                f"`batch_size` must be left out with `token_budget`, which says how many tokens a batch has; got "
                f"{self.batch_size}."
            )


@dataclasses.dataclass(kw_only=True)
class RunSettings:
    """Where a training runs, and what is kept of it and told of it while it does.

    Args:
        checkpoint_dir: folder that keeps the training while it runs, so that the same call goes on where it was killed;
            of this training alone. SIGTERM and SIGINT then end it after a checkpoint, with exit code 143 or 130. See
            docs/training.md. None: nothing is kept.
        checkpoint_every: batches from one checkpoint to the next, >= 1; one more is taken at the end of each epoch.
        resume: whether an unfinished training is gone on with; True demands one, False removes it and starts afresh. None:
            where there is one.
        log_dir: folder for `history.csv`, `curves.png`, `batches.csv` (with checkpoints) and events for TensorBoard. None:
            no logs.
        strategy: the devices: `"auto"`, `"one"`, `"mirrored"`, `"multiworker"` or `"tpu"`; or a `tf.distribute.Strategy`, see
            docs/devices.md. A batch is spread over them, and the result is that of one device up to rounding and dropout.
        jit_compile: whether the step is compiled with XLA, once for each padded length.
        verbose: whether a bar with time left is shown on standard error.

    Example:
        >>> RunSettings(log_dir="logs").checkpoint_every
        500
    """

    checkpoint_dir: str | os.PathLike[str] | None = dataclasses.field(default=None, metadata={"command": False})
    checkpoint_every: int = 500
    resume: bool | None = None
    log_dir: str | os.PathLike[str] | None = None
    strategy: Any = dataclasses.field(default="auto", metadata={"choices": STRATEGIES})
    jit_compile: bool = dataclasses.field(default=False, metadata={"command": False})
    verbose: bool = dataclasses.field(default=True, metadata={"command": False})


@dataclasses.dataclass(kw_only=True)
class MonitoringSettings:
    """What is kept of a training to compare later texts with.

    Args:
        reference: whether a profile of the validation texts is kept with the classifier, which later texts are compared with.
            It holds no text, costs one more prediction of at most 10,000 of them, and needs texts in memory.
    """

    reference: bool = True
