"""Files wherever Beam reads them: local ones as they are, those of a store as a copy that lives while it is used."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from kerasbert._core.errors import ArtifactError, DataError, KerasBertError
from kerasbert._core.manifest import read_manifest
from kerasbert._core.names import MANIFEST_FILE
from kerasbert._core.paths import ADDRESS, local_path


def is_remote(path: str) -> bool:
    """Whether a path is an address in a store, such as `gs://bucket/folder`."""
    found = ADDRESS.match(path)
    return found is not None and found[1].lower() != "file"


def as_address(path: str) -> str:
    """A path by which every worker finds it: an address as it is, a local path from the root."""
    return path if ADDRESS.match(path) else os.path.abspath(path)


@contextlib.contextmanager
def local_folder(folder: str, names: Sequence[str] = ()) -> Iterator[Path]:
    """Give a saved folder that lies on this machine: itself, or a temporary copy of one in a store.

    Args:
        folder: a local path, or an address that Beam's `FileSystems` reads.
        names: files to copy; none copies all that its manifest lists.

    Raises:
        ArtifactError: when it cannot be read, or its manifest lists a file outside of it.
    """
    if not is_remote(folder):
        yield local_path(folder, error=ArtifactError)
        return
    with tempfile.TemporaryDirectory(prefix="kerasbert-model-") as parent:
        copy = Path(parent)
        try:
            _fetch(FileSystems.join(folder, MANIFEST_FILE), copy / MANIFEST_FILE)
            # Its paths are checked to stay inside.
            for name in names or [entry.path for entry in read_manifest(copy).entries]:
                _fetch(FileSystems.join(folder, *name.split("/")), copy / name)
        except (OSError, ValueError) as error:
            raise ArtifactError(
                f"Saved model {folder!r} cannot be read: {str(error).replace(parent, folder)}."
            ) from error
        try:
            yield copy
        except KerasBertError as error:
            raise type(error)(str(error).replace(parent, folder)) from error


@contextlib.contextmanager
def local_file(path: str) -> Iterator[Path]:
    """Give a data file that lies on this machine: itself, or a temporary copy of one in a store.

    Raises:
        DataError: when it cannot be read.
    """
    if not is_remote(path):
        yield local_path(path, error=DataError)
        return
    with tempfile.TemporaryDirectory(prefix="kerasbert-data-") as parent:
        copy = Path(parent) / path.rsplit("/", 1)[-1]
        try:
            _fetch(path, copy)
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error}.") from error
        yield copy


def matching(pattern: str) -> list[str]:
    """The files that a pattern matches, local or in a store; none where there is no such folder."""
    try:
        (found,) = FileSystems.match([pattern])
    except BeamIOError as error:
        raise DataError(f"{pattern!r} cannot be listed: {error}.") from error
    return sorted(file.path for file in found.metadata_list)


def _fetch(address: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        FileSystems.open(address, compression_type=CompressionTypes.UNCOMPRESSED) as source,
        target.open("wb") as stream,
    ):
        shutil.copyfileobj(source, stream)
