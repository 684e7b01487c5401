"""Reader of `tf_model.h5`, the file that transformers' TensorFlow classes wrote."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, UnsafeArtifactError
from kerasbert.encoders.checkpoints.source import FAMILY_PREFIXES, TensorSource, unique_names
from kerasbert.encoders.checkpoints.tensorflow_names import from_tensorflow

DEEPEST = 20
FAMILY_SCOPES = tuple(prefix.replace(".", "/") for prefix in FAMILY_PREFIXES)
# A data set that claims more than this is compared with what the file stores of it.
UNCHECKED_BYTES = 1024 * 1024
MOST_COMPRESSED = 4


class H5Source(TensorSource):
    """Tensors of an HDF5 file; links to other places are refused, and shapes are known before anything is allocated.

    Args:
        file: path of the file.

    Raises:
        CheckpointError: when it is no readable HDF5 file.
        UnsafeArtifactError: when it holds an external, soft or virtual link.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(repr(str(file)))
        import h5py

        try:
            self.handle = h5py.File(file, "r")
        except OSError as error:
            raise CheckpointError(f"{self.origin} is not a readable HDF5 file; copy it again.") from error
        try:
            tensors = list(self._tensors())
        except (OSError, RuntimeError, KeyError, TypeError) as error:
            raise CheckpointError(f"{self.origin} is damaged ({shorten(str(error))}); copy it again.") from error
        # A head that shares the word embeddings repeats them in its own group; the encoder's are in the family's.
        own = [(name, tensor) for path, name, tensor in tensors if path.startswith(FAMILY_SCOPES)]
        self.datasets = {name: tensor for _, name, tensor in tensors} | unique_names(own, self.origin)

    def names(self) -> Sequence[str]:
        return list(self.datasets)

    def shape(self, name: str) -> tuple[int, ...]:
        dataset, transposed = self.datasets[name]
        return tuple(dataset.shape[::-1]) if transposed else tuple(dataset.shape)

    def read(self, name: str) -> np.ndarray:
        dataset, transposed = self.datasets[name]
        if dataset.dtype.kind != "f":
            raise CheckpointError(f"{self.origin}: {name} must be of floating-point numbers; got {dataset.dtype}.")
        try:
            value = dataset[()].astype(np.float32)
        except OSError as error:
            raise CheckpointError(f"{self.origin}: {name} cannot be read; copy the file again.") from error
        return value.T if transposed else value

    def _tensors(self) -> Iterator[tuple[str, str, Any]]:
        for path, dataset in self._walk(self.handle, "", 0):
            self._check_stored(path, dataset)
            name, transposed = from_tensorflow(path)
            yield path, name, (dataset, transposed)

    def _check_stored(self, path: str, dataset: Any) -> None:
        stored = dataset.id.get_storage_size()
        if dataset.nbytes > max(UNCHECKED_BYTES, MOST_COMPRESSED * stored):
            raise CheckpointError(
                f"{self.origin}: {path} claims {dataset.nbytes} bytes and stores {stored}; no weights are like that."
            )

    def _walk(self, group: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
        import h5py

        if depth > DEEPEST:
            raise CheckpointError(f"{self.origin}: groups must be at most {DEEPEST} deep; got more at {path[:80]!r}.")
        for key in group:
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise UnsafeArtifactError(f"{self.origin}: {path}/{key} is a link to another place; refused.")
            member = group[key]
            if isinstance(member, h5py.Group):
                yield from self._walk(member, f"{path}/{key}", depth + 1)
            elif isinstance(member, h5py.Dataset):
                if member.is_virtual or member.external:
                    raise UnsafeArtifactError(f"{self.origin}: {path}/{key} has its data in another file; refused.")
                yield f"{path}/{key}".lstrip("/"), member
