"""Training that repeats to the last bit: on CPU kernels only one thread adds numbers up in the same order every time."""

import random

import keras
import numpy as np

from kerasbert._core.checks import check_int
from kerasbert._core.errors import ConfigError


def make_deterministic(seed: int = 0) -> None:
    """Make what follows in this process repeat exactly, on one device; slower, because one thread does the work.

    Call it first thing: TensorFlow settles its threads with its first operation.

    Args:
        seed: of Python's, NumPy's and Keras's random numbers, >= 0.

    Raises:
        ConfigError: when TensorFlow has settled its threads already, or the backend is another one.

    Example:
        >>> _ = keras.ops.ones(1)  # TensorFlow has begun: too late
        >>> make_deterministic()
        Traceback (most recent call last):
        kerasbert._core.errors.ConfigError: Deterministic training must be asked for before TensorFlow does anything else ...
    """
    check_int("seed", seed, 0, 2**32 - 1)
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"Deterministic training needs the tensorflow backend; got {keras.backend.backend()!r}.")
    import tensorflow as tf

    if not is_deterministic():
        try:
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError as error:
            raise ConfigError(
                "Deterministic training must be asked for before TensorFlow does anything else, because its threads are "
                "settled then. Call make_deterministic first thing in the program."
            ) from error
        tf.config.experimental.enable_op_determinism()
    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)


def is_deterministic() -> bool:
    """Whether `make_deterministic` has been called in this process."""
    import tensorflow as tf

    threads = (
        tf.config.threading.get_intra_op_parallelism_threads(),
        tf.config.threading.get_inter_op_parallelism_threads(),
    )
    return threads == (1, 1)
