"""Choose the loss of a head, with weights computed from the labels it trains on."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasbert._core.checks import check_choice, check_number
from kerasbert.labels.counts import LabelCounts
from kerasbert.objectives.balance import WEIGHTINGS
from kerasbert.tasks.task import Task

if TYPE_CHECKING:
    import keras

BALANCES = tuple(sorted(("asymmetric", "auto", "focal", *WEIGHTINGS)))
# Labels that differ less in number than this are left alone by "auto".
AUTO_RATIO = 3.0
GAMMA = 2.0
LISTED = 6


@dataclasses.dataclass(frozen=True)
class HeadBalance:
    """The loss of a head, weights (units,) of the classes or positives (None: all 1), and what was chosen and why."""

    loss: "keras.losses.Loss"
    weights: np.ndarray | None = None
    summary: str = "all labels count alike"


def balance_head(
    task: Task,
    labels: np.ndarray | LabelCounts,
    *,
    activation: str | None = None,
    balance: str | None = None,
    label_smoothing: float | None = None,
) -> HeadBalance:
    """Choose the loss of a head from the labels that it will see.

    Args:
        task: what the head predicts.
        labels: the array that it trains on, or its `LabelCounts`.
        activation: output activation; None for the task's own.
        balance: None or one of `BALANCES`; see `finetune`.
        label_smoothing: in [0, 1); None: `Task.default_smoothing`.

    Raises:
        ConfigError: when `balance` is unknown or does not go with the task, or the number is out of its range.
    """
    smoothing = _check_smoothing(task, label_smoothing)
    if balance is None:
        return HeadBalance(task.loss(activation, label_smoothing=smoothing))
    check_choice("balance", balance, BALANCES)
    if balance == "asymmetric":
        loss = task.asymmetric_loss(activation, label_smoothing=smoothing)
        summary = f"asymmetric loss, gamma {loss.gamma_negative:g} for negatives, margin {loss.margin:g}"
        return HeadBalance(loss, None, summary)
    if balance == "focal":
        loss = task.loss(activation, gamma=GAMMA, label_smoothing=smoothing)
        return HeadBalance(loss, None, f"focal loss, gamma {GAMMA:g}: easy examples count less")
    counts, method = task.count(labels), balance
    if balance == "auto":
        if task.imbalance(counts, len(labels)) < AUTO_RATIO:
            summary = f"auto: no label is {AUTO_RATIO:g} times as frequent as another; all count alike"
            return HeadBalance(task.loss(activation, label_smoothing=smoothing), None, summary)
        method = "sqrt"
    weights = task.balancing_weights(counts, len(labels), method)
    loss = task.loss(activation, label_smoothing=smoothing, **{task.weight_argument: weights})
    chosen = method if balance == method else f"{balance} -> {method}"
    return HeadBalance(loss, weights, f"{chosen}: {_summary(task, counts, weights)}")


def balance_levels(levels: Sequence[Task], *, label_smoothing: float | None = None) -> list[HeadBalance]:
    """Choose the losses of the levels of a hierarchy, from the classes down.

    All have the same smoothing, in [0, 1); None: `Task.default_smoothing` of the deepest.
    """
    smoothing = _check_smoothing(levels[-1], label_smoothing)
    return [HeadBalance(level.loss(label_smoothing=smoothing)) for level in levels]


def _check_smoothing(task: Task, label_smoothing: float | None) -> float:
    value = task.default_smoothing if label_smoothing is None else label_smoothing
    return check_number("label_smoothing", value, 0, 1, open_maximum=True)


def _summary(task: Task, counts: np.ndarray, weights: np.ndarray) -> str:
    names = task.label_names[-task.units :]
    order = np.argsort(counts, kind="stable")
    shown = order if len(order) <= LISTED else [*order[: LISTED - 1], order[-1]]
    parts = [f"{names[index]!r} ({counts[index]:g} examples) {weights[index]:.3g}" for index in shown]
    more = f", {len(order) - len(shown)} more" if len(shown) < len(order) else ""
    return f"{task.weight_title} {', '.join(parts)}{more}"
