"""Whole-folder writing and checking: a reader sees the old folder or the new one, never half of either."""

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError, UnsafeArtifactError
from kerasbert._core.names import MANIFEST_FILE
from kerasbert._core.strict_json import read_json_object


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def checked_member(folder: Path, name: str) -> Path:
    """A file of a folder, if its name stays inside.

    A link is followed only where Hugging Face's cache puts it: from `snapshots/HASH/` into `blobs/` of the same
    repository.

    Raises:
        UnsafeArtifactError: when the name or the link leads out.
        CheckpointError: when there is no such file.
    """
    if Path(name).name != name or name in ("", ".", "..") or "\\" in name:
        raise UnsafeArtifactError(
            f"{str(folder)!r}: {shorten(name)} must be a bare file name; it leads out of the folder."
        )
    file = folder / name
    if file.is_symlink():
        # By os.path, because Path.resolve raises an error of its own where links go in a circle.
        target, inside = Path(os.path.realpath(file)), Path(os.path.realpath(folder))
        blobs = inside.parent.parent / "blobs"
        if target.parent != inside and not (inside.parent.name == "snapshots" and target.parent == blobs):
            raise UnsafeArtifactError(f"{str(file)!r} is a link that leads out of the folder; refused.")
    if not file.is_file():
        raise CheckpointError(f"{str(file)!r} is missing; copy the folder again.")
    return file


def check_output(path: str | os.PathLike[str], overwrite: bool) -> Path:
    """Refuse, before any work is done, an output folder that could not be written.

    Args:
        path: folder to be written.
        overwrite: whether an existing folder written by kerasbert may be replaced.

    Returns:
        The path, absolute.

    Raises:
        ArtifactError: when the path is a file, holds something else, exists and `overwrite` is False, or its parent
            cannot be written.
    """
    path = Path(path).absolute()
    if path.is_file():
        raise ArtifactError(f"Output folder {str(path)!r} is an existing file; choose another name.")
    if path.is_dir() and any(path.iterdir()):
        if not (path / MANIFEST_FILE).is_file():
            raise ArtifactError(
                f"Output folder {str(path)!r} exists and was not written by kerasbert; choose another name."
            )
        if not overwrite:
            raise ArtifactError(
                f"Output folder {str(path)!r} already holds a saved model; choose another name, or pass --overwrite "
                f"(overwrite=True in Python) to replace it."
            )
    existing = path.parent
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise ArtifactError(f"Output folder {str(path)!r} cannot be made: {str(existing)!r} is not a writable folder.")
    return path


@contextlib.contextmanager
def atomic_dir_write(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Write a folder beside its final place and rename it when it is whole.

    Files are flushed to disk and listed in `manifest.json` (size and SHA-256 of each) before the rename. On any error
    the temporary folder is removed and an existing folder is left as it was.

    Args:
        path: the folder to appear.
        overwrite: whether an existing folder written by kerasbert may be replaced.

    Yields:
        The temporary folder to fill.

    Raises:
        ArtifactError: as `check_output`.
        OSError: when the disk is full or refuses the write.
    """
    path = check_output(path, overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".tmp-{path.name}-{uuid.uuid4().hex[:8]}"
    beside.mkdir()
    try:
        yield beside
        _write_manifest(beside)
        _flush_to_disk(beside)
        _swap(beside, path, overwrite)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


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
        # Its own words, of an error that is nobody's but the disk's.
        raise OSError(f"{str(file)!r} could not be written: {error}") from error


def verify_manifest(path: Path, *, alone: bool = True) -> None:
    """Check that a folder holds exactly what its manifest lists, byte for byte.

    Args:
        path: the folder.
        alone: whether other files are refused too.

    Raises:
        ArtifactError: when the manifest is missing or malformed, a file is missing, cut, changed or a link, or there is
            a file that it does not list (hidden ones, which nothing here reads, apart).
    """
    entries = _read_manifest(path)
    for entry in entries:
        name = entry["path"]
        file = path / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ArtifactError(f"{str(path / MANIFEST_FILE)!r} lists {name!r}, which is outside the folder; refused.")
        if not file.is_file() or os.path.realpath(file) != os.path.join(os.path.realpath(path), name):
            raise ArtifactError(
                f"Saved model {str(path)!r} lacks the file {name!r} that its manifest lists; copy it again."
            )
        if file.stat().st_size != entry["size"] or sha256_of(file) != entry["sha256"]:
            raise ArtifactError(
                f"Saved model {str(path)!r} was changed or cut: {name!r} differs from its manifest (expected "
                f"{entry['size']} bytes, sha256 {entry['sha256'][:12]}...; got {file.stat().st_size} bytes). Copy it again."
            )
    if alone:
        _refuse_unlisted(path, {entry["path"] for entry in entries} | {MANIFEST_FILE})


def _read_manifest(path: Path) -> list[dict]:
    file = path / MANIFEST_FILE
    if not file.is_file():
        raise ArtifactError(
            f"{str(path)!r} holds no {MANIFEST_FILE}; it is not a folder saved by kerasbert, or was cut."
        )
    try:
        entries = read_json_object(file)["files"]
        well_formed = all(
            isinstance(entry["path"], str) and isinstance(entry["size"], int) and isinstance(entry["sha256"], str)
            for entry in entries
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{str(file)!r} is not a readable manifest ({error}); copy the folder again.") from error
    if not well_formed or not entries:
        raise ArtifactError(f"{str(file)!r} is not a readable manifest; copy the folder again.")
    return entries


def _refuse_unlisted(path: Path, listed: set[str]) -> None:
    for parent, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(parent).relative_to(path)
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in [*links, *files]:
            if not name.startswith(".") and (inside / name).as_posix() not in listed:
                raise ArtifactError(
                    f"Saved model {str(path)!r} holds {shorten((inside / name).as_posix())}, which its manifest does not "
                    f"list; move it elsewhere."
                )


def _write_manifest(folder: Path) -> None:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    entries = [
        {"path": file.relative_to(folder).as_posix(), "size": file.stat().st_size, "sha256": sha256_of(file)}
        for file in files
    ]
    (folder / MANIFEST_FILE).write_text(json.dumps({"files": entries}, indent=2) + "\n", encoding="utf-8")


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(beside: Path, path: Path, overwrite: bool) -> None:
    if not path.exists() or not overwrite:
        # A folder that someone else wrote in the meantime makes this fail.
        os.rename(beside, path)
        return
    old = beside.with_name(beside.name + "-old")
    os.rename(path, old)
    try:
        os.rename(beside, path)
    except OSError:
        os.rename(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)
