"""The variables of an optimiser, made before a step is traced."""

import contextlib
from collections.abc import Sequence
from typing import Any

import keras


def build_variables(optimizer: keras.optimizers.Optimizer, weights: Sequence[Any], strategy: Any = None) -> None:
    """Make the variables of an optimiser, if it has none yet.

    TensorFlow traces a function twice when variables are made while it is traced, and the trace is most of a first step.

    Args:
        optimizer: of a compiled model.
        weights: what it will train.
        strategy: a `tf.distribute.Strategy` in whose scope the weights were made; None: one device.

    Example:
        >>> optimizer = AdamW(1e-3)
        >>> build_variables(optimizer, [keras.Variable([1.0])])
        >>> optimizer.built
        True
    """
    if not optimizer.built:
        with contextlib.nullcontext() if strategy is None else strategy.scope():
            optimizer.build(weights)
