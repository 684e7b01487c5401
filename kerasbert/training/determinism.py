"""Training that repeats to the last bit: on CPU kernels only one thread adds numbers up in the same order every time."""

import contextlib
import random
import sys
from collections.abc import Iterator

import keras
import numpy as np

from kerasbert._core.checks import check_int
from kerasbert._core.errors import ConfigError

# What `keras.utils.set_random_seed` sets in Keras itself.
KERAS_SEEDS = ("global_random_seed", "global_seed_generator")


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


@contextlib.contextmanager
def kept_random_state() -> Iterator[None]:
    """Context or decorator: restore Python's, NumPy's, Keras's, TensorFlow's and PyTorch's random generators."""
    python, numpy_state, backend = random.getstate(), np.random.get_state(), _BackendState()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)
        backend.restore()


class _BackendState:
    """The seeds that Keras and the libraries below it hold."""

    def __init__(self) -> None:
        # Keras has no public way to its seeds.
        from keras.src.backend.common import global_state

        self.attributes = global_state
        self.keras = {name: global_state.get_global_attribute(name) for name in KERAS_SEEDS}
        self.torch = sys.modules["torch"].get_rng_state() if keras.backend.backend() == "torch" else None
        self.tensorflow = None
        if "tensorflow" in sys.modules:
            from tensorflow.python.eager import context

            eager = context.context()
            self.tensorflow = (eager, eager._seed, getattr(eager, "_rng", None))

    def restore(self) -> None:
        for name, value in self.keras.items():
            self.attributes.set_global_attribute(name, value)
        if self.torch is not None:
            sys.modules["torch"].set_rng_state(self.torch)
        if self.tensorflow is not None:
            eager, seed, generator = self.tensorflow
            eager._set_global_seed(seed)
            if generator is not None:
                eager._rng = generator


def is_deterministic() -> bool:
    """Return whether `make_deterministic` has been called in this process."""
    import tensorflow as tf

    threads = (
        tf.config.threading.get_intra_op_parallelism_threads(),
        tf.config.threading.get_inter_op_parallelism_threads(),
    )
    return threads == (1, 1)
