"""Detect a process that was forked after models were in use, before it hangs."""

import os

from kerasbert._core.errors import ConfigError

_first_used_in: list[int] = []


def note_process() -> None:
    """Record the first process that uses a model."""
    if not _first_used_in:
        _first_used_in.append(os.getpid())


def check_process(backend: str) -> None:
    """Refuse to run in a process forked after a model was used.

    A fork does not copy the threads of TensorFlow and JAX, so that waiting for them never ends. PyTorch is not affected.
    """
    if backend == "torch" or not _first_used_in or _first_used_in[0] == os.getpid():
        return
    raise ConfigError(
        f"A model was in use in process {_first_used_in[0]} before this one, {os.getpid()}, was forked from it, where "
        f"{backend} would hang. Load the model in the worker (gunicorn without --preload, or in its post_fork), start "
        f"processes with multiprocessing.get_context('spawn'), or use threads."
    )
