"""Reader of safetensors files through the `safetensors` library."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, UnsafeArtifactError
from kerasbert._core.json_files import repeated_key
from kerasbert.encoders.checkpoints.source import TensorSource, clean_names

LARGEST_HEADER = 1024 * 1024
FLOAT_TYPES = ("BF16", "F16", "F32", "F64")
# Of arrays that are no weights and say themselves what their bytes mean.
ARRAY_TYPES = (*FLOAT_TYPES, "I8")
ENTRY_KEYS = {"dtype", "shape", "data_offsets"}
PICKLE_STARTS = (b"\x80", b"PK\x03\x04")


class SafetensorsSource(TensorSource):
    """Tensors of one safetensors file.

    The library checks the form of the header, and that types, shapes and byte ranges tile the file. Checked here is what it
    lets through: headers of up to 100 MB, names that stand in a header twice or do not print, unknown keys of an entry.

    Numbers of the types that are let through, those of floats unless said otherwise, are read as float32.

    The file is open only while it is read, since the library maps it: a mapped file that is cut would end the process.

    Raises:
        CheckpointError: when the file is malformed; the message says how.
        UnsafeArtifactError: when it is a pickle under this name.
    """

    def __init__(self, file: Path, *, strip_prefix: bool = True, types: Sequence[str] = FLOAT_TYPES) -> None:
        super().__init__(repr(str(file)))
        self.types = types
        self.file = file
        header = self._read_header()
        with self._opened() as handle:
            slices = {name: handle.get_slice(name) for name in handle.offset_keys()}
            self.dtypes = {name: one.get_dtype() for name, one in slices.items()}
            self.shapes = {name: tuple(one.get_shape()) for name, one in slices.items()}
        self._check_header(header)
        self.by_name = clean_names(self.shapes, self.origin) if strip_prefix else {name: name for name in self.shapes}

    def shape(self, name: str) -> tuple[int, ...]:
        return self.shapes[self.by_name[name]]

    def read(self, name: str) -> np.ndarray:
        stored = self.by_name[name]
        if self.dtypes[stored] not in self.types:
            raise CheckpointError(
                f"{self.origin}: {name} must be of a type among {', '.join(self.types)}; got {self.dtypes[stored]}."
            )
        with self._opened() as handle:
            return np.asarray(handle.get_tensor(stored)).astype(np.float32, copy=False)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with safe_open(self.file, "np") as handle:
                yield handle
        except (SafetensorError, OSError) as error:
            said = str(error).removeprefix("Error while deserializing header: ")
            raise CheckpointError(
                f"{self.origin} is not a readable safetensors file ({shorten(said)}); copy it again."
            ) from error

    def _read_header(self) -> bytes:
        if not self.file.is_file():
            raise CheckpointError(f"{self.origin} is missing.")
        with open(self.file, "rb") as stream:
            first = stream.read(8)
            length = int.from_bytes(first, "little")
            if len(first) == 8 and length > LARGEST_HEADER:
                # A small length may start with the same byte as a pickle, but a pickle never reads as a small length.
                if first.startswith(PICKLE_STARTS):
                    raise UnsafeArtifactError(
                        f"{self.origin} is a pickle or an archive under the name of safetensors; refused."
                    )
                raise CheckpointError(
                    f"{self.origin}: the header must have at most {LARGEST_HEADER} bytes; got {length}."
                )
            return stream.read(min(length, LARGEST_HEADER))

    def _check_header(self, header: bytes) -> None:
        """Refuse what the library reads without a word."""
        entries = json.loads(header, object_pairs_hook=self._unique)
        entries.pop("__metadata__", None)
        for name, entry in entries.items():
            if not name.isprintable():
                raise CheckpointError(f"{self.origin}: names of tensors must be printable; got {shorten(name)}.")
            if set(entry) != ENTRY_KEYS:
                raise CheckpointError(
                    f"{self.origin}: {name} must have dtype, shape and data_offsets alone; got {shorten(entry)}."
                )

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = repeated_key(pairs)
        if twice is not None:
            raise CheckpointError(f"{self.origin}: {shorten(twice)} appears twice in the header.")
        return dict(pairs)
