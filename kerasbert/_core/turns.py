"""Locks between readers and writers of one folder, so that no reader mixes files of an old and a new one."""

import contextlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from kerasbert._core.errors import ArtifactError
from kerasbert._core.names import MANIFEST_FILE

Result = TypeVar("Result")

# How long one waits for the other; afterwards a writer goes on, and a reader reads again.
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.002
MOST_READINGS = 100
has_locks = importlib.util.find_spec("fcntl") is not None


def read_in_turn(folder: Path, read: Callable[[], Result]) -> Result:
    """Read the files of a folder while no writer replaces it.

    Where a writer does all the same, such as on another machine, it is read again.

    Args:
        folder: with a manifest; of a folder without one the reading is done at once.
        read: the reading; it opens files by their path.

    Returns:
        What `read` gives.

    Raises:
        ArtifactError: when the folder was replaced during each of many readings.
    """
    for _ in range(MOST_READINGS):
        with _turn(folder, exclusive=False):
            results = _read_once(folder, read)
        if results:
            return results[0]
        time.sleep(PAUSE_SECONDS)
    raise ArtifactError(
        f"{str(folder)!r} was replaced {MOST_READINGS} times while it was read; stop what writes there."
    )


def _read_once(folder: Path, read: Callable[[], Result]) -> list[Result]:
    """Run a read and return its result; nothing, not even its error, if the folder was replaced meanwhile."""
    before = identity(folder)
    try:
        result = read()
    except Exception:
        if identity(folder) == before:
            raise
        return []
    return [result] if identity(folder) == before else []


@contextlib.contextmanager
def no_reader(folder: Path) -> Iterator[None]:
    """Context: nobody reads a folder in turn.

    Args:
        folder: with a manifest.

    Yields:
        When the readers are done, or at the end of patience.
    """
    with _turn(folder, exclusive=True):
        yield


def try_lock(descriptor: int, *, exclusive: bool = True) -> bool:
    """Take a lock of the operating system, which goes with its process, however that ends.

    Args:
        descriptor: of an open file.
        exclusive: whether nobody else may hold it.

    Returns:
        False when somebody else holds it. True also where the system or the file system has no such locks.
    """
    if not has_locks:
        return True
    fcntl: Any = importlib.import_module("fcntl")
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _turn(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold the lock of the manifest that is at the path, as long as there is one that can be opened."""
    descriptor = _locked(folder, exclusive)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path, exclusive: bool) -> int | None:
    """The manifest, opened and locked, or at the end of patience opened only; None where there is none."""
    end = time.monotonic() + PATIENCE_SECONDS
    descriptor = _open(folder)
    while descriptor is not None and time.monotonic() < end:
        is_locked = try_lock(descriptor, exclusive=exclusive)
        if is_locked and _is_at(folder, descriptor):
            break
        if is_locked:
            os.close(descriptor)
            descriptor = _open(folder)
        else:
            time.sleep(PAUSE_SECONDS)
    return descriptor


def _open(folder: Path) -> int | None:
    try:
        return os.open(folder / MANIFEST_FILE, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None


def _is_at(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(folder / MANIFEST_FILE), os.fstat(descriptor))
    except OSError:
        return False


def identity(folder: Path) -> tuple[int, ...] | None:
    """What tells the folder at a path from one that takes its place: its manifest is another file.

    Args:
        folder: with a manifest.

    Returns:
        Numbers; None where there is no manifest.
    """
    try:
        status = os.stat(folder / MANIFEST_FILE)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
