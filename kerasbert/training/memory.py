"""Memory that one step frees is there for the next one."""

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

# Parameters of glibc's mallopt(3).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
KEEP = {MMAP_THRESHOLD: 2_000_000_000, TRIM_THRESHOLD: 2_000_000_000, TOP_PAD: 200_000_000}
# The environment's names for them.
SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_")
# Where glibc's own adjustment ends up in a process that has freed large arrays.
GIVE_BACK = {MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 64 << 20, TOP_PAD: 0}

_lock = threading.Lock()
# One entry for each training under way.
_running: list[int] = []


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """While it lasts, freed memory stays with the process instead of going back to the system.

    A training step frees and takes again hundreds of megabytes. Each time the system hands them out page by page, all
    zeroed, which takes a tenth of a step. Where the C library is not glibc nothing changes, nor where the environment says
    how memory is kept (`MALLOC_TRIM_THRESHOLD_` and its siblings, `GLIBC_TUNABLES`). Of trainings side by side the last
    one to end gives the memory back.
    """
    library = _glibc()
    if library is None or _is_settled(os.environ):
        yield
        return
    _enter(library)
    try:
        yield
    finally:
        _leave(library)


def _is_settled(environment: Mapping[str, str]) -> bool:
    """Return whether the user decided how memory is kept: glibc tells no one what is set, to put it back."""
    return any(name in environment for name in SETTINGS) or "glibc.malloc" in environment.get("GLIBC_TUNABLES", "")


def _enter(library: Any) -> None:
    with _lock:
        if not _running:
            _set(library, KEEP)
        _running.append(1)


def _leave(library: Any) -> None:
    with _lock:
        _running.pop()
        if not _running:
            _set(library, GIVE_BACK)
            library.malloc_trim(0)


def _glibc() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "gnu_get_libc_version") else None


def _set(library: Any, values: dict[int, int]) -> None:
    for parameter, value in values.items():
        library.mallopt(parameter, value)
