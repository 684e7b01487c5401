"""A folder of token ids ready to train from: TFRecord shards, an index, and what they were made from.

    cache.json              sources, vocabulary, labels, counts
    tokens-00000.tfrecord   token ids and label numbers of texts, as tf.train.Example
    lengths.bin             tokens of each text, uint16
    offsets.bin             where each record starts in its shard, uint64
    labels-HEAD.bin         label numbers of all texts, int32
    starts-HEAD.bin         where the labels of each text start among them, uint64
    kinds.bin               what each token of the vocabulary is: 0 starts a word, 1 continues one, 2 special; uint8
    texts.bin               a number for each text that is equal where texts are, see `guards.text_keys`; uint64
    bad_rows.txt            rows that were left out, a line each
    manifest.json           size and SHA-256 of each file

The index lets any row be read without the ones before it; it is mapped into memory, not read.
"""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_name, shorten
from kerasbert._core.errors import ArtifactError, DataError
from kerasbert._core.files import checked_member, verify_manifest
from kerasbert._core.names import MANIFEST_FILE
from kerasbert._core.strict_json import read_json_object
from kerasbert.data.hierarchy import UNKNOWN, Hierarchy, parse_tree
from kerasbert.data.level_vocabulary import HIERARCHICAL
from kerasbert.data.sources import SourceFile, listing
from kerasbert.data.token_arrays import TokenArrays, ranges
from kerasbert.data.token_records import parse

CACHE_FILE = "cache.json"
LENGTHS_FILE = "lengths.bin"
OFFSETS_FILE = "offsets.bin"
KINDS_FILE = "kinds.bin"
KEYS_FILE = "texts.bin"
BAD_ROWS_FILE = "bad_rows.txt"
FORMAT = 1
# A TFRecord: length and its check sum, the content, its check sum.
HEADER, FOOTER = 12, 4


