"""Write a token cache: TFRecord shards and their index.

Records are serialized by hand: building an `Example` object for each of many million texts takes longer than tokenising them.
"""

import contextlib
import errno
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.names import INPUT_IDS, TOKEN_TYPE_IDS
from kerasbert.batches.token_cache import FOOTER, HEADER, KEYS_FILE, LABEL, LENGTHS_FILE, OFFSETS_FILE
from kerasbert.tokenization.token_arrays import TokenArrays, offsets_of

SHARD_BYTES = 64 * 1024**2
# Field numbers of tf.train.Example and what is in it, as protobuf writes them: number * 8 + 2.
LENGTH_DELIMITED = (b"\x0a", b"\x12", b"\x1a")


class CacheWriter:
    """Writes shards and index as tokens come, with `token_type_ids` where there are pairs."""

    def __init__(self, folder: Path, heads: Iterable[str], *, pairs: bool) -> None:
        self.folder = folder
        self.pairs = pairs
        self.num_rows = self.num_cut = 0
        self.length_counts = np.zeros(0, dtype=np.int64)
        self.shards: list[dict[str, Any]] = []
        self._records: Any = None
        self._index = {name: open(folder / name, "wb") for name in (LENGTHS_FILE, OFFSETS_FILE, KEYS_FILE)}
        self._labels = {
            head: (open(folder / f"labels-{head}.bin", "wb"), open(folder / f"starts-{head}.bin", "wb"))
            for head in heads
        }

    def __enter__(self) -> "CacheWriter":
        return self

    def __exit__(self, *error: object) -> None:
        pairs = [stream for both in self._labels.values() for stream in both]
        with _disk_errors(self.folder), contextlib.ExitStack() as closed:
            for stream in [*self._index.values(), *pairs, *([self._records] if self._records else [])]:
                closed.callback(stream.close)

    def write(self, token_arrays: TokenArrays, labels: Mapping[str, Sequence[Sequence[int]]], keys: np.ndarray) -> None:
        """Add texts."""
        self._index[KEYS_FILE].write(keys.tobytes())
        records = serialize(token_arrays, labels, pairs=self.pairs)
        with _disk_errors(self.folder):
            starts = self._write_records(records)
        self._index[LENGTHS_FILE].write(token_arrays.lengths.astype(np.uint16).tobytes())
        self._index[OFFSETS_FILE].write(np.array(starts, dtype=np.uint64).tobytes())
        for head, rows in labels.items():
            numbers, starts_of_labels = self._labels[head]
            first = numbers.tell() // 4  # bytes of an int32
            starts_of_labels.write((offsets_of([len(row) for row in rows])[:-1] + first).astype(np.uint64).tobytes())
            numbers.write(np.array([number for row in rows for number in row], dtype=np.int32).tobytes())
        self.num_rows += len(token_arrays)
        self.num_cut += token_arrays.num_truncated
        counted = np.bincount(token_arrays.lengths, minlength=len(self.length_counts))
        counted[: len(self.length_counts)] += self.length_counts
        self.length_counts = counted

    def _write_records(self, records: list[bytes]) -> list[int]:
        import tensorflow as tf

        starts = []
        for record in records:
            if self._records is None or self.shards[-1]["bytes"] >= SHARD_BYTES:
                if self._records is not None:
                    self._records.close()
                name = f"tokens-{len(self.shards):05d}.tfrecord"
                self.shards.append({"file": name, "rows": 0, "bytes": 0})
                self._records = tf.io.TFRecordWriter(str(self.folder / name))
            shard = self.shards[-1]
            starts.append(shard["bytes"])
            self._records.write(record)
            shard["rows"] += 1
            shard["bytes"] += len(record) + HEADER + FOOTER
        return starts

    def facts(self) -> dict[str, Any]:
        """What `cache.json` says of the rows."""
        return {
            "num_rows": self.num_rows,
            "num_cut": self.num_cut,
            "length_counts": self.length_counts.tolist(),
            "pairs": self.pairs,
            "shards": self.shards,
        }


def serialize(token_arrays: TokenArrays, labels: Mapping[str, Sequence[Sequence[int]]], *, pairs: bool) -> list[bytes]:
    """Texts as serialized `tf.train.Example`s.

    Args:
        labels: head name -> n lists of label numbers, written as the feature `label/HEAD`.
        pairs: whether `token_type_ids` are written too; without, all are 0.
    """
    columns = [_feature(INPUT_IDS, token_arrays.input_ids, token_arrays.offsets)]
    if pairs:
        columns.append(_feature(TOKEN_TYPE_IDS, token_arrays.token_type_ids, token_arrays.offsets))
    for head, rows in labels.items():
        flat = np.array([number for row in rows for number in row], dtype=np.int64)
        columns.append(_feature(LABEL + head, flat, offsets_of([len(row) for row in rows])))
    return [_field(0, b"".join(entries)) for entries in zip(*columns, strict=True)]


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Context: TensorFlow's errors of the disk become those of Python."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message.rpartition("; ")[2], str(folder)) from error


def _feature(name: str, values: np.ndarray, offsets: np.ndarray) -> list[bytes]:
    """One entry of the map of features for each text."""
    packed, ends = _varints(values)
    bounds = np.concatenate([[0], ends])[offsets].tolist()
    content = packed.tobytes()
    key = _field(0, name.encode("utf-8"))
    entries = []
    for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
        feature = _field(2, _field(0, content[start:stop]))
        entries.append(_field(0, key + _field(1, feature)))
    return entries


def _field(place: int, content: bytes) -> bytes:
    return LENGTH_DELIMITED[place] + _length(len(content)) + content


@functools.lru_cache(maxsize=65536)
def _length(number: int) -> bytes:
    packed = bytearray()
    while number > 127:
        packed.append(number & 127 | 128)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def _varints(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Protobuf's numbers of 7 bits a byte, uint8, and where each ends; values are in [0, 2 ** 28)."""
    values = np.asarray(values, dtype=np.uint32)
    groups = np.stack([(values >> shift) & 127 for shift in (0, 7, 14, 21)], axis=1).astype(np.uint8)
    sizes = 1 + (values >= 1 << 7).astype(np.int64) + (values >= 1 << 14) + (values >= 1 << 21)
    places = np.arange(4)
    groups[places < sizes[:, None] - 1] |= 128
    return groups[places < sizes[:, None]], np.cumsum(sizes)
