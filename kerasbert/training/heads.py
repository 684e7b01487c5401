"""The heads of a builder's model before a training: their losses, their first bias, and what tells their best epoch."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.labels.counts import LabelCounts
from kerasbert.tasks.balance import HeadBalance, balance_head, balance_levels
from kerasbert.training.settings import TrainingSettings


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