@dataclasses.dataclass(frozen=True)
class CachedHead:
    """The labels of one head.

    Args:
        task: `"binary"`, `"multiclass"` or `"multilabel"`; `"hierarchical"` for a level of a hierarchy.
        columns: where they were read.
        delimiter: separator of several names in one cell.
        names: label names in order.
        order: the place in `names` of each number in the records.
        counts: rows that have each of `names`.
    """

    task: str
    columns: tuple[str, ...]
    delimiter: str | None
    names: tuple[str, ...]
    order: tuple[int, ...]
    counts: tuple[int, ...]

    def encode(self, numbers: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Label numbers of n texts as the array that the head trains on.

        Args:
            numbers: all numbers, (t,).
            offsets: where those of each text start, (n + 1,).

        Returns:
            Float32 (n, 1) for a binary, int32 (n,) for a multi-class, float32 (n, C) for a multi-label head; int32 (n,)
            for a level, -1 where unknown.
        """
        ids = np.asarray(self.order, dtype=np.int32)[numbers]
        if self.task == HIERARCHICAL:
            level = np.full(len(offsets) - 1, UNKNOWN, dtype=np.int32)
            level[np.diff(offsets) > 0] = ids
            return level
        if self.task == "multiclass":
            return ids
        if self.task == "binary":
            return ids.astype(np.float32).reshape(-1, 1)
        rows = np.zeros((len(offsets) - 1, len(self.names)), dtype=np.float32)
        rows[np.repeat(np.arange(len(rows)), np.diff(offsets)), ids] = 1.0
        return rows


class TokenCache:
    """Token ids and labels on disk, made by `prepare`; open one with `open_cache`.

    Args:
        folder: that holds it.
        facts: the content of its `cache.json`.
        reused: whether it was there before it was asked for.

    Attributes:
        num_rows: texts.
        max_length: most tokens of a text.
        heads: head name -> `CachedHead`.
        hierarchy: what the heads are the levels of; None: they are no levels.
        lengths: tokens of each text, uint16 (num_rows,), mapped from disk.
    """

    def __init__(self, folder: Path, facts: dict[str, Any], *, reused: bool = False) -> None:
        self.folder = folder
        self.reused = reused
        self.facts = facts
        self.num_rows: int = facts["num_rows"]
        self.num_cut: int = facts["num_cut"]
        self.max_length: int = facts["max_length"]
        self.pad_id: int = facts["pad_id"]
        self.pairs: bool = facts["pairs"]
        self.sources = [SourceFile(**file) for file in facts["sources"]]
        self.heads = {name: _head(head) for name, head in facts["heads"].items()}
        self.hierarchy = parse_tree(facts["tree"]) if facts.get("tree") else None
        self.lengths: np.ndarray = np.memmap(folder / LENGTHS_FILE, dtype=np.uint16, mode="r", shape=(self.num_rows,))
        self._offsets = np.memmap(folder / OFFSETS_FILE, dtype=np.uint64, mode="r", shape=(self.num_rows,))
        self._labels = {
            head: (
                np.memmap(folder / f"starts-{head}.bin", dtype=np.uint64, mode="r", shape=(self.num_rows,)),
                _mapped(folder / f"labels-{head}.bin", np.int32),
            )
            for head in self.heads
        }
        self._first_rows = np.concatenate([[0], np.cumsum([shard["rows"] for shard in facts["shards"]])])

    def __len__(self) -> int:
        return self.num_rows

    @property
    def names(self) -> Hierarchy | dict[str, tuple[str, ...]]:
        """Head name -> label names, or the hierarchy."""
        return self.hierarchy or {name: head.names for name, head in self.heads.items()}

    @property
    def skipped(self) -> dict[str, Any]:
        """How many rows were left out (`count`), and the `first` of them."""
        return self.facts["skipped"]

    def describe(self) -> str:
        """What it holds, in words, for the log."""
        facts = self.facts
        tokens = int((np.arange(len(facts["length_counts"])) * np.array(facts["length_counts"])).sum())
        words = f"{self.num_rows:,} texts, {tokens:,} tokens of {len(self.sources)} files"
        words += f"; {self.num_cut:,} texts were cut at {self.max_length}" if self.num_cut else ""
        words += f"; without rows: {listing(facts['empty'])}" if facts["empty"] else ""
        if self.skipped["count"]:
            words += f"; {self.skipped['count']:,} rows were left out, all in {BAD_ROWS_FILE}: {listing(self.skipped['first'])}"
        return words + "."

    def check_sources(self) -> None:
        """Refuse to train from data that has changed since. Files that are not there any more are no change.

        Raises:
            DataError: when a file has another content now.
        """
        there = [file for file in self.sources if os.path.exists(file.path)]
        changed = [f"{file.path} {words}" for file in there if (words := file.change())]
        if changed:
            raise DataError(f"{str(self.folder)!r} is older than its data: {listing(changed)}. Prepare it again.")

    @property
    def token_kinds(self) -> np.ndarray:
        """What each token of the vocabulary is, see `Augmentation`."""
        return np.fromfile(self.folder / KINDS_FILE, dtype=np.uint8)

    @property
    def text_keys(self) -> np.ndarray | None:
        """A number for each text, see `guards.text_keys`, mapped from disk; None in a cache that was made without."""
        path = self.folder / KEYS_FILE
        return _mapped(path, np.uint64) if path.is_file() else None

    def read(self, rows: np.ndarray) -> tuple[TokenArrays, dict[str, np.ndarray]]:
        """The token ids and labels of some rows.

        Args:
            rows: m rows, ascending, each once.

        Returns:
            The tokens, and head name -> labels as the head trains on them.

        Raises:
            DataError: when a record is not what was written.
        """
        import tensorflow as tf

        try:
            tokens, labels = parse(list(self._records(rows)), list(self.heads), pairs=self.pairs)
        except tf.errors.InvalidArgumentError as error:
            raise DataError(
                f"{self.folder}: a record is malformed ({shorten(str(error))}); prepare it again."
            ) from None
        tokens = dataclasses.replace(tokens, max_length=self.max_length)
        return tokens, {name: head.encode(*labels[name]) for name, head in self.heads.items()}

    def labels_of(self, head: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The labels of some rows, from the index.

        Args:
            head: name of the head.
            rows: m rows.

        Returns:
            Places in the head's `names`, flat, and how many of them each row has, (m,).
        """
        starts, numbers = self._labels[head]
        first = starts[rows].astype(np.int64)
        stop = np.where(rows + 1 < self.num_rows, starts[np.minimum(rows + 1, self.num_rows - 1)], len(numbers))
        counts = stop.astype(np.int64) - first
        order = np.asarray(self.heads[head].order, dtype=np.int32)
        return order[numbers[ranges(first, counts)]], counts

    def _records(self, rows: np.ndarray) -> Iterator[bytes]:
        """The content of each record; neighbours are read at once."""
        rows = np.asarray(rows, dtype=np.int64)
        shards = np.searchsorted(self._first_rows, rows, side="right") - 1
        apart = np.flatnonzero((np.diff(rows) != 1) | (np.diff(shards) != 0)) + 1
        bounds = [0, *apart.tolist(), len(rows)] if len(rows) else []
        for start, stop in itertools.pairwise(bounds):
            yield from self._run(int(shards[start]), int(rows[start]), int(rows[stop - 1]) + 1)

    def _run(self, shard: int, first: int, stop: int) -> Iterator[bytes]:
        path = self.folder / self.facts["shards"][shard]["file"]
        starts = self._offsets[first:stop].astype(np.int64).tolist()
        is_last = stop == self._first_rows[shard + 1]
        end = self.facts["shards"][shard]["bytes"] if is_last else int(self._offsets[stop])
        descriptor = os.open(path, os.O_RDONLY)
        try:
            content = os.pread(descriptor, end - starts[0], starts[0])
        finally:
            os.close(descriptor)
        if len(content) != end - starts[0]:
            raise DataError(f"{path} is cut; prepare it again.")
        for start, following in zip(starts, [*starts[1:], end], strict=True):
            yield content[start - starts[0] + HEADER : following - starts[0] - FOOTER]


def open_cache(folder: str | os.PathLike[str], *, reused: bool = False) -> TokenCache:
    """Open a folder that `prepare` wrote, when every file of it is whole.

    Args:
        folder: the folder.
        reused: what the cache says of itself.

    Returns:
        The cache.

    Raises:
        ArtifactError: when it is no such folder, was changed or cut, or is of a newer format.

    Example:
        >>> open_cache("no/such/folder")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ArtifactError: 'no/such/folder' holds no cache.json; give a folder that `kerasbert prepare` \
wrote.
    """
    folder = Path(folder)
    if not (folder / CACHE_FILE).is_file():
        raise ArtifactError(f"{str(folder)!r} holds no {CACHE_FILE}; give a folder that `kerasbert prepare` wrote.")
    verify_manifest(folder)
    facts = read_json_object(folder / CACHE_FILE)
    if facts.get("format") != FORMAT:
        raise ArtifactError(
            f"{str(folder)!r} is of format {facts.get('format')!r}; this version reads {FORMAT}. Prepare it again."
        )
    for shard in facts["shards"]:
        checked_member(folder, shard["file"])
    for head in facts["heads"]:
        check_name("head", head)
    return TokenCache(folder, facts, reused=reused)


def is_cache(folder: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder of tokens."""
    return (Path(folder) / CACHE_FILE).is_file() and (Path(folder) / MANIFEST_FILE).is_file()


def _head(facts: Mapping[str, Any]) -> CachedHead:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return CachedHead(**values)


def _mapped(path: Path, dtype: Any) -> np.ndarray:
    # An empty file cannot be mapped.
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.zeros(0, dtype=dtype)
