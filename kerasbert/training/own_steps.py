"""Whether a model trains and evaluates by steps of its own."""

import keras


def has_own_steps(model: keras.Model) -> bool:
    """Return whether a model overrides `train_step` or `test_step`, which then both are its own."""
    kind = type(model)
    return kind.train_step is not keras.Model.train_step or kind.test_step is not keras.Model.test_step
