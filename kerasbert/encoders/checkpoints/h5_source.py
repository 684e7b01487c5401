"""Reader of `tf_model.h5`, the file that transformers' TensorFlow classes wrote."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, UnsafeArtifactError
from kerasbert.encoders.checkpoints.source import FAMILY_PREFIXES, MOST_TENSORS, TensorSource, unique_names
from kerasbert.encoders.checkpoints.tensorflow_names import from_tensorflow

# The first whose reader no crafted file makes write beyond its memory (CVE-2026-26200).
FIRST_SAFE_HDF5 = (1, 14, 4)
DEEPEST = 20
# A kernel and its bias share a group; their layer has one more.
MOST_GROUPS = MOST_TENSORS
FAMILY_SCOPES = tuple(prefix.replace(".", "/") for prefix in FAMILY_PREFIXES)
# A data set that claims more than this is compared with what the file stores of it.
UNCHECKED_BYTES = 1024 * 1024
MOST_COMPRESSED = 4


class Dataset(NamedTuple):
    """A tensor in the file: its path, shape and dtype, and whether it is (in, out), where PyTorch has (out, in)."""

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    transposed: bool


class H5Source(TensorSource):
    """Tensors of an HDF5 file; links to other places are refused, and shapes are known before anything is allocated.

    The file is open only while it is looked at: HDF5 gives an open file again instead of one that has replaced it.

    Raises:
        CheckpointError: when it is no readable HDF5 file, or claims more than it stores.
        UnsafeArtifactError: when it holds an external, soft or virtual link.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(repr(str(file)))
        self.file = file
        with self._opened() as handle:
            tensors = list(self._tensors(handle))
        # A head that shares the word embeddings repeats them in its own group; the encoder's are in the family's.
        own = [(name, dataset) for name, dataset in tensors if dataset.path.startswith(FAMILY_SCOPES)]
        self.by_name: dict[str, Dataset] = dict(tensors) | unique_names(own, self.origin)

    def shape(self, name: str) -> tuple[int, ...]:
        dataset = self.by_name[name]
        return dataset.shape[::-1] if dataset.transposed else dataset.shape

    def read(self, name: str) -> np.ndarray:
        dataset = self.by_name[name]
        if dataset.dtype.kind != "f":
            raise CheckpointError(f"{self.origin}: {name} must be of floating-point numbers; got {dataset.dtype}.")
        with self._opened() as handle:
            value = np.asarray(handle[dataset.path][()]).astype(np.float32)
        return value.T if dataset.transposed else value

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        import h5py

        if tuple(h5py.version.hdf5_version_tuple) < FIRST_SAFE_HDF5:
            raise CheckpointError(
                f"{self.origin} needs HDF5 >= 1.14.4 to be opened safely; h5py {h5py.__version__} brings "
                f"{h5py.version.hdf5_version}. Update h5py to 3.13 or later."
            )
        try:
            with h5py.File(self.file, "r") as handle:
                yield handle
        except CheckpointError:
            raise
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            # HDF5's own words; which kind of error it is depends on where the file is damaged.
            raise CheckpointError(
                f"{self.origin} is not a readable HDF5 file ({shorten(str(error))}); copy it again."
            ) from error

    def _tensors(self, handle: Any) -> Iterator[tuple[str, Dataset]]:
        for number, (path, dataset) in enumerate(self._walk(handle, "", set())):
            if number == 2 * MOST_TENSORS:
                raise CheckpointError(f"{self.origin}: at most {number} tensors are read; it holds more.")
            self._check_stored(path, dataset)
            name, transposed = from_tensorflow(path)
            yield name, Dataset(path, tuple(dataset.shape), dataset.dtype, transposed)

    def _check_stored(self, path: str, dataset: Any) -> None:
        if dataset.shape is None:
            raise CheckpointError(f"{self.origin}: {path} holds no numbers; copy the file again.")
        stored = dataset.id.get_storage_size()
        if dataset.nbytes > max(UNCHECKED_BYTES, MOST_COMPRESSED * stored):
            raise CheckpointError(
                f"{self.origin}: {path} claims {dataset.nbytes} bytes and stores {stored}; no weights are like that."
            )

    def _walk(self, group: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
        import h5py

        # A group of two names, a few levels deep, would make the walk as good as endless.
        if hash(group.id) in seen:
            raise CheckpointError(f"{self.origin}: the group {path[:80]!r} has two names; no weights are like that.")
        if len(seen) == MOST_GROUPS:
            raise CheckpointError(f"{self.origin}: at most {MOST_GROUPS} groups are read; it holds more.")
        if path.count("/") > DEEPEST:
            raise CheckpointError(f"{self.origin}: groups must be at most {DEEPEST} deep; got more at {path[:80]!r}.")
        seen.add(hash(group.id))
        for key in group:
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise UnsafeArtifactError(f"{self.origin}: {path}/{key} is a link to another place; refused.")
            member = group[key]
            if isinstance(member, h5py.Group):
                yield from self._walk(member, f"{path}/{key}", seen)
            elif isinstance(member, h5py.Dataset):
                if member.is_virtual or member.external:
                    raise UnsafeArtifactError(f"{self.origin}: {path}/{key} has its data in another file; refused.")
                yield f"{path}/{key}".lstrip("/"), member
