"""Atomic writing of folders and files: a reader sees the old version or the new one, never a mix."""

import contextlib
import errno
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import final

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError, KerasbertWarning, UnsafeArtifactError
from kerasbert._core.locks import write_locked
from kerasbert._core.manifest import obstacle, remove_listed, write_manifest
from kerasbert._core.manifest import sha256_of as sha256_of
from kerasbert._core.manifest import verify_manifest as verify_manifest
from kerasbert._core.manifest import words_for as words_for
from kerasbert._core.paths import check_inside, local_output
from kerasbert._core.staging import StagingFolder, exchange, recover_folder

# The disk is full, read-only or broken, or has a quota or size limit.
DISK_ERRORS = {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS}
TAKEN = {errno.EEXIST, errno.ENOTDIR, errno.ENOTEMPTY}
# Contained in every single file that kerasbert writes, so that it can be recognised.
FILE_MARK = b"written-by-kerasbert"
MARK_BYTES = 64 * 1024


def checked_member(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder; links are followed as `stays_inside` allows.

    Raises:
        UnsafeArtifactError: when the name or the link leads out of the folder.
        CheckpointError: when there is no such file.
    """
    if Path(name).name != name or name in ("", ".", "..") or "\\" in name:
        raise UnsafeArtifactError(
            f"{str(folder)!r}: {shorten(name)} must be a bare file name; it leads out of the folder."
        )
    file = folder / name
    if "\0" not in name:
        check_inside(folder, file)
    if not file.is_file():
        raise CheckpointError(f"{str(file)!r} is missing; copy the folder again.")
    return file


def check_output(path: str | os.PathLike[str], overwrite: bool, *, kind: str) -> Path:
    """Check, before any work is done, that a folder can be written; return its absolute path, of a link its target.

    Only a folder with a manifest of the same kind that lists all its files is ever replaced. An empty folder is filled.

    Raises:
        ArtifactError: when the path is a URL or a file, holds something else, exists and `overwrite` is False, or its
            parent is not writable.
    """
    path = local_output(path)
    recover_folder(path)
    try:
        _check_place(path, overwrite, kind)
        _check_parent(path)
    except OSError as error:
        raise ArtifactError(f"Output folder {str(path)!r} cannot be made: {error.strerror}.") from error
    return path


def _check_place(path: Path, overwrite: bool, kind: str) -> None:
    if os.path.lexists(path) and not path.is_dir():
        what = "file" if path.is_file() else "device or pipe"
        raise ArtifactError(f"Output folder {str(path)!r} is an existing {what}; choose another name.")
    if not path.is_dir():
        return
    if Path(os.path.realpath(path)) in (here := Path(os.path.realpath(os.curdir)), *here.parents):
        raise ArtifactError(
            f"Output folder {str(path)!r} is the current folder, or one that it is in; choose another name."
        )
    trouble = obstacle(path, kind)
    if trouble is not None:
        raise ArtifactError(f"Output folder {str(path)!r} {trouble}; choose another name.")
    if not overwrite and any(path.iterdir()):
        raise ArtifactError(
            f"Output folder {str(path)!r} already holds {words_for(kind)}; choose another name, or pass --overwrite "
            f"(overwrite=True in Python) to replace it."
        )


def _check_parent(path: Path) -> None:
    existing = path.parent
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ArtifactError(f"Output folder {str(path)!r} cannot be made: {str(existing)!r} is not a writable folder.")


@final
class FolderWriter:
    """A context manager that writes a folder atomically and gives the staging folder to fill.

    On success its files are listed in `manifest.json` and flushed to disk, and it takes the place of an existing folder in
    one step if the system can. On any error it is deleted, and an existing folder is left as it was.

    Args:
        next_path: gives another path if this one was taken meanwhile; None raises an error.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        kind: str,
        overwrite: bool = False,
        next_path: Callable[[], str | os.PathLike[str]] | None = None,
    ) -> None:
        self.kind, self.overwrite, self.next_path = kind, overwrite, next_path
        self.path = check_output(path, overwrite, kind=kind)

    def __enter__(self) -> Path:
        with disk_errors(self.path, None):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._staging = StagingFolder(self.path).__enter__()
        try:
            with disk_errors(self.path, self._staging.folder):
                self._staging.new.mkdir()
        except BaseException:
            self._staging.__exit__()
            raise
        return self._staging.new

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with disk_errors(self.path, self._staging.folder):
                if error is None:
                    self._publish()
                elif isinstance(error, OSError):
                    raise error
        finally:
            self._staging.__exit__()

    def _publish(self) -> None:
        write_manifest(self._staging.new, self.kind)
        _flush_to_disk(self._staging.new)
        while True:
            try:
                self._take_place()
                return
            except OSError as error:
                if error.errno not in TAKEN:
                    raise
                if self.next_path is None:
                    raise ArtifactError(
                        f"Output folder {str(self.path)!r} was made by somebody else meanwhile; choose another name."
                    ) from error
                self.path = local_output(self.next_path())

    def _take_place(self) -> None:
        new, old = self._staging.new, self._staging.old
        if not self.overwrite or not os.path.lexists(self.path) or not any(self.path.iterdir()):
            # Fails if another process wrote a folder in the meantime.
            os.rename(new, self.path)
            return
        _check_place(self.path, self.overwrite, self.kind)
        with write_locked(self.path):
            if exchange(new, self.path):
                os.rename(new, old)
            else:
                os.rename(self.path, old)
                try:
                    os.rename(new, self.path)
                except OSError:
                    os.rename(old, self.path)
                    raise
            flush(self.path.parent)
            if not remove_listed(old):
                warnings.warn(
                    f"What was put into {str(self.path)!r} while it was replaced is in {str(old)!r} now.",
                    KerasbertWarning,
                    stacklevel=5,
                )


