"""Reader of safetensors files, with the header checked before any of it is trusted."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, UnsafeArtifactError
from kerasbert._core.json_files import repeated_key
from kerasbert.encoders.checkpoints.source import MOST_TENSORS, TensorSource, clean_names

LARGEST_HEADER = 1024 * 1024
FLOAT_TYPES: dict[str, Any] = {"F16": np.float16, "F32": np.float32, "F64": np.float64, "BF16": np.uint16}
# Integer tensors are known (position_ids are saved so), skipped, and refused when they are read as weights.
OTHER_SIZES = {"I8": 1, "U8": 1, "BOOL": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8}
PICKLE_STARTS = (b"\x80", b"PK\x03\x04")


class SafetensorsSource(TensorSource):
    """Tensors of one safetensors file.

    The header is parsed here, strictly, and the library's own parser is not needed: what passes is a table of names,
    types, shapes and byte ranges that tile the file.

    Args:
        file: path of the file.
        strip_prefix: whether names are cleaned of the family's prefix.

    Raises:
        CheckpointError: when the file is malformed; the message says where.
        UnsafeArtifactError: when it is a pickle under this name.
    """

    def __init__(self, file: Path, *, strip_prefix: bool = True) -> None:
        super().__init__(repr(str(file)))
        self.file = file
        self.start, header = _read_header(file)
        self.entries = _check_entries(file, header, file.stat().st_size - self.start)
        self.by_name = clean_names(self.entries, self.origin) if strip_prefix else {name: name for name in self.entries}

    def names(self) -> Sequence[str]:
        return list(self.by_name)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.entries[self.by_name[name]]["shape"])

    def read(self, name: str) -> np.ndarray:
        entry = self.entries[self.by_name[name]]
        if entry["dtype"] not in FLOAT_TYPES:
            accepted = ", ".join(sorted(FLOAT_TYPES))
            raise CheckpointError(f"{self.origin}: {name} must be of a type among {accepted}; got {entry['dtype']}.")
        begin, end = entry["data_offsets"]
        stored = np.dtype(FLOAT_TYPES[entry["dtype"]]).newbyteorder("<")
        with open(self.file, "rb") as stream:
            stream.seek(self.start + begin)
            content = stream.read(end - begin)
        if len(content) < end - begin:
            raise CheckpointError(f"{self.origin}: {name} was cut while it was read; copy the file again.")
        flat = np.frombuffer(content, dtype=stored)
        if entry["dtype"] == "BF16":
            # bfloat16 is the upper half of a float32.
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        return flat.astype(np.float32, copy=False).reshape(entry["shape"])


def _read_header(file: Path) -> tuple[int, dict[str, Any]]:
    name = repr(str(file))
    if not file.is_file():
        raise CheckpointError(f"{name} is missing.")
    with open(file, "rb") as stream:
        first = stream.read(8)
        if len(first) < 8:
            raise CheckpointError(f"{name} has {len(first)} bytes; a safetensors file has at least 8. Copy it again.")
        length = int.from_bytes(first, "little")
        # A small length may start with the same byte as a pickle, but a pickle never reads as a small length.
        if length > LARGEST_HEADER and first.startswith(PICKLE_STARTS):
            raise UnsafeArtifactError(f"{name} is a pickle or an archive under the name of safetensors; refused.")
        if not 2 <= length <= LARGEST_HEADER:
            raise CheckpointError(f"{name}: the header must have 2 to {LARGEST_HEADER} bytes; got {length}.")
        content = stream.read(length)
    if len(content) < length:
        raise CheckpointError(f"{name} was cut: the header should have {length} bytes; got {len(content)}.")
    try:
        header = json.loads(content.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{name}: the header is not readable JSON ({shorten(str(error))}).") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{name}: the header must be a JSON object; got a {type(header).__name__}.")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CheckpointError(f"{name}: __metadata__ must be an object of strings; got {shorten(metadata)}.")
    return 8 + length, header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError(f"{repeated_key(pairs)!r} appears twice")
    return result


def _check_entries(file: Path, header: Mapping[str, Any], size: int) -> dict[str, Any]:
    if len(header) > MOST_TENSORS:
        raise CheckpointError(
            f"{str(file)!r}: at most {MOST_TENSORS} tensors are read; the header lists {len(header)}."
        )
    for name, entry in header.items():
        _check_entry(file, name, entry)
    position = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        if begin != position:
            raise CheckpointError(f"{str(file)!r}: {name} must start at byte {position} of the data; got {begin}.")
        position = end
    if position != size:
        raise CheckpointError(
            f"{str(file)!r}: the data must have {position} bytes; got {size}. The file was cut or grew."
        )
    return dict(header)


def _check_entry(file: Path, name: str, entry: Any) -> None:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"{str(file)!r}: {name} must have dtype, shape and data_offsets; got {shorten(entry)}.")
    if not name.isprintable():
        raise CheckpointError(f"{str(file)!r}: names of tensors must be printable; got {shorten(name)}.")
    sizes = {**{kind: np.dtype(stored).itemsize for kind, stored in FLOAT_TYPES.items()}, **OTHER_SIZES}
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in sizes:
        raise CheckpointError(f"{str(file)!r}: {name} has the unknown type {shorten(entry['dtype'])}.")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise CheckpointError(f"{str(file)!r}: {name} has a malformed shape or range; got {shorten((shape, offsets))}.")
    expected = math.prod(shape) * sizes[entry["dtype"]]
    if offsets[1] - offsets[0] != expected:
        raise CheckpointError(
            f"{str(file)!r}: {name} of shape {shorten(tuple(shape))} must have {expected} bytes; got "
            f"{offsets[1] - offsets[0]}."
        )


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 for value in values
    )
