"""The staging folder beside an output, in which it is written; what killed writers left behind is cleaned up.

.tmp-NAME-1a2b3c4d/
    kerasbert.lock     locked while the writer lives
    new/               the new folder (a single file has its final name instead)
    old/               the replaced folder, until it is deleted
"""

import contextlib
import ctypes
import functools
import hashlib
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, final

from kerasbert._core.errors import ArtifactError
from kerasbert._core.locks import PATIENCE_SECONDS, PAUSE_SECONDS, has_locks, try_lock
from kerasbert._core.manifest import read_manifest, remove_listed

LOCK_FILE = "kerasbert.lock"
LOCK_CONTENT = b"kerasbert writes here\n"
NEW, OLD = "new", "old"
LONGEST_NAME = 150
MOST_TRIES = 100
# Flags of renameat2 (Linux) and renamex_np (macOS).
AT_FDCWD = -100
RENAME_EXCHANGE = 2
RENAME_SWAP = 2


@final
class StagingFolder:
    """A context manager: the staging folder of an output, whose parent exists, made on entry and deleted on exit."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        clear_leftovers(self.path)
        self.folder, self._lock = _make(self.path)
        self.new, self.old = self.folder / NEW, self.folder / OLD
        return self

    def __exit__(self, *error: object) -> None:
        try:
            _clear(self.folder, self.path)
        finally:
            os.close(self._lock)


def clear_leftovers(path: Path) -> None:
    """Delete staging folders of killed writers; restore the old folder if one died between two renames.

    Only folders with the name, lock file and owner of a staging folder are touched, and only if their lock is free.
    """
    for folder in _staging_folders(path):
        descriptor = _open_lock(folder)
        if descriptor is None:
            # Its writer was killed before it made the lock; any other folder is not empty.
            _remove_if_empty(folder)
            continue
        try:
            if try_lock(descriptor):
                _clear(folder, path)
        finally:
            os.close(descriptor)


def recover_folder(path: Path) -> None:
    """Before reading a missing folder, wait for a writer between two renames, or restore what a killed one moved."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not os.path.lexists(path) and any((one / OLD).is_dir() for one in _staging_folders(path)):
        clear_leftovers(path)
        if os.path.lexists(path) or time.monotonic() > end:
            return
        time.sleep(PAUSE_SECONDS)


def _make(path: Path) -> tuple[Path, int]:
    for _ in range(MOST_TRIES):
        folder = path.parent / f"{_stem(path)}{uuid.uuid4().hex[:8]}"
        os.mkdir(folder)
        try:
            descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileNotFoundError:
            # Another writer deleted it as a leftover.
            continue
        os.write(descriptor, LOCK_CONTENT)
        if try_lock(descriptor) and (folder / LOCK_FILE).is_file():
            return folder, descriptor
        os.close(descriptor)
    raise ArtifactError(f"No folder beside {str(path)!r} stays; stop what removes it.")


def _stem(path: Path) -> str:
    name = path.name
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".tmp-{name}-"


def _staging_folders(path: Path) -> Iterator[Path]:
    stem = _stem(path)
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return
    for name in names:
        if name.startswith(stem) and re.fullmatch("[0-9a-f]{8}", name[len(stem) :]):
            folder = path.parent / name
            if folder.is_dir() and not folder.is_symlink() and _is_own(folder):
                yield folder


def _is_own(folder: Path) -> bool:
    user = getattr(os, "geteuid", lambda: None)()
    try:
        return user is None or folder.stat().st_uid == user
    except OSError:
        return False


def _open_lock(folder: Path) -> int | None:
    """Open the lock file of a staging folder; None if there is none or locks are not supported."""
    file = folder / LOCK_FILE
    if not has_locks or file.is_symlink() or not file.is_file():
        return None
    try:
        descriptor = os.open(file, os.O_RDWR)
    except OSError:
        return None
    if LOCK_CONTENT.startswith(os.read(descriptor, len(LOCK_CONTENT) + 1)):
        return descriptor
    os.close(descriptor)
    return None


def _clear(folder: Path, path: Path) -> None:
    """Delete a staging folder, its lock last."""
    old, new = folder / OLD, folder / NEW
    if old.is_dir() and not os.path.lexists(path):
        _rename(old, path)
    if new.is_dir() and _is_written(new):
        # After an exchange this is the replaced folder, of which only listed files are deleted.
        _rename(new, old)
    if old.is_dir():
        remove_listed(old)
    if new.is_dir():
        shutil.rmtree(new, ignore_errors=True)
    _unlink(folder / path.name)
    with contextlib.suppress(OSError):
        if set(os.listdir(folder)) <= {LOCK_FILE}:
            _unlink(folder / LOCK_FILE)
            _remove_if_empty(folder)


def _is_written(folder: Path) -> bool:
    """Whether a folder has a manifest, which is written last."""
    try:
        read_manifest(folder)
    except ArtifactError:
        return False
    return True


def _rename(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)
    except OSError:
        return


def _unlink(file: Path) -> None:
    try:
        os.unlink(file)
    except OSError:
        return


def _remove_if_empty(folder: Path) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        return


def exchange(first: Path, second: Path) -> bool:
    """Swap two existing folders atomically; False, with nothing changed, where that is not supported."""
    call = _system_call()
    return call is not None and call(os.fsencode(first), os.fsencode(second)) == 0


@functools.cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """Return the system call that swaps two paths, or None."""
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