def atomic_dir_write(path: str | os.PathLike[str], *, kind: str, overwrite: bool = False) -> FolderWriter:
    """Return a context manager that writes a folder atomically; see `FolderWriter`."""
    return FolderWriter(path, kind=kind, overwrite=overwrite)


def check_output_file(path: str | os.PathLike[str], overwrite: bool = True, *, known: bool = False) -> Path:
    """Check, before any work is done, that a file can be written; return its absolute path, of a link its target.

    Only a regular file that contains `FILE_MARK`, or is `known` to be kerasbert's, is ever replaced.

    Raises:
        ArtifactError: when the path is a URL, a folder, a device or a foreign file, exists and `overwrite` is False, or
            its folder is not writable.
    """
    path = local_output(path)
    if path.is_dir() or (os.path.lexists(path) and not path.is_file()):
        raise ArtifactError(f"Output file {str(path)!r} is a folder or a device; choose another name.")
    if path.is_file() and not overwrite:
        raise ArtifactError(f"Output file {str(path)!r} exists; choose another name, or pass overwrite=True.")
    if path.is_file() and not known and not _is_marked(path):
        raise ArtifactError(f"Output file {str(path)!r} exists and was not written by kerasbert; choose another name.")
    if not path.parent.is_dir():
        raise ArtifactError(f"Output file {str(path)!r} cannot be made: its folder does not exist.")
    if not os.access(path.parent, os.W_OK):
        raise ArtifactError(f"Output file {str(path)!r} cannot be made: its folder is not writable.")
    return path


@contextlib.contextmanager
def atomic_file_write(path: str | os.PathLike[str], *, overwrite: bool = True, known: bool = False) -> Iterator[Path]:
    """Write a file atomically: yield the staged file, which must contain `FILE_MARK`; see `check_output_file`."""
    path = check_output_file(path, overwrite, known=known)
    with contextlib.ExitStack() as stack:
        with disk_errors(path, None):
            folder = stack.enter_context(StagingFolder(path)).folder
        with disk_errors(path, folder):
            yield folder / path.name
            flush(folder / path.name)
            os.replace(folder / path.name, path)


def write_tensors(file: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write a safetensors file that PyTorch reads; raises OSError on disk errors."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file({name: np.asarray(one, order="C") for name, one in tensors.items()}, file, metadata={"format": "pt"})
    except SafetensorError as error:
        # The library wraps disk errors in its own class.
        found = re.search(r"\(os error (\d+)\)", str(error))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number), str(file)) from error


@contextlib.contextmanager
def disk_errors(path: Path, staging: Path | None, *, after: str = "what was there is as it was") -> Iterator[None]:
    """Turn disk errors of writing into `ArtifactError`; errors of other files that are read meanwhile stay.

    Args:
        path: the output.
        staging: where it is written; None: every error is one of writing.
        after: what is said of the state in which the output is left.
    """
    try:
        yield
    except OSError as error:
        named = isinstance(error.filename, (str, os.PathLike)) and staging is not None
        if staging is not None and error.errno not in DISK_ERRORS:
            if not named or not Path(error.filename).is_relative_to(staging):
                raise
        raise ArtifactError(
            f"{str(path)!r} could not be written: {error.strerror or error}. Make room, or choose a place that may be "
            f"written; {after}."
        ) from error


def _is_marked(file: Path) -> bool:
    with open(file, "rb") as stream:
        start = stream.read(MARK_BYTES)
        stream.seek(max(file.stat().st_size - MARK_BYTES, 0))
        return FILE_MARK in start or FILE_MARK in stream.read(MARK_BYTES)


def _flush_to_disk(folder: Path) -> None:
    mode = 0o666 & ~_umask()
    for path in [*folder.rglob("*"), folder]:
        if path.is_file():
            # Some writers make private files; give them the user's default permissions.
            path.chmod(mode)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def flush(path: Path) -> None:
    """Flush a file or folder to disk, where the file system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
