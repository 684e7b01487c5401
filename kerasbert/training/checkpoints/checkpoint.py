"""A folder of checkpoints: each is one unit that is there whole or not at all, and the newest whole one is read."""

import json
import os
import re
import shutil
import uuid
from pathlib import Path
from typing import Any, NamedTuple, Self, final

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import atomic_dir_write, verify_manifest, write_tensors
from kerasbert._core.json_files import read_json_object
from kerasbert._core.locks import try_lock
from kerasbert._core.manifest import obstacle, remove_listed
from kerasbert._core.names import MANIFEST_FILE
from kerasbert._core.paths import local_output
from kerasbert._core.progress import announce

ARRAYS_FILE = "state.safetensors"
STATE_FILE = "state.json"
LOCK_FILE = ".lock"
FINISHED = "finished"
# Where the command puts the classifier of a training that diverged.
LAST_GOOD = "last_good"
KEPT = 2
LOCK_CONTENT = b"kerasbert keeps the checkpoints of a training here\n"
# What a training writes into its folder besides checkpoints.
WRITTEN = re.compile(r"(\.tmp-|damaged-[0-9a-f]{8}-)?batches\.csv")
DAMAGED = re.compile(r"damaged-(step-\d{9}|finished)-[0-9a-f]{8}")
LEFTOVER = re.compile(r"\.tmp-(step-\d{9}|finished)-[0-9a-z]+")
NAMES = (re.compile(r"step-\d{9}|finished|last_good"), WRITTEN, DAMAGED, LEFTOVER)


class Checkpoint(NamedTuple):
    """What one checkpoint holds: arrays by name, and plain data that JSON can hold."""

    arrays: dict[str, np.ndarray]
    state: dict[str, Any]


