"""File locks between readers and writers of a folder, so that no reader mixes files of two versions."""

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

# How long to wait for a lock; afterwards a writer goes on, and a reader checks for changes.
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.002
MOST_READINGS = 100
has_locks = importlib.util.find_spec("fcntl") is not None


def read_locked(folder: Path, read: Callable[[], Result]) -> Result:
    """Call `read` while no writer replaces a folder.

    If the folder is replaced all the same, for example from another machine, it is read again, up to many times. A folder
    without a manifest is not locked.
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
    """Return the result of `read` in a list; an empty list, whatever its error, if the folder was replaced meanwhile."""
    before = identity(folder)
    try:
        result = read()
    except Exception:
        if identity(folder) == before:
            raise
        return []
    return [result] if identity(folder) == before else []


@contextlib.contextmanager
def write_locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock exclusively, after waiting for readers at most `PATIENCE_SECONDS`."""
    with _turn(folder, exclusive=True):
        yield


@contextlib.contextmanager
def file_locked(file: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made if it is missing, after waiting at most `PATIENCE_SECONDS` for it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not try_lock(descriptor) and time.monotonic() < end:
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, *, exclusive: bool = True) -> bool:
    """Lock an open file until the process ends; True also where the operating system has no locks."""
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
    """Hold the lock of the folder's manifest, if there is one that can be opened."""
    descriptor = _locked(folder, exclusive)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path, exclusive: bool) -> int | None:
    """Open and lock the manifest; after `PATIENCE_SECONDS` open it only. None if there is none."""
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
    """Identify the version of a folder by its manifest's inode, size and time; None if there is no manifest."""
    try:
        status = os.stat(folder / MANIFEST_FILE)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
