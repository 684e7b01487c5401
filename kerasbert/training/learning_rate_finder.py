"""A learning-rate range test: the rate grows from batch to batch, and the loss tells where training is fastest."""

import dataclasses
import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_int, check_number, shorten
from kerasbert._core.display import Displayed
from kerasbert._core.errors import ConfigError
from kerasbert._core.options import changed_options, filled, takes_options
from kerasbert._core.pictures import check_picture_file, save_figure
from kerasbert.batches.source import BatchSource
from kerasbert.optimizers import AdamW
from kerasbert.training.head_labels import check_batches
from kerasbert.training.optimization import rate_factors
from kerasbert.training.settings import FOLLOWED, SCHEDULED, TrainingSettings
from kerasbert.training.trainees.choice import trainee_of

# Options of a training that a range test follows.
# Share of the past in the smoothed loss.
MEMORY = 0.9
# The test ends where the smoothed loss is so many times the smallest one.
EXPLODED = 3.0
# Of the first batches, whose smoothed loss says nothing yet.
UNSETTLED = 5


@dataclasses.dataclass(frozen=True, repr=False)
class LearningRateFinder(Displayed):
    """What a learning-rate range test found.

    Args:
        rates: of the encoder at each batch, ascending, (n,).
        losses: of each batch, (n,).
        head_ratio: rate of the heads for each rate of the encoder.

    Example:
        >>> test = LearningRateFinder(10.0 ** np.arange(-6, 1), np.array([2.0, 2.0, 1.9, 1.0, 0.8, 1.5, 9.0]), 10.0)
        >>> len(test.smoothed)
        7
    """

    rates: np.ndarray
    losses: np.ndarray
    head_ratio: float

    def _lines(self) -> Sequence[str]:
        return [f"LearningRateFinder of {len(self.rates)} batches", *self.summary().split("; ")]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        columns = {"learning_rate": self.rates, "loss": self.losses, "smoothed": self.smoothed}
        return [
            dict(zip(columns, row, strict=True)) for row in zip(*map(np.ndarray.tolist, columns.values()), strict=True)
        ]

    @property
    def smoothed(self) -> np.ndarray:
        """Running mean of the losses, (n,)."""
        return smooth(self.losses)

    @property
    def suggestion(self) -> float:
        """The rate at which the smoothed loss falls fastest, before it is smallest."""
        losses = self.smoothed
        first = min(UNSETTLED, len(losses) - 2)
        lowest = max(first + 2, int(np.argmin(losses)) + 1)
        slopes = np.gradient(losses[first:lowest], np.log(self.rates[first:lowest]))
        return float(self.rates[first + int(np.argmin(slopes))])

    def summary(self) -> str:
        """Return the suggestion in words."""
        rate = self.suggestion
        return (
            f"The loss falls fastest at a rate of {rate:.1e} for the encoder ({rate * self.head_ratio:.1e} for the head); "
            f"it is smallest at {self.rates[int(np.argmin(self.smoothed))]:.1e}, and rates from there on are too high."
        )

    def save_picture(self, file: str | os.PathLike[str]) -> None:
        """Draw loss against rate; needs matplotlib.

        Args:
            file: `.png`, `.svg` or `.pdf`.

        Raises:
            ArtifactError: when the file cannot be written, or is another's.
            ConfigError: when the ending is another one.
        """
        file = check_picture_file(file)
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(self.rates, self.losses, color="0.8", label="loss of each batch")
        axes.plot(self.rates, self.smoothed, label="smoothed")
        axes.axvline(self.suggestion, color="C1", linestyle="--", label=f"falls fastest at {self.suggestion:.1e}")
        axes.set_ylim(0, 1.5 * float(self.smoothed[: UNSETTLED + 1].max()))
        axes.set_xscale("log")
        axes.set_xlabel("learning rate of the encoder")
        axes.set_ylabel("training loss")
        axes.legend()
        save_figure(figure, file)


