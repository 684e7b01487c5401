"""Rare labels made to count: the loss of a head, with weights computed from the labels it trains on."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_choice, check_number
from kerasbert._core.errors import ConfigError
from kerasbert.labels.counts import LabelCounts
from kerasbert.objectives.losses import AsymmetricLoss
from kerasbert.tasks.head_tasks import HeadTask, LevelTask, TaskRow, level_row

BALANCES = ("asymmetric", "auto", "balanced", "effective", "focal", "sqrt")
# Labels that differ less in number than this are left alone by "auto".
AUTO_RATIO = 3.0
BETA = 0.999
SMOOTHING, MANY_CLASSES = 0.1, 10
GAMMA = 2.0
LISTED = 6


@dataclasses.dataclass(frozen=True)
class HeadBalance:
    """What one head trains with.

    Args:
        loss: the loss.
        weights: of the classes of a multi-class head, of the positives of others, (units,); None: all 1.
        summary: what was chosen and why, for people.
    """

    loss: keras.losses.Loss
    weights: np.ndarray | None
    summary: str


def balance_head(
    row: TaskRow,
    head_task: HeadTask,
    labels: np.ndarray | LabelCounts,
    *,
    balance: str | None = None,
    label_smoothing: float | None = None,
) -> HeadBalance:
    """Choose the loss of a head from the labels that it will see.

    Args:
        row: row of the task table.
        head_task: what the head predicts.
        labels: ids (n,) of a multi-class head; 0 or 1, (n, units), of others; or their `LabelCounts`.
        balance: None or a key of `BALANCES`; see `finetune`.
        label_smoothing: in [0, 1); None: `default_smoothing`.

    Returns:
        Loss, weights and a summary.

    Raises:
        ConfigError: when `balance` is unknown or does not go with the task, or the number is out of its range.

    Example:
        >>> from kerasbert.tasks.head_tasks import task_row
        >>> chosen = balance_head(task_row("binary"), Binary(), np.array([[0], [0], [0], [1]]), balance="balanced")
        >>> chosen.weights.tolist()
        [3.0]
    """
    if label_smoothing is None:
        label_smoothing = default_smoothing(head_task)
    check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)
    smoothing = {"label_smoothing": label_smoothing} if label_smoothing else {}
    if balance is None:
        return HeadBalance(row.make_loss(**smoothing), None, "all labels count alike")
    check_choice("balance", balance, BALANCES)
    if head_task.task not in ("binary", "multiclass", "multilabel"):
        raise ConfigError(f"`balance` must be None for a {head_task.task} head; got {balance!r}.")
    if balance == "asymmetric":
        return _asymmetric(row, head_task, smoothing)
    if balance == "focal":
        loss = row.make_loss(gamma=GAMMA, **smoothing)
        return HeadBalance(loss, None, f"focal loss, gamma {GAMMA:g}: easy examples count less")
    counts = count_labels(head_task, labels)
    method = balance
    if balance == "auto":
        method = "sqrt" if imbalance(head_task, counts, len(labels)) >= AUTO_RATIO else ""
    if not method:
        summary = f"auto: no label is {AUTO_RATIO:g} times as frequent as another; all count alike"
        return HeadBalance(row.make_loss(**smoothing), None, summary)
    if head_task.task == "multiclass":
        weights = class_weights(counts, method)
        loss = row.make_loss(class_weight=weights, **smoothing)
    else:
        weights = positive_weights(counts, len(labels), method)
        loss = row.make_loss(pos_weight=weights, **smoothing)
    return HeadBalance(loss, weights, _summary(balance, method, head_task, counts, weights))


def balance_levels(levels: Sequence[LevelTask], *, label_smoothing: float | None = None) -> list[HeadBalance]:
    """Choose the losses of the levels of a hierarchy.

    Args:
        levels: what each level predicts, from the classes down.
        label_smoothing: in [0, 1), the same for every level; None: `default_smoothing` of the deepest.

    Returns:
        Loss and summary of each level, in the same order.

    Raises:
        ConfigError: when the number is out of its range.

    Example:
        >>> from kerasbert.tasks.head_tasks import LevelTask
        >>> classes, names = ("a", "b"), tuple("0123456789")
        >>> levels = [LevelTask("multiclass", classes), LevelTask("multiclass", names, ((0,) * 5 + (1,) * 5,))]
        >>> [chosen.loss.label_smoothing for chosen in balance_levels(levels)]
        [0.1, 0.1]
    """
    if label_smoothing is None:
        label_smoothing = default_smoothing(levels[-1])
    losses = [level_row(level).make_loss(label_smoothing=label_smoothing) for level in levels]
    return [HeadBalance(loss, None, "all labels count alike") for loss in losses]


def default_smoothing(head_task: HeadTask) -> float:
    """The label smoothing of a head that was told nothing: 0.1 for 10 classes or more, else none.

    Args:
        head_task: what the head predicts.

    Returns:
        Share of each label that is spread over the others.

    Reference:
        Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, section 7.
    """
    return SMOOTHING if head_task.task == "multiclass" and head_task.units >= MANY_CLASSES else 0.0


def class_weights(counts: np.ndarray, method: str = "balanced", *, beta: float = BETA) -> np.ndarray:
    """Weights of exclusive classes.

    Args:
        counts: examples of each class, (C,).
        method: `"balanced"`, n / (C n_c) as in scikit-learn; `"sqrt"`, proportional to the root of that, with mean 1 over
            the examples; `"effective"`, (1 - beta) / (1 - beta ** n_c), with sum C.
        beta: of `"effective"`, in [0, 1).

    Returns:
        Float64 (C,); 1 for a class without an example.

    Raises:
        ConfigError: when `method` is unknown or `beta` out of its range.

    Example:
        >>> class_weights(np.array([10, 30])).round(3).tolist()
        [2.0, 0.667]

    Reference:
        Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019, equation 3.
    """
    check_choice("method", method, ("balanced", "effective", "sqrt"))
    counts = np.asarray(counts, dtype=np.float64)
    present = counts > 0
    some = counts[present]
    if method == "effective":
        own = 1.0 / _effective(some, beta)
        own *= len(some) / own.sum()
    else:
        own = some.sum() / (len(some) * some)
        own = own if method == "balanced" else np.sqrt(own) * some.sum() / (np.sqrt(own) * some).sum()
    weights = np.ones(len(counts))
    weights[present] = own
    return weights


def positive_weights(positives: np.ndarray, total: int, method: str = "balanced", *, beta: float = BETA) -> np.ndarray:
    """Weights of the positive examples of independent labels, the negatives having weight 1.

    Args:
        positives: positive examples of each label, (C,).
        total: number of examples.
        method: `"balanced"`, negatives / positives; `"sqrt"`, the root of that; `"effective"`, the ratio of the effective
            numbers of negatives and positives.
        beta: of `"effective"`, in [0, 1).

    Returns:
        Float64 (C,); 1 for a label that all or no examples have.

    Raises:
        ConfigError: when `method` is unknown or `beta` out of its range.

    Example:
        >>> positive_weights(np.array([10, 50]), 100).tolist()
        [9.0, 1.0]

    Reference:
        Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", 2019, section 4.
    """
    check_choice("method", method, ("balanced", "effective", "sqrt"))
    positives = np.asarray(positives, dtype=np.float64)
    negatives = total - positives
    usable = (positives > 0) & (negatives > 0)
    few, many = np.where(usable, positives, 1.0), np.where(usable, negatives, 1.0)
    if method == "effective":
        return _effective(many, beta) / _effective(few, beta)
    return many / few if method == "balanced" else np.sqrt(many / few)


def count_labels(head_task: HeadTask, labels: np.ndarray | LabelCounts) -> np.ndarray:
    """Examples of each class of a multi-class head, positive examples of each label of others, (units,)."""
    if isinstance(labels, LabelCounts):
        return labels.counts
    labels = np.asarray(labels)
    if head_task.task == "multiclass":
        return np.bincount(labels.reshape(-1).astype(np.int64), minlength=head_task.units)
    return labels.reshape(len(labels), -1).sum(axis=0, dtype=np.float64)


def imbalance(head_task: HeadTask, counts: np.ndarray, total: int) -> float:
    """How many times as many examples the most frequent class has as the rarest one that occurs."""
    pairs = counts[None] if head_task.task == "multiclass" else np.stack([counts, total - counts], axis=1)
    ratios = [pair[pair > 0].max() / pair[pair > 0].min() for pair in pairs if (pair > 0).any()]
    return float(max(ratios, default=1.0))


def _effective(counts: np.ndarray, beta: float) -> np.ndarray:
    check_number("beta", beta, 0, 1, open_maximum=True)
    return (1.0 - beta**counts) / (1.0 - beta)


def _asymmetric(row: TaskRow, head_task: HeadTask, smoothing: dict[str, Any]) -> HeadBalance:
    if head_task.task == "multiclass":
        raise ConfigError("`balance` must not be 'asymmetric' for a multiclass head, whose labels exclude each other.")
    loss = AsymmetricLoss(from_logits=row.activation == "linear", **smoothing)
    return HeadBalance(
        loss, None, f"asymmetric loss, gamma {loss.gamma_negative:g} for negatives, margin {loss.margin:g}"
    )


def _summary(balance: str, method: str, head_task: HeadTask, counts: np.ndarray, weights: np.ndarray) -> str:
    names = head_task.label_names[-1:] if head_task.task == "binary" else head_task.label_names
    order = np.argsort(counts, kind="stable")
    shown = order if len(order) <= LISTED else [*order[: LISTED - 1], order[-1]]
    parts = [f"{names[index]!r} ({counts[index]:g} examples) {weights[index]:.3g}" for index in shown]
    chosen = method if balance == method else f"{balance} -> {method}"
    kind = "class weights" if head_task.task == "multiclass" else "weights of positives"
    more = f", {len(order) - len(shown)} more" if len(shown) < len(order) else ""
    return f"{chosen}: {kind} {', '.join(parts)}{more}"
