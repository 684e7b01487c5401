"""Whole-folder and whole-file writing: a reader sees the old one or the new one, never half of either."""

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
from kerasbert._core.exchange import exchange
from kerasbert._core.links import check_inside
from kerasbert._core.locations import local_output
from kerasbert._core.manifest import KINDS as KINDS
from kerasbert._core.manifest import obstacle, remove_listed, write_manifest
from kerasbert._core.manifest import sha256_of as sha256_of
from kerasbert._core.manifest import verify_manifest as verify_manifest
from kerasbert._core.turns import no_reader
from kerasbert._core.workplace import Workplace, put_back

# A disk that is full, refuses the write or allows no such size.
DISK_ERRORS = {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS}
TAKEN = {errno.EEXIST, errno.ENOTDIR, errno.ENOTEMPTY}
# Stands in every file of its own that kerasbert writes, other than in a folder.
FILE_MARK = b"written-by-kerasbert"
MARK_BYTES = 64 * 1024


def checked_member(folder: Path, name: str) -> Path:
    """A file of a folder, if its name stays inside.

    Links are followed where `stays_inside` says so, such as those of Hugging Face's cache.

    Raises:
        UnsafeArtifactError: when the name or the link leads out.
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
    """Refuse, before any work is done, an output folder that could not be written or must not be replaced.

    Only a folder whose manifest is kerasbert's, that is of the same kind, and of which every file is listed there is ever
    replaced; an empty folder is filled.

    Args:
        path: folder to be written.
        overwrite: whether such a folder may be replaced.
        kind: a key of `KINDS`.

    Returns:
        The path, absolute; of a link the folder that it names.

    Raises:
        ArtifactError: when the path is an address or a file, holds something else, exists and `overwrite` is False, or its
            parent cannot be written.
    """
    path = local_output(path)
    put_back(path)
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
            f"Output folder {str(path)!r} already holds {KINDS[kind].words}; choose another name, or pass --overwrite "
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
    """A context manager that writes a folder beside its final place and lets it appear when it is whole.

    Files are flushed to disk and listed in `manifest.json` (kind, size and SHA-256 of each) before. Where there is a folder
    already, the two change places in one step if the system can. On any error what was written is removed and an existing
    folder is left as it was.

    Args:
        path: the folder to appear; afterwards the one that did.
        kind: a key of `KINDS`.
        overwrite: whether a folder of this kind may be replaced.
        next_path: gives another path when somebody else has taken this one meanwhile; None: an error.

    Raises:
        ArtifactError: as `check_output`, and when the disk is full or refuses the write.
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
        with _told(self.path, None):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._workplace = Workplace(self.path).__enter__()
        try:
            with _told(self.path, self._workplace.folder):
                self._workplace.new.mkdir()
        except BaseException:
            self._workplace.__exit__()
            raise
        return self._workplace.new

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _told(self.path, self._workplace.folder):
                if error is None:
                    self._publish()
                elif isinstance(error, OSError):
                    raise error
        finally:
            self._workplace.__exit__()

    def _publish(self) -> None:
        write_manifest(self._workplace.new, self.kind)
        _flush_to_disk(self._workplace.new)
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
        new, old = self._workplace.new, self._workplace.old
        if not self.overwrite or not os.path.lexists(self.path) or not any(self.path.iterdir()):
            # A folder that someone else wrote in the meantime makes this fail.
            os.rename(new, self.path)
            return
        _check_place(self.path, self.overwrite, self.kind)
        with no_reader(self.path):
            if exchange(new, self.path):
                os.rename(new, old)
            else:
                os.rename(self.path, old)
                try:
                    os.rename(new, self.path)
                except OSError:
                    os.rename(old, self.path)
                    raise
            _flush(self.path.parent)
            if not remove_listed(old):
                warnings.warn(
                    f"What was put into {str(self.path)!r} while it was replaced is in {str(old)!r} now.",
                    KerasbertWarning,
                    stacklevel=5,
                )


def atomic_dir_write(path: str | os.PathLike[str], *, kind: str, overwrite: bool = False) -> FolderWriter:
    """Write a folder beside its final place and let it appear when it is whole; see `FolderWriter`.

    Args:
        path: the folder to appear.
        kind: a key of `KINDS`.
        overwrite: whether a folder of this kind may be replaced.

    Returns:
        A context manager that gives the folder to fill.

    Raises:
        ArtifactError: as `FolderWriter`.
    """
    return FolderWriter(path, kind=kind, overwrite=overwrite)


def check_output_file(path: str | os.PathLike[str], overwrite: bool = True, *, known: bool = False) -> Path:
    """Refuse, before any work is done, an output file that could not be written or must not be replaced.

    Only a regular file that bears the mark of kerasbert is ever replaced.

    Args:
        path: file to be written.
        overwrite: whether such a file may be replaced.
        known: whether an existing file is known to be kerasbert's, also without the mark.

    Returns:
        The path, absolute; of a link the file that it names.

    Raises:
        ArtifactError: when the path is an address, a folder, a device or another's file, exists and `overwrite` is False, or
            its folder cannot be written.
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
    """Write a file beside its final place and rename it when it is whole.

    Args:
        path: the file to appear.
        overwrite: whether a file of kerasbert's may be replaced.
        known: as for `check_output_file`.

    Yields:
        The file to write, of the same name in another folder; it must bear `FILE_MARK`.

    Raises:
        ArtifactError: as `check_output_file`, and when the disk is full or refuses the write.
    """
    path = check_output_file(path, overwrite, known=known)
    with contextlib.ExitStack() as stack:
        with _told(path, None):
            folder = stack.enter_context(Workplace(path)).folder
        with _told(path, folder):
            yield folder / path.name
            _flush(folder / path.name)
            os.replace(folder / path.name, path)


def write_tensors(file: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write a safetensors file as PyTorch reads it.

    Args:
        file: to appear.
        tensors: by name, of any shapes.

    Raises:
        OSError: when the disk is full or refuses the write.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file({name: np.asarray(one, order="C") for name, one in tensors.items()}, file, metadata={"format": "pt"})
    except SafetensorError as error:
        # Its own class, of an error that is nobody's but the disk's.
        found = re.search(r"\(os error (\d+)\)", str(error))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number), str(file)) from error


@contextlib.contextmanager
def _told(path: Path, workplace: Path | None) -> Iterator[None]:
    """Context: an error of the disk becomes one of ours; of what is read in between, it stays."""
    try:
        yield
    except OSError as error:
        named = isinstance(error.filename, (str, os.PathLike)) and workplace is not None
        if workplace is not None and error.errno not in DISK_ERRORS:
            if not named or not Path(error.filename).is_relative_to(workplace):
                raise
        raise ArtifactError(
            f"{str(path)!r} could not be written: {error.strerror or error}. Make room, or choose a place that may be "
            f"written; what was there is as it was."
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
            # Some writers make private files; a saved model is as readable as any file of this user.
            path.chmod(mode)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _flush(path: Path) -> None:
    """Flush published files to disk; a file system without such a call is ignored."""
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
