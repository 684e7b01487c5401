"""Memory that one step frees is there for the next one."""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Any

# Parameters of glibc's mallopt(3).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
KEEP = {MMAP_THRESHOLD: 2_000_000_000, TRIM_THRESHOLD: 2_000_000_000, TOP_PAD: 200_000_000}
# Where glibc's own adjustment ends up in a process that has freed large arrays.
GIVE_BACK = {MMAP_THRESHOLD: 32 << 20, TRIM_THRESHOLD: 64 << 20, TOP_PAD: 0}


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """While it lasts, freed memory stays with the process instead of going back to the system.

    A training step frees and takes again hundreds of megabytes. Each time the system hands them out page by page, all
    zeroed, which takes a tenth of a step. Where the C library is not glibc nothing changes.

    Example:
        >>> with kept_memory():
        ...     trained = True
    """
    library = _glibc()
    if library is None:
        yield
        return
    _set(library, KEEP)
    try:
        yield
    finally:
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
