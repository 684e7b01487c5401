"""The task table: the only place that pairs a task with its activation, loss and metrics; the loss tells its labels."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_choice, check_int, shorten
from kerasbert._core.errors import ConfigError
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.names import check_label_names
from kerasbert.objectives.levels import (
    BinaryLevelCrossentropy,
    HierarchicalF1,
    KnownLabels,
    SparseLevelCrossentropy,
)
from kerasbert.objectives.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from kerasbert.objectives.metrics import ClassAccuracy, F1Score


@dataclasses.dataclass(frozen=True)
class TaskRow:
    """What goes together for one task under one output activation.

    Args:
        activation: output activation, a key of `OUTPUT_ACTIVATIONS`.
        make_loss: gives the loss, from keyword arguments of its class.
        make_metrics: gives the metrics that stream through `fit`, from the number of labels.
        prior_bias: gives the output bias (units,) at which an untrained head predicts the label frequencies, from the
            labels as an array.
    """

    activation: str
    make_loss: Callable[..., keras.losses.Loss]
    make_metrics: Callable[[int], list[keras.metrics.Metric]]
    prior_bias: Callable[[Any, int], np.ndarray]


def _sigmoid_prior(labels: np.ndarray | LabelCounts, num_labels: int) -> np.ndarray:
    if isinstance(labels, LabelCounts):
        return np.log((labels.counts + 0.5) / (labels.total - labels.counts + 0.5))
    positives = labels.reshape(len(labels), -1).sum(axis=0, dtype=np.float64)
    return np.log((positives + 0.5) / (len(labels) - positives + 0.5))


def _softmax_prior(labels: np.ndarray | LabelCounts, num_labels: int) -> np.ndarray:
    if isinstance(labels, LabelCounts):
        return np.log((labels.counts + 0.5) / (labels.counts + 0.5).sum())
    counts = np.bincount(labels.reshape(-1).astype(np.int64), minlength=num_labels) + 0.5
    return np.log(counts / counts.sum())


def _binary_metrics(logits: bool) -> Callable[[int], list[keras.metrics.Metric]]:
    threshold = 0.0 if logits else 0.5
    return lambda num_labels: [
        keras.metrics.BinaryAccuracy(name="accuracy", threshold=threshold),
        F1Score(1, threshold=threshold, name="f1"),
    ]


def _multiclass_metrics(num_labels: int) -> list[keras.metrics.Metric]:
    return [
        ClassAccuracy(name="accuracy"),
        F1Score(num_labels, sparse=True, name="macro_f1"),
    ]


def _multilabel_metrics(logits: bool) -> Callable[[int], list[keras.metrics.Metric]]:
    threshold = 0.0 if logits else 0.5
    return lambda num_labels: [
        F1Score(num_labels, average="micro", threshold=threshold, name="micro_f1"),
        F1Score(num_labels, average="macro", threshold=threshold, name="macro_f1"),
    ]


def _binary_loss(logits: bool) -> Callable[..., keras.losses.Loss]:
    return lambda **options: BinaryCrossentropy(from_logits=logits, **options)


def _sparse_loss(logits: bool) -> Callable[..., keras.losses.Loss]:
    return lambda **options: SparseCategoricalCrossentropy(from_logits=logits, **options)


# fmt: off
TASKS: dict[str, dict[str, TaskRow]] = {
    "binary": {
        "sigmoid": TaskRow("sigmoid", _binary_loss(False), _binary_metrics(False), _sigmoid_prior),
        "linear": TaskRow("linear", _binary_loss(True), _binary_metrics(True), _sigmoid_prior),
    },
    "multiclass": {
        "softmax": TaskRow("softmax", _sparse_loss(False), _multiclass_metrics, _softmax_prior),
        "linear": TaskRow("linear", _sparse_loss(True), _multiclass_metrics, _softmax_prior),
    },
    "multilabel": {
        "sigmoid": TaskRow("sigmoid", _binary_loss(False), _multilabel_metrics(False), _sigmoid_prior),
        "linear": TaskRow("linear", _binary_loss(True), _multilabel_metrics(True), _sigmoid_prior),
    },
}
# fmt: on

DEFAULT_ACTIVATIONS = {"binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid"}

# The way out for a pair that is not in the table.
REFUSED_PAIRS = {
    ("binary", "softmax"): "For two softmax units use build_multiclass(num_classes=2).",
    ("multiclass", "sigmoid"): "For independent labels use build_multilabel.",
    ("multilabel", "softmax"): "For one label per text use build_multiclass.",
}


def task_row(task: str, activation: str | None = None) -> TaskRow:
    """The row of a task and an output activation.

    Args:
        task: `"binary"`, `"multiclass"` or `"multilabel"`.
        activation: output activation; None for the task's own.

    Returns:
        The row.

    Raises:
        ConfigError: when the task is unknown, or the activation does not go with it.
    """
    rows = TASKS[check_choice("task", task, TASKS)]
    activation = DEFAULT_ACTIVATIONS[task] if activation is None else activation
    if activation not in rows:
        accepted = " or ".join(repr(name) for name in rows)
        hint = REFUSED_PAIRS.get((task, activation), "")
        raise ConfigError(
            f"`activation` must be {accepted} for a {task} head; got {shorten(activation)}. {hint}".rstrip()
        )
    return rows[activation]


@dataclasses.dataclass(frozen=True)
class HeadTask:
    """Abstract: what one head predicts. Use `Binary`, `Multiclass` or `Multilabel`.

    Args:
        task: the row of the task table.
        label_names: names of the labels, in the order of the head's outputs; (negative, positive) for a binary head.
    """

    task: str
    label_names: tuple[str, ...]

    @property
    def units(self) -> int:
        """Outputs of the head."""
        return 1 if self.task == "binary" else len(self.label_names)


@dataclasses.dataclass(frozen=True)
class LevelTask(HeadTask):
    """One level of a hierarchy: labels that are the children of those of the level above.

    Args:
        task: `"multiclass"` or `"multilabel"`.
        label_names: names of the labels.
        parents: for each level from the second down to this one, the place of every label's parent; empty for the
            classes themselves.
    """

    parents: tuple[tuple[int, ...], ...] = ()


def level_row(level: LevelTask) -> TaskRow:
    """The row of one level of a hierarchy; a label of -1 is unknown in its loss, metrics and prior alike.

    Args:
        level: the level.

    Returns:
        The row; its activation is that of the logits, and the model's output is a probability in either case.

    Raises:
        ConfigError: when the task is not one that a hierarchy can have.
    """
    row = LEVELS[check_choice("task", level.task, LEVELS)]
    if level.task == "multilabel" or not level.parents:
        return row
    metrics, loss = row.make_metrics, functools.partial(row.make_loss, level.parents)
    return dataclasses.replace(
        row, make_loss=loss, make_metrics=lambda count: [*metrics(count), HierarchicalF1(level.parents)]
    )


def _known_metrics(metrics: Callable[[int], list[keras.metrics.Metric]], sparse: bool) -> Callable[[int], list]:
    return lambda num_labels: [KnownLabels(metric, sparse=sparse) for metric in metrics(num_labels)]


def _known_softmax_prior(labels: np.ndarray | LabelCounts, num_labels: int) -> np.ndarray:
    if isinstance(labels, LabelCounts):
        return _softmax_prior(labels, num_labels)
    labels = labels.reshape(-1)
    return _softmax_prior(labels[labels >= 0], num_labels)


def _known_sigmoid_prior(labels: np.ndarray, num_labels: int) -> np.ndarray:
    return np.log(((labels > 0).sum(axis=0) + 0.5) / ((labels == 0).sum(axis=0) + 0.5))


# fmt: off
LEVELS: dict[str, TaskRow] = {
    "multiclass": TaskRow(
        "softmax", SparseLevelCrossentropy, _known_metrics(_multiclass_metrics, True), _known_softmax_prior,
    ),
    "multilabel": TaskRow(
        "sigmoid", BinaryLevelCrossentropy, _known_metrics(_multilabel_metrics(False), False), _known_sigmoid_prior,
    ),
}
# fmt: on


def Binary(label_names: Sequence[str] = ("0", "1")) -> HeadTask:  # noqa: N802 - reads as a type where it is used
    """A yes-or-no head: one sigmoid unit, labels of shape (batch,) or (batch, 1).

    Args:
        label_names: the names of the negative and the positive label.

    Returns:
        The head's task.

    Raises:
        ConfigError: when there are not exactly two names, or they are the same.

    Example:
        >>> Binary(["ham", "spam"]).units
        1
    """
    names = check_label_names(label_names)
    if len(names) != 2:
        raise ConfigError(f"`label_names` of a binary head must be 2 names, negative and positive; got {len(names)}.")
    return HeadTask("binary", names)


def Multiclass(num_classes: int | Sequence[str]) -> HeadTask:  # noqa: N802
    """A head that chooses exactly one of several classes: softmax, labels of shape (batch,), or one-hot rows.

    Args:
        num_classes: the number of classes, >= 2, or their names.

    Returns:
        The head's task.

    Raises:
        ConfigError: when there are fewer than 2 classes or two names are the same.
        TypeError: when it is neither an integer nor a list of names.

    Example:
        >>> Multiclass(5).units
        5
    """
    return HeadTask("multiclass", _names("num_classes", num_classes, 2))


def Multilabel(num_labels: int | Sequence[str]) -> HeadTask:  # noqa: N802
    """A head of independent labels, any number of which apply: sigmoids, labels of shape (batch, C).

    Args:
        num_labels: the number of labels, >= 1, or their names.

    Returns:
        The head's task.

    Raises:
        ConfigError: when there is no label or two names are the same.
        TypeError: when it is neither an integer nor a list of names.

    Example:
        >>> Multilabel(["urgent", "complaint"]).label_names
        ('urgent', 'complaint')
    """
    return HeadTask("multilabel", _names("num_labels", num_labels, 1))


def _names(argument: str, value: int | Sequence[str], minimum: int) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)):
        names = check_label_names(value)
        if len(names) < minimum:
            raise ConfigError(f"`{argument}` must be at least {minimum} names; got {shorten(list(names))}.")
        return names
    count = check_int(argument, value, minimum, 1_000_000, "or a list of names")
    return tuple(str(index) for index in range(count))
