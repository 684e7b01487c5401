"""Swap two folders atomically, where the system can."""

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
RENAME_SWAP = 2


def exchange(first: Path, second: Path) -> bool:
    """Swap two folders of one file system; at no moment is either path without a folder.

    Args:
        first: an existing path.
        second: an existing path.

    Returns:
        False where the system or the file system cannot; nothing is changed then.
    """
    call = _system_call()
    return call is not None and call(os.fsencode(first), os.fsencode(second)) == 0


@functools.cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """The call of this system, of Linux or macOS; None where there is none."""
    if sys.platform not in ("linux", "darwin"):
        return None
    library = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        library.renameat2.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
        return lambda first, second: library.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        library.renamex_np.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint]
        return lambda first, second: library.renamex_np(first, second, RENAME_SWAP)
    return None