@takes_options(TrainingSettings, only=FOLLOWED)
def find_learning_rate(
    model: keras.Model,
    train: BatchSource,
    settings: TrainingSettings | None = None,
    *,
    lowest: float = 1e-7,
    highest: float = 1e-2,
    steps: int = 100,
    head_ratio: float | None = None,
    **options: Any,
) -> LearningRateFinder:
    """Train for some batches at ever higher rates, and put the model back to where it was.

    Loss and optimiser are those of `finetune`, without warm-up and decay. The test ends early where the loss explodes.

    Args:
        model: as for `finetune`. It has the same weights afterwards; one of the builders is compiled anew, one of your own is
            left with the optimiser that it had.
        train: labelled batches; passes over them are repeated as needed.
        settings: the training; options that are given beside it go before. None: `TrainingSettings()`.
        lowest: first rate of the encoder, in (0, 1).
        highest: last rate, above `lowest`, at most 1.
        steps: batches, >= 10.
        head_ratio: rate of the heads for each rate of the encoder, > 0; None: that of the two rates.
        **options: those of `TrainingSettings` that it follows.

    Returns:
        Rates and losses, with a suggestion and a picture. On real data the best rate is often somewhat below the
        suggestion: judge by validation data.

    Raises:
        ConfigError: when a number is out of its range, or a setting has no place beside the test's own schedule (`ema`).

    Example:
        >>> model = build_binary(encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> tokens = TokenArrays.from_lists([[2, 5, 3], [2, 6, 3]])
        >>> batches = make_batches(tokens, np.array([[0.0], [1.0]], "float32"), shuffle=True)
        >>> len(find_learning_rate(model, batches, steps=10).rates)
        10

    Reference:
        Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.
    """
    check_number("lowest", lowest, 0, 1, open_minimum=True, open_maximum=True)
    check_number("highest", highest, lowest, 1, open_minimum=True)
    check_int("steps", steps, 10)
    settled = filled(TrainingSettings, settings, options)
    settled.check_training()
    _refuse_schedule(settled)
    if head_ratio is None:
        head_ratio = settled.head_learning_rate / settled.learning_rate
    check_number("head_ratio", head_ratio, 0, math.inf, open_minimum=True)
    trainee = trainee_of(model)
    check_batches("train", train)
    source, _ = trainee.check(train)
    growth = (highest / lowest) ** (1 / (steps - 1))
    before = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    epoch = train.epoch
    try:
        trainee.start(train, settled)
        schedule = keras.optimizers.schedules.ExponentialDecay(lowest, 1, growth)
        factors = rate_factors(trainee, 1.0, head_ratio)
        trainee.compile(AdamW(schedule, rate_factors=factors, global_clipnorm=settled.global_clipnorm))
        losses = np.array(list(_losses(model, source, steps)))
    finally:
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)
        train.begin(epoch)
        trainee.put_back()
    return LearningRateFinder(lowest * growth ** np.arange(len(losses)), losses, head_ratio)


def _refuse_schedule(settings: TrainingSettings) -> None:
    changed = next(changed_options(settings, SCHEDULED), None)
    if changed is not None:
        raise ConfigError(
            f"`{changed}` must be left out for a range test, which has a schedule of its own; got "
            f"{shorten(getattr(settings, changed))}."
        )


def smooth(losses: np.ndarray) -> np.ndarray:
    """Return the exponential moving average of losses (n,), without the bias of its start."""
    mean, smoothed = 0.0, np.empty(len(losses))
    for step, loss in enumerate(losses):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        smoothed[step] = mean / (1 - MEMORY ** (step + 1))
    return smoothed


def _losses(model: keras.Model, train: BatchSource, steps: int) -> Iterator[float]:
    """The loss of each batch, until it explodes."""
    losses: list[float] = []
    for batch in _batches(train, steps):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(*batch, return_dict=True)["loss"]))
        if not math.isfinite(losses[-1]):
            return
        yield losses[-1]
        smoothed = smooth(np.array(losses))
        if len(losses) > UNSETTLED and smoothed[-1] > EXPLODED * smoothed.min():
            return


def _batches(train: BatchSource, steps: int) -> Iterator[Any]:
    train.begin(0)
    epochs = itertools.repeat(train.dataset)
    return itertools.islice(itertools.chain.from_iterable(epochs), steps)
