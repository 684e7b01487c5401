"""Compile a classifier: the losses and metrics of its heads, and `AdamW` at two rates."""

from collections.abc import Mapping
from typing import Any

import keras

from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.hierarchical_head import LevelProbabilities
from kerasbert.optimizers import AdamW
from kerasbert.optimizers.adamw import check_patterns
from kerasbert.optimizers.rates import HEAD_LEARNING_RATE as HEAD_LEARNING_RATE
from kerasbert.optimizers.rates import LEARNING_RATE as LEARNING_RATE


def compile_classifier(
    model: Classifier,
    *,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    weight_decay: float = 0.01,
    global_clipnorm: float | None = 1.0,
    head_factor: float | None = None,
    **compile_arguments: Any,
) -> None:
    """Compile a classifier with the loss and metrics of its heads and with `AdamW` at two rates.

    Args:
        model: from a builder.
        learning_rate: rate of the encoder: a number, or a schedule together with `head_factor`.
        head_learning_rate: rate of the heads.
        weight_decay: decoupled decay of kernels and embeddings, in [0, 1).
        global_clipnorm: largest global norm of the gradients; None for no clipping.
        head_factor: rate of the heads over that of the encoder; None: of the two rates.
        **compile_arguments: other arguments of `keras.Model.compile`.
    """
    factor = head_learning_rate / learning_rate if head_factor is None else head_factor
    optimizer = AdamW(
        learning_rate,
        weight_decay,
        rate_factors={f"{model.encoder.name}/": 1.0, "": factor},
        global_clipnorm=global_clipnorm,
    )
    compile_heads(model, model.trained_heads, optimizer, **compile_arguments)


def compile_heads(
    model: keras.Model,
    heads: Mapping[str, ClassificationHead],
    optimizer: keras.optimizers.Optimizer,
    *,
    losses: Mapping[str, keras.losses.Loss] | None = None,
    **compile_arguments: Any,
) -> None:
    """Compile a model that ends in some heads with their losses and metrics.

    Args:
        model: its outputs are those of the heads.
        heads: head name -> head.
        optimizer: wrapped by loss scaling where the model computes in float16.
        losses: head name -> loss; None: the tasks' own.
        **compile_arguments: other arguments of `keras.Model.compile`.

    Raises:
        ConfigError: when a pattern of an `AdamW` matches no weight.
    """
    check_patterns(optimizer, model.weights)
    chosen: Any = dict(losses or {name: head.task.loss(head.activation) for name, head in heads.items()})
    metrics: Any = {name: head.task.metrics(head.activation) for name, head in heads.items()}
    if not isinstance(model.output, dict):
        chosen, metrics = next(iter(chosen.values())), next(iter(metrics.values()))
    optimizer = with_loss_scale(model, optimizer)
    weights = {name: head.loss_weight for name, head in heads.items() if isinstance(head, LevelProbabilities)}
    own = {"auto_scale_loss": False, "loss_weights": weights or None}
    model.compile(optimizer, loss=chosen, metrics=metrics, **{**own, **compile_arguments})


def with_loss_scale(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Wrap an optimiser by loss scaling where a model computes in float16."""
    half = any(layer.compute_dtype == "float16" for layer in model.layers if layer.weights)
    return keras.optimizers.LossScaleOptimizer(optimizer) if half else optimizer
