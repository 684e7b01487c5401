"""The variables of an optimiser, made before a step is traced."""

import contextlib
from collections.abc import Sequence
from typing import Any

import keras


def build_variables(optimizer: keras.optimizers.Optimizer, weights: Sequence[Any], strategy: Any = None) -> None:
    """Make the variables of an optimiser in the scope of a strategy, if it has none yet.

    TensorFlow traces a function twice when variables are made while it is traced, and tracing is most of a first step.
    """
    if not optimizer.built:
        with contextlib.nullcontext() if strategy is None else strategy.scope():
            optimizer.build(weights)
