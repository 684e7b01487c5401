"""The confidence below which a person should look: thresholds with a promise of precision."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self, final

import numpy as np

from kerasbert._core.checks import check_number
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.json_files import is_share
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.objectives.exact_intervals import wilson_interval
from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.tasks.task import Task
from kerasbert.uncertainty.fitted import FittedPart
from kerasbert.uncertainty.risk_coverage import risk_coverage, without_curve

# Thresholds are tried from the strictest to none, evenly in log-odds, whatever the data: (log-odds, step).
STRICTEST, LOOSEST, STEP = 16.0, -16.0, 0.01
# The first threshold has so many times the texts that would pass if all were right, so that one error is no end.
ENOUGH = 4


class Promise(NamedTuple):
    """A threshold of one head, and what is promised of it.

    Args:
        threshold: the confidence from which a prediction is answered, in [0, 1]; 0 answers all.
        precision: the share of right answers that is promised.
        sure: how sure it is, over the choice of validation texts, that the promise holds.
        lower: the exact lower bound of the precision there, at that confidence; >= `precision`.
        observed: share of right answers among the validation texts that were answered.
        answered: share of the validation texts that was answered.
        answered_interval: its 95 % interval.
        num_texts: validation texts.

    Example:
        >>> Promise(0.8, 0.9, 0.95, 0.91, 0.93, 0.7, (0.6, 0.8), 100).answered
        0.7
    """

    threshold: float
    precision: float
    sure: float
    lower: float
    observed: float
    answered: float
    answered_interval: tuple[float, float]
    num_texts: int


def promise_precision(
    confidence: np.ndarray, correct: np.ndarray, *, precision: float = 0.95, sure: float = 0.95
) -> Promise:
    """Choose the lowest confidence from which predictions are right often enough, with a guarantee.

    With probability `sure` over the choice of the validation texts, at least the share `precision` of the predictions
    above the threshold is right, if those of higher confidence are not less often right than those of lower. Thresholds of
    a grid that does not depend on the data are tested from the strictest down, from the first above which there are enough
    texts, until one fails; so no correction for their number is needed. Enough are four times as many as could pass if all
    were right, or half of the texts where they are fewer.

    Args:
        confidence: (n,) in [0, 1], higher for a surer prediction.
        correct: bool (n,), whether each prediction is right.
        precision: the wanted share of right answers, in (0, 1).
        sure: confidence of the promise, in (0, 1).

    Raises:
        ConfigError: when a share is out of its range.
        DataError: when there are too few texts for any promise, or none reaches the precision; the message says how many are
            needed, or what can be promised.

    Example:
        >>> confidence = np.linspace(0, 1, 1000)
        >>> promise = promise_precision(confidence, confidence > 0.3, precision=0.9)
        >>> bool(0.2 < promise.threshold < 0.3), promise.lower >= 0.9
        (True, True)

    Reference:
        Angelopoulos et al., "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control", 2022, section 3,
        fixed-sequence testing; Clopper and Pearson, 1934.
    """
    check_number("precision", precision, 0, 1, open_minimum=True, open_maximum=True)
    check_number("sure", sure, 0, 1, open_minimum=True, open_maximum=True)
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    least = texts_needed(precision, sure)
    if len(correct) < least:
        raise DataError(
            f"A precision of {precision:g} can be promised, with {sure:.0%} confidence, on {least} validation texts or more; got "
            f"{len(correct)}. Give more, or a lower `precision`; {len(correct)} texts allow up to "
            f"{(1 - sure) ** (1 / max(len(correct), 1)):.3f}."
        )
    grid = _grid()
    answered, right = _counts_from(grid, confidence), _counts_from(grid, confidence[correct])
    lower = _lower_bounds(right, answered, sure)
    enough = min(ENOUGH * least, max(least, len(correct) // 2))
    first = int(np.argmax(answered >= enough))
    passed = lower[first:] >= precision
    if not passed[0]:
        best = float(lower[first:].max())
        raise DataError(
            f"`precision` must be one that the validation texts bear out; got {precision:g}, and the surest {answered[first]} "
            f"of {len(correct)} predictions are right {right[first]} times. What can be promised with {sure:.0%} confidence is "
            f"{math.floor(best * 1000) / 1000:g} at most; give more validation texts or a lower precision."
        )
    place = first + (len(passed) if passed.all() else int(np.argmin(passed))) - 1
    number = int(answered[place])
    low, high = wilson_interval(np.array([number]), np.array([len(correct)]))
    return Promise(
        threshold=float(grid[place]),
        precision=float(precision),
        sure=float(sure),
        lower=float(lower[place]),
        observed=float(right[place] / number),
        answered=number / len(correct),
        answered_interval=(float(low[0]), float(high[0])),
        num_texts=len(correct),
    )


def texts_needed(precision: float, sure: float) -> int:
    """Return how many texts, all of them right, it takes to promise a precision: log(1 - sure) / log(precision).

    Example:
        >>> texts_needed(0.95, 0.95)
        59
    """
    return math.ceil(math.log(1 - sure) / math.log(precision))


def decision_names(outputs: Outputs) -> list[str]:
    """Return what can be abstained from by itself: each head; of a hierarchy the text as a whole."""
    return [SINGLE_HEAD] if outputs.hierarchy is not None else list(outputs.tasks)


def confidence_of(task: Task, probabilities: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Return how sure each prediction of a head or level is, (n,).

    It is the probability of the class that is chosen, which in a hierarchy need not be the most probable one; of independent
    labels that of the least certain one, max(p, 1 - p).
    """
    if task.uses_thresholds:
        return task.confidence(probabilities)
    return np.asarray(np.take_along_axis(probabilities, y_pred.reshape(-1, 1).astype(np.int64), axis=1).reshape(-1))