@final
class CheckpointFolder:
    """The checkpoints of one training run, held by one process at a time.

    A checkpoint is a folder of a file of arrays, a file of plain data and a manifest with the SHA-256 of both. It is written
    beside its place, flushed to disk and renamed, and only then an older one is removed; two are kept.

    Args:
        folder: created if it does not exist.
        writes: False only reads, and takes no notice of who writes.

    Raises:
        ArtifactError: when the folder cannot be made or written, is a file, or holds something else.
    """

    def __init__(self, folder: str | os.PathLike[str], *, writes: bool = True) -> None:
        self.writes = writes
        self.folder = local_output(folder)
        self._lock: int | None = None
        self._refuse_others()

    def __enter__(self) -> Self:
        if not self.writes:
            return self
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
            if not os.fstat(self._lock).st_size:
                os.write(self._lock, LOCK_CONTENT)
        except OSError as error:
            raise ArtifactError(
                f"Checkpoints cannot be written to {str(self.folder)!r}: {error.strerror}. Make room, or choose a folder "
                f"that this user may write."
            ) from error
        if not try_lock(self._lock):
            self.__exit__()
            raise ArtifactError(
                f"Another training is writing its checkpoints to {str(self.folder)!r}; wait for it, or choose another "
                f"folder."
            )
        for left in self.folder.iterdir():
            # The lock of the folder is held, so that whoever wrote these is dead.
            if LEFTOVER.fullmatch(left.name) and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
        return self

    def __exit__(self, *error: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def names(self) -> list[str]:
        """Return the checkpoints' names, the newest first: by number and not by time, because clocks move."""
        found = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        numbers = sorted((name for name in found if re.fullmatch(r"step-\d{9}", name)), reverse=True)
        return [name for name in found if name == FINISHED] + numbers

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint that is whole, or None; damaged ones are set aside, with a message.

        Raises:
            ArtifactError: when there are some, and none of them is whole.
        """
        names = self.names()
        for name in names:
            try:
                return _read(self.folder / name)
            except ArtifactError as error:
                announce(f"Checkpoint {str(self.folder / name)!r} is damaged ({error}); an older one is looked for.")
                if self.writes:
                    self._set_aside(name)
        if names:
            raise ArtifactError(
                f"None of the {len(names)} checkpoints in {str(self.folder)!r} is whole. Start afresh with resume=False "
                f"(--no-resume)."
            )
        return None

    def write(self, number: int | str, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, then remove all but the newest ones.

        Args:
            number: of steps done, or `FINISHED`; nothing is done when it is there already.
            checkpoint: what to write.
        """
        name = FINISHED if number == FINISHED else f"step-{int(number):09d}"
        if (self.folder / name).exists():
            return
        try:
            with atomic_dir_write(self.folder / name, kind="checkpoint") as beside:
                _write(beside, checkpoint)
        except (OSError, ArtifactError) as error:
            reason = getattr(error.__cause__ or error, "strerror", None) or error
            kept = next(iter(self.names()), None)
            older = f"{kept!r} is kept" if kept else "there is no older one"
            raise ArtifactError(
                f"Checkpoint {str(self.folder / name)!r} could not be written ({reason}); {older}. Make room "
                f"and run the same again: it continues."
            ) from error
        for old in self.names()[KEPT:]:
            self._remove(old)

    def clear(self) -> None:
        """Remove all checkpoints, to start afresh."""
        for name in self.names():
            self._remove(name)

    def dispose(self) -> None:
        """Remove what a training wrote here, the end of it last, and the folder if it is empty; not inside `with`."""
        with CheckpointFolder(self.folder) as own:
            for name in reversed(own.names()):
                own._remove(name)
            for path in own.folder.iterdir():
                if WRITTEN.fullmatch(path.name) and not path.is_dir():
                    path.unlink(missing_ok=True)
                elif DAMAGED.fullmatch(path.name) or (path.name == LAST_GOOD and obstacle(path, "classifier") is None):
                    remove_listed(path)
        left = [path.name for path in self.folder.iterdir() if path.name != LOCK_FILE]
        if left:
            announce(f"{str(self.folder)!r} is kept, because it holds {shorten(sorted(left))}.")
            return
        (self.folder / LOCK_FILE).unlink(missing_ok=True)
        self.folder.rmdir()

    def _remove(self, name: str) -> None:
        # Renamed first, so that what is left when the process dies here is no checkpoint.
        gone = self.folder / f".tmp-{name}-{uuid.uuid4().hex[:8]}"
        if obstacle(self.folder / name, "checkpoint") is not None:
            self._set_aside(name)
            return
        try:
            os.rename(self.folder / name, gone)
        except OSError:
            return
        remove_listed(gone)

    def _set_aside(self, name: str) -> None:
        try:
            os.rename(self.folder / name, self.folder / f"damaged-{name}-{uuid.uuid4().hex[:8]}")
        except OSError as error:
            raise ArtifactError(
                f"The damaged {str(self.folder / name)!r} cannot be set aside: {error.strerror}."
            ) from error

    def _refuse_others(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise ArtifactError(f"`checkpoint_dir` must be a folder; {str(self.folder)!r} is a file.")
        if self.folder.is_dir() and any(self.folder.iterdir()) and not self._is_own():
            raise ArtifactError(
                f"`checkpoint_dir` must be empty, or hold checkpoints of kerasbert; {str(self.folder)!r} holds something "
                f"else."
            )

    def _is_own(self) -> bool:
        """Return whether the lock file is ours; of an empty one, of an older kerasbert, whether all else is by its name."""
        lock = self.folder / LOCK_FILE
        if lock.is_symlink() or not lock.is_file():
            return False
        if lock.stat().st_size:
            with open(lock, "rb") as stream:
                return stream.read(len(LOCK_CONTENT) + 1) == LOCK_CONTENT
        others = [path.name for path in self.folder.iterdir() if path.name != LOCK_FILE]
        return all(any(pattern.fullmatch(name) for pattern in NAMES) for name in others)


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    write_tensors(folder / ARRAYS_FILE, checkpoint.arrays)
    (folder / STATE_FILE).write_text(json.dumps(checkpoint.state) + "\n", encoding="utf-8")


def _read(folder: Path) -> Checkpoint:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / MANIFEST_FILE).is_file():
        raise ArtifactError("it has no manifest")
    verify_manifest(folder)
    try:
        return Checkpoint(load_file(folder / ARRAYS_FILE), read_json_object(folder / STATE_FILE))
    except (SafetensorError, ConfigError, OSError) as error:
        raise ArtifactError(f"it cannot be read: {error}") from error
