"""Declare variables first and allocate them later, with their values."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state

# Under this name Keras keeps what is declared and waits for its first value.
WAITING = "uninitialized_variables"


@contextlib.contextmanager
def declared_only() -> Iterator[list[Any]]:
    """Context: variables made inside are declared, not allocated.

    Keras does so itself while it traces; what is declared here and never gets a value, it would initialise later on.

    Yields:
        A list that holds the variables afterwards.

    Example:
        >>> with declared_only() as variables:
        ...     layer = keras.layers.Dense(1_000_000)
        ...     layer.build((None, 1_000_000))
        >>> [tuple(variable.shape) for variable in variables]
        [(1000000, 1000000), (1000000,)]
    """
    variables: list[Any] = []
    before = list(global_state.get_global_attribute(WAITING) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield variables
        now = global_state.get_global_attribute(WAITING) or []
        variables += [one for one in now if all(one is not other for other in before)]
    finally:
        global_state.set_global_attribute(WAITING, before)


def give_values(variables: list[Any], value_of: Callable[[str], np.ndarray | None]) -> None:
    """Give declared variables their first values.

    Args:
        variables: from `declared_only`.
        value_of: takes the path of a variable; None leaves it to its own initializer.
    """
    for variable in variables:
        value = value_of(variable.path)
        if value is not None:
            variable._initializer = _constant(value)
        variable._deferred_initialize()


def _constant(value: np.ndarray) -> Callable[..., Any]:
    return lambda shape, dtype=None: keras.ops.convert_to_tensor(value, dtype=dtype)