def confidences(outputs: Outputs, probabilities: ByHead, y_pred: ByHead) -> dict[str, np.ndarray]:
    """Return the confidence of each decision, (n,), by the names of `decision_names`; of a hierarchy the least of its levels'."""
    found = {head: confidence_of(task, probabilities[head], y_pred[head]) for head, task in outputs.tasks.items()}
    return found if outputs.hierarchy is None else {SINGLE_HEAD: np.min([*found.values()], axis=0)}


def risk_coverages(outputs: Outputs, y_true: ByHead, probabilities: ByHead, y_pred: ByHead) -> dict[str, Any]:
    """Measure by decision how many errors remain where only the surest are answered, see `risk_coverage`; without texts not."""
    sureness, found = confidences(outputs, probabilities, y_pred), {}
    for decision, (known, right) in correct_answers(outputs, y_true, y_pred).items():
        if known.any():
            found[decision] = without_curve(risk_coverage(sureness[decision][known], right[known]))
    return found


def correct_answers(outputs: Outputs, y_true: ByHead, y_pred: ByHead) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return, by decision, which texts have a known answer, bool (n,), and which predictions are right, bool (n,).

    Of independent labels all must be right, of a hierarchy those of every level.
    """
    known = {head: task.known(y_true[head]) for head, task in outputs.tasks.items()}
    right = {head: known[head].copy() for head in known}
    for head, task in outputs.tasks.items():
        rows = known[head]
        right[head][rows] = task.correct(y_true[head][rows], y_pred[head][rows])
    if outputs.hierarchy is None:
        return {head: (known[head], right[head]) for head in known}
    return {SINGLE_HEAD: (np.all([*known.values()], axis=0), np.all([*right.values()], axis=0))}


@final
@dataclasses.dataclass(frozen=True, repr=False)
class Abstention(FittedPart):
    """The confidence of each decision below which a person should look.

    Args:
        promises: decision -> its threshold and what is promised of it; the decisions are the heads, or of a hierarchy the
            text as a whole, under `"probabilities"`.

    Example:
        >>> Abstention({"probabilities": Promise(0.8, 0.9, 0.95, 0.91, 0.93, 0.7, (0.6, 0.8), 100)})
        Abstention(70.0% answered, precision >= 0.9 with 95% confidence)
    """

    promises: Mapping[str, Promise]

    name = "abstention"

    def __repr__(self) -> str:
        told = ", ".join(
            f"{'' if decision == SINGLE_HEAD else decision + ': '}{promise.answered:.1%} answered, precision >= "
            f"{promise.precision:g} with {promise.sure:.0%} confidence"
            for decision, promise in self.promises.items()
        )
        return f"Abstention({told})"

    @classmethod
    def fit(
        cls,
        outputs: Outputs,
        y_true: ByHead,
        probabilities: ByHead,
        y_pred: ByHead,
        *,
        precision: float = 0.95,
        sure: float = 0.95,
    ) -> Self:
        """Choose the thresholds on validation texts; of several heads each has its own, at this confidence.

        Raises:
            ConfigError, DataError: see `promise_precision`.
        """
        sureness = confidences(outputs, probabilities, y_pred)
        promises = {}
        for decision, (known, right) in correct_answers(outputs, y_true, y_pred).items():
            try:
                promises[decision] = promise_precision(
                    sureness[decision][known], right[known], precision=precision, sure=sure
                )
            except DataError as error:
                if decision == SINGLE_HEAD:
                    raise
                raise DataError(f"Head {decision!r}: {error}") from error
        return cls(promises)

    def abstains(self, outputs: Outputs, probabilities: ByHead, y_pred: ByHead) -> dict[str, np.ndarray]:
        """Return which texts a person should look at, bool (n,), by head or level."""
        sureness = confidences(outputs, probabilities, y_pred)
        found = {decision: sureness[decision] < promise.threshold for decision, promise in self.promises.items()}
        return {head: found[head if head in found else SINGLE_HEAD] for head in outputs.tasks}

    def to_plain(self) -> dict[str, Any]:
        return {decision: promise._asdict() for decision, promise in self.promises.items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs) -> Self:
        if set(plain) != set(decision_names(outputs)):
            raise ConfigError(f"its decisions are {sorted(plain)}, those of the classifier {decision_names(outputs)}")
        promises = {decision: Promise(**stored) for decision, stored in plain.items()}
        for promise in promises.values():
            shares: Sequence[Any] = (promise.threshold, promise.precision, promise.sure, promise.answered)
            if not all(map(is_share, shares)):
                raise ConfigError(f"its shares must be numbers from 0 to 1; got {shares}")
        return cls(promises)


def _grid() -> np.ndarray:
    """Return the thresholds that are tried, descending; the last one answers everything."""
    odds = np.arange(STRICTEST, LOOSEST, -STEP)
    return np.append(1 / (1 + np.exp(-odds)), 0.0)


def _counts_from(grid: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return how many texts have at least each confidence of the grid."""
    return len(confidence) - np.searchsorted(np.sort(confidence), grid, side="left")


def _lower_bounds(right: np.ndarray, answered: np.ndarray, sure: float) -> np.ndarray:
    """Return the one-sided exact lower bounds of proportions; 0 where nothing is right."""
    from scipy.stats import beta

    bounds = beta.ppf(1 - sure, np.maximum(right, 1), answered - right + 1)
    return np.where(right > 0, bounds, 0.0)
