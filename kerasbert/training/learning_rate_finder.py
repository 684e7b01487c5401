"""A learning-rate range test: the rate grows from batch to batch, and the loss tells where training is fastest."""

import dataclasses
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from kerasbert.training.finetune import read_by
from kerasbert.training.head_labels import check_batches
from kerasbert.training.optimization import rate_factors
from kerasbert.training.settings import FOLLOWED, SCHEDULED, TrainingSettings
from kerasbert.training.trainees.choice import trainee_of

# Options of a training that a range test follows.
# Standard deviation of the kernel of the smoothed loss, in decades of the rate.
BANDWIDTH = 0.25
# Batches for each decade of the rate in a pass: the more there are, the more a model has learned before a rate is reached.
DENSITY = 20
# Batches of a pass, at least.
FEWEST = 10
# The test ends where the smoothed loss is so many times the smallest one.
EXPLODED = 3.0
# Fewer batches do not tell whether a loss explodes.
UNSETTLED = 5


@dataclasses.dataclass(frozen=True, repr=False)
class LearningRateFinder(Displayed):
    """What a learning-rate range test found.

    Args:
        rates: of the encoder at each batch, ascending, (n,).
        losses: of each batch, averaged over the passes, (n,).
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
        """Losses smoothed over a quarter of a decade of the rate, (n,)."""
        return smooth(self.rates, self.losses)[0]

    @property
    def suggestion(self) -> float:
        """The rate at which the smoothed loss falls fastest, before it is smallest."""
        losses, slopes = smooth(self.rates, self.losses)
        # A slope needs losses on both sides.
        inside = (self.rates >= self.rates[0] * 10**BANDWIDTH) & (self.rates <= self.rates[-1] / 10**BANDWIDTH)
        falling = inside & (np.arange(len(losses)) < int(np.argmin(losses)))
        candidates = np.flatnonzero(falling if falling.any() else inside if inside.any() else np.ones_like(inside))
        return float(self.rates[candidates[int(np.argmin(slopes[candidates]))]])

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
        axes.set_ylim(0, 1.5 * float(self.smoothed[: int(np.argmin(self.smoothed)) + 1].max()))
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

    Loss and optimiser are those of `finetune`, without warm-up and decay. A pass has about 20 batches for each decade of the
    rate, and ends early where the loss explodes. With more batches there are more passes, each from the model's own weights,
    and losses are averaged: a denser pass would have learned more before it reaches a rate, and advise a lower one.

    Args:
        model: as for `finetune`. It has the same weights afterwards; one of the builders is compiled anew, one of your own is
            left with the optimiser that it had.
        train: labelled batches; passes over them are repeated as needed.
        settings: the training; options that are given beside it go before. None: `TrainingSettings()`.
        lowest: first rate of the encoder, in (0, 1).
        highest: last rate, above `lowest`, at most 1.
        steps: batches of all passes, >= 10; 100 are one pass over the default rates, 300 are three.
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
        Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3; Cleveland, "Robust Locally
        Weighted Regression and Smoothing Scatterplots", 1979 (local regression).
    """
    check_number("lowest", lowest, 0, 1, open_minimum=True, open_maximum=True)
    check_number("highest", highest, lowest, 1, open_minimum=True)
    check_int("steps", steps, FEWEST)
    settled = filled(TrainingSettings, settings, options)
    settled.check_training()
    _refuse_schedule(settled)
    if head_ratio is None:
        head_ratio = settled.head_learning_rate / settled.learning_rate
    check_number("head_ratio", head_ratio, 0, math.inf, open_minimum=True)
    trainee = trainee_of(model)
    check_batches("train", train)
    trainee.check(train)
    source = read_by(trainee, train, "train")
    decades = math.log10(highest / lowest)
    passes = max(1, min(round(steps / (DENSITY * decades)), steps // FEWEST))
    steps //= passes
    growth = (highest / lowest) ** (1 / (steps - 1))
    rates = lowest * growth ** np.arange(steps)
    before, epoch = _values(model.variables), train.epoch
    try:
        trainee.start(train, settled)
        schedule = keras.optimizers.schedules.ExponentialDecay(lowest, 1, growth)
        factors = rate_factors(trainee, 1.0, head_ratio)
        trainee.compile(AdamW(schedule, rate_factors=factors, global_clipnorm=settled.global_clipnorm))
        losses = _mean_losses(model, source, rates, passes)
    finally:
        _assign(model.variables, before)
        train.begin(epoch)
        trainee.put_back()
    return LearningRateFinder(rates[: len(losses)], losses, head_ratio)


def _refuse_schedule(settings: TrainingSettings) -> None:
    changed = next(changed_options(settings, SCHEDULED), None)
    if changed is not None:
        raise ConfigError(
            f"`{changed}` must be left out for a range test, which has a schedule of its own; got "
            f"{shorten(getattr(settings, changed))}."
        )


def smooth(rates: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average the losses around each rate, (n,), with Gaussian weights of their distance on the logarithmic scale.

    Returns:
        The means, and for each decade the slopes of lines that are fitted with the same weights, (n,) and (n,).
    """
    places = np.log10(rates)
    distances = places[None, :] - places[:, None]  # (n, n), of each rate (columns) from the centre (rows)
    weights = np.exp(-0.5 * (distances / BANDWIDTH) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    apart = distances - (weights * distances).sum(axis=1, keepdims=True)
    spread = (weights * apart**2).sum(axis=1)
    return weights @ losses, (weights * apart) @ losses / np.maximum(spread, np.finfo(float).tiny)


def _mean_losses(model: keras.Model, train: BatchSource, rates: np.ndarray, passes: int) -> np.ndarray:
    """Average the losses of passes from the same weights, up to the first rate at which one of them explodes."""
    train.begin(0)
    batches = itertools.chain.from_iterable(itertools.repeat(train.dataset))
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    start, found = _values(variables), []
    for _ in range(passes):
        _assign(variables, start)
        found.append(list(_losses(model, batches, rates)))
    return np.asarray(np.mean([losses[: min(map(len, found))] for losses in found], axis=0))


def _losses(model: keras.Model, batches: Iterator[Any], rates: np.ndarray) -> Iterator[float]:
    """The loss of each batch, until it explodes."""
    losses: list[float] = []
    for batch in itertools.islice(batches, len(rates)):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(*batch, return_dict=True)["loss"]))
        if not math.isfinite(losses[-1]):
            return
        yield losses[-1]
        smoothed = smooth(rates[: len(losses)], np.array(losses))[0]
        if len(losses) > UNSETTLED and smoothed[-1] > EXPLODED * smoothed.min():
            return


def _values(variables: Iterable[Any]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _assign(variables: Iterable[Any], values: Iterable[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
