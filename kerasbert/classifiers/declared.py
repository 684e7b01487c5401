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
    """Context: variables created inside are declared, not allocated; yields their list.

    Keras does so itself while it traces; what is declared here and never gets a value, it would initialise later on.
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
    """Give declared variables their values by path; those without one get their initializer's."""
    for variable in variables:
        value = value_of(variable.path)
        if value is not None:
            variable._initializer = _constant(value)
        with contextlib.ExitStack() as scopes:
            # As in a model that was built at once, so that an export names its weights alike.
            for part in variable.path.split("/")[:-1]:
                scopes.enter_context(keras.name_scope(part))
            variable._deferred_initialize()


def _constant(value: np.ndarray) -> Callable[..., Any]:
    return lambda shape, dtype=None: keras.ops.convert_to_tensor(value, dtype=dtype)
