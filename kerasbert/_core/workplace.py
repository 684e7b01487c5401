"""The temporary folder beside an output, in which it is written; what a killed writer left is cleared.

.tmp-NAME-1a2b3c4d/
    kerasbert.lock     held while the writer lives
    new/               what is written; instead, a file of the name that it will have
    old/               what was there before, once the new one has taken its place
"""

import contextlib
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Self, final

from kerasbert._core.errors import ArtifactError
from kerasbert._core.manifest import read_manifest, remove_listed
from kerasbert._core.turns import PATIENCE_SECONDS, PAUSE_SECONDS, has_locks, try_lock

LOCK_FILE = "kerasbert.lock"
LOCK_CONTENT = b"kerasbert writes here\n"
NEW, OLD = "new", "old"
LONGEST_NAME = 150
MOST_TRIES = 100


@final
class Workplace:
    """A context manager: made when it is entered, and gone with all that is in it when it is left.

    Args:
        path: where something is to appear; its folder exists.

    Raises:
        OSError: when nothing can be made there.
    """

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
    """Remove what killed writers left beside a place; where one died between two renames, the old folder is put back.

    Only what has the name, the lock file and the owner of a writer's folder is looked at, and only if its lock is free.

    Args:
        path: where something is to appear.
    """
    for folder in _workplaces(path):
        descriptor = _open_lock(folder)
        if descriptor is None:
            # Of a writer that was killed before it made its lock; any other is not empty.
            _remove_if_empty(folder)
            continue
        try:
            if try_lock(descriptor):
                _clear(folder, path)
        finally:
            os.close(descriptor)


def put_back(path: Path) -> None:
    """Where nothing is at a place because a writer is between two renames, wait for it, or put back what a killed one took.

    Args:
        path: of a folder that is to be read.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while not os.path.lexists(path) and any((one / OLD).is_dir() for one in _workplaces(path)):
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
            # Another writer took it for a leftover.
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


def _workplaces(path: Path) -> Iterator[Path]:
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
    """The lock file of a writer, opened; None where there is none, or no lock can be trusted."""
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
    """Empty a writer's folder and remove it; its lock goes last."""
    old, new = folder / OLD, folder / NEW
    if old.is_dir() and not os.path.lexists(path):
        _rename(old, path)
    if new.is_dir() and _is_written(new):
        # Perhaps what was there before, because the two change places in one step: only what is listed is ours.
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
    """Whether a folder has a manifest, which is the last thing that a writer writes."""
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
