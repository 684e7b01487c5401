"""A folder of token ids ready to train from: TFRecord shards, an index, and what they were made from.

    cache.json              sources, vocabulary, labels, counts
    tokens-00000.tfrecord   token ids and label numbers of texts, as tf.train.Example
    lengths.bin             tokens of each text, uint16
    offsets.bin             where each record starts in its shard, uint64
    labels-HEAD.bin         label numbers of all texts, int32
    starts-HEAD.bin         where the labels of each text start among them, uint64
    kinds.bin               what each token of the vocabulary is: 0 starts a word, 1 continues one, 2 special; uint8
    texts.bin               a number for each text that is equal where texts are, see `data_checks.text_keys`; uint64
    bad_rows.txt            rows that were left out, a line each
    manifest.json           size and SHA-256 of each file

The index lets any row be read without the ones before it; it is mapped into memory, not read.
"""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_name, shorten
from kerasbert._core.display import brief_call, brief_repr
from kerasbert._core.errors import ArtifactError, DataError, KerasBertError
from kerasbert._core.files import checked_member, verify_manifest
from kerasbert._core.json_files import check_form, is_count, read_json_object
from kerasbert._core.locks import identity, read_locked
from kerasbert._core.names import INPUT_IDS, MANIFEST_FILE, TOKEN_TYPE_IDS
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert.labels.hierarchy import Hierarchy, parse_tree
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.reading._files import SourceFile
from kerasbert.reading.sources import listing
from kerasbert.tasks.levels import ExclusiveLevel
from kerasbert.tasks.table import TASKS, task_class
from kerasbert.tasks.task import Task
from kerasbert.tokenization.token_arrays import TokenArrays, offsets_of, ranges

CACHE_FILE = "cache.json"
LENGTHS_FILE = "lengths.bin"
OFFSETS_FILE = "offsets.bin"
KINDS_FILE = "kinds.bin"
KEYS_FILE = "texts.bin"
BAD_ROWS_FILE = "bad_rows.txt"
FORMAT = 1
OPTIONS_FORM = {
    "encoding": str,
    "delimiter?": (str, None),
    "header?": bool,
    "quoting?": str,
    "sheet?": (str, None),
}
FORM = {
    "vocabulary": str,
    "max_length": is_count,
    "long_texts": str,
    "prompt?": str,
    "text": str,
    "text_pair": (str, None),
    "num_rows": is_count,
    "num_cut": is_count,
    "length_counts": [is_count],
    "pairs": bool,
    "pad_id": is_count,
    "mask_id": (is_count, None),
    "shards": [{"file": str, "rows": is_count, "bytes": is_count}],
    "skipped": {"count": is_count, "first": [str]},
    "empty": [str],
    "tree?": (dict, None),
    "sources": [{"path": str, "size": is_count, "mtime_ns": int, "sha256": str, "options?": OPTIONS_FORM}],
    "heads": {
        ...: {
            "task": lambda task: task in (*TASKS, HIERARCHICAL),
            "columns": [str],
            "delimiter": (str, None),
            "names": [str],
            "order": [is_count],
            "counts": [is_count],
        }
    },
}
# In front of the names of label features.
LABEL = "label/"
# A TFRecord: length and its check sum, the content, its check sum.
HEADER, FOOTER = 12, 4
# Rows that are looked at at once.
PIECE = 1_000_000


@dataclasses.dataclass(frozen=True)
class CachedHead:
    """The labels of one head.

    Args:
        task: name of its task; `HIERARCHICAL` for a level of a hierarchy.
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

    __repr__ = brief_repr

    @property
    def kind(self) -> type[Task]:
        """The class of the task."""
        return ExclusiveLevel if self.task == HIERARCHICAL else task_class(self.task)

    def encode(self, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Labels of n texts as the array that the head trains on.

        Args:
            labels: places in `names`, flat, (t,).
            counts: how many of them each text has, (n,).

        Returns:
            See `Task.array`.
        """
        return self.kind.array(labels, offsets_of(counts), len(self.names))


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
        self.sources = [SourceFile.from_dict(file) for file in facts["sources"]]
        self.heads: dict[str, CachedHead] = {name: _known(CachedHead, head) for name, head in facts["heads"].items()}
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
        self._order = {name: np.array(head.order, dtype=np.int32) for name, head in self.heads.items()}
        self._vocabulary_size = (folder / KINDS_FILE).stat().st_size
        self._identity = identity(folder)
        self._first_rows = np.concatenate([[0], np.cumsum([shard["rows"] for shard in facts["shards"]])])

    def __repr__(self) -> str:
        heads = {name: len(head.names) for name, head in self.heads.items()}
        values = {"folder": str(self.folder), "num_rows": self.num_rows, "max_length": self.max_length}
        return brief_call(self, values | {"labels": heads})

    def __len__(self) -> int:
        return self.num_rows

    @property
    def names(self) -> Hierarchy | dict[str, tuple[str, ...]]:
        """Head name -> label names, or the hierarchy."""
        return self.hierarchy or {name: head.names for name, head in self.heads.items()}

    @property
    def counts(self) -> dict[str, np.ndarray]:
        """Head name -> how many rows have each label, (C,)."""
        return {name: np.array(head.counts) for name, head in self.heads.items()}

    @property
    def skipped(self) -> dict[str, Any]:
        """How many rows were left out (`count`), and the `first` of them."""
        return dict(self.facts["skipped"])

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
        """A number for each text, see `data_checks.text_keys`, mapped from disk; None in a cache that was made without."""
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
            token_arrays, labels = _parse(list(self._records(rows)), list(self.heads), pairs=self.pairs)
        except tf.errors.InvalidArgumentError as error:
            raise DataError(
                f"{self.folder}: a record is malformed ({shorten(str(error))}); prepare it again."
            ) from None
        self._check_records(rows, token_arrays, labels)
        token_arrays = dataclasses.replace(token_arrays, max_length=self.max_length)
        return token_arrays, {
            name: head.encode(self._order[name][numbers], np.diff(offsets))
            for (name, head), (numbers, offsets) in zip(self.heads.items(), labels.values(), strict=True)
        }

    def encoded(self, head: str, rows: np.ndarray) -> np.ndarray:
        """The labels of some rows as the head trains on them, from the index.

        Args:
            head: name of the head.
            rows: m rows.

        Returns:
            Labels, see `CachedHead.encode`.
        """
        return self.heads[head].encode(*self.labels_of(head, rows))

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
        if len(rows) and (counts.min() < 0 or first.min() < 0 or (first + counts).max() > len(numbers)):
            raise DataError(f"{self.folder}: the index of labels is malformed; prepare it again.")
        found = numbers[ranges(first, counts)]
        self._check_numbers(head, found)
        return self._order[head][found], counts

    def _check_records(self, rows: np.ndarray, token_arrays: TokenArrays, labels: Mapping[str, Any]) -> None:
        """Refuse what no tokenizer and no label vocabulary gives: it would be read as another row's."""
        ids = token_arrays.input_ids
        wrong = not np.array_equal(token_arrays.lengths, self.lengths[rows]) or len(token_arrays.token_type_ids) != len(
            ids
        )
        if wrong or (len(ids) and not 0 <= ids.min() <= ids.max() < self._vocabulary_size):
            raise DataError(f"{self.folder}: records and index differ; prepare it again.")
        for name, (numbers, offsets) in labels.items():
            self._check_numbers(name, numbers)
            several, head = np.diff(offsets), self.heads[name]
            fits = (several <= 1).all() if head.task == HIERARCHICAL else (several == 1).all()
            if not head.kind.rules.several and not fits:
                raise DataError(f"{self.folder}: a record of {name!r} has no label or several; prepare it again.")

    def _check_numbers(self, head: str, numbers: np.ndarray) -> None:
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self.heads[head].order):
            raise DataError(f"{self.folder}: labels of {head!r} are out of range; prepare it again.")

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
        if identity(self.folder) != self._identity:
            raise DataError(f"{str(self.folder)!r} was replaced while it was read; open it again.")
        starts = self._offsets[first:stop].astype(np.int64).tolist()
        is_last = stop == self._first_rows[shard + 1]
        end = self.facts["shards"][shard]["bytes"] if is_last else int(self._offsets[stop])
        bounds = [*starts, end]
        # In Python's integers, because those of NumPy would wrap.
        apart = all(begin + HEADER + FOOTER <= stop_ for begin, stop_ in itertools.pairwise(bounds))
        if not apart or starts[0] < 0 or end > self.facts["shards"][shard]["bytes"]:
            raise DataError(f"{self.folder}: the index of records is malformed; prepare it again.")
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
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    if not (folder / CACHE_FILE).is_file():
        raise ArtifactError(f"{str(folder)!r} holds no {CACHE_FILE}; give a folder that `kerasbert prepare` wrote.")
    return read_locked(folder, lambda: _open(folder, reused))


def _open(folder: Path, reused: bool) -> TokenCache:
    verify_manifest(folder)
    try:
        facts = read_json_object(folder / CACHE_FILE)
        if facts.get("format") != FORMAT:
            raise ArtifactError(
                f"{str(folder)!r} is of format {shorten(facts.get('format'))}; this version reads {FORMAT}. Prepare it again."
            )
        _check_facts(folder, facts)
        cache = TokenCache(folder, facts, reused=reused)
    except (KerasBertError, OSError, TypeError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{str(folder)!r} cannot be read: {error} Prepare it again.") from error
    if not np.array_equal(_count_lengths(cache.lengths, len(facts["length_counts"])), facts["length_counts"]):
        raise ArtifactError(f"{str(folder)!r}: the lengths of the texts differ from their counts; prepare it again.")
    if len(facts["length_counts"]) > cache.max_length + 1:
        raise ArtifactError(f"{str(folder)!r} has texts of more than {cache.max_length} tokens; prepare it again.")
    if max(cache.pad_id, facts["mask_id"] or 0) >= (folder / KINDS_FILE).stat().st_size:
        raise ArtifactError(f"{str(folder)!r}: a special token is not in the vocabulary; prepare it again.")
    if cache.hierarchy is not None and cache.hierarchy.names != tuple(head.names for head in cache.heads.values()):
        raise ArtifactError(f"{str(folder)!r}: the tree and the labels of its levels differ; prepare it again.")
    return cache


def _parse(records: Sequence[bytes], heads: Sequence[str], *, pairs: bool) -> tuple[TokenArrays, dict[str, Any]]:
    """Parse what `serialize` wrote, or any TFRecord file of these features.

    Returns:
        The token ids of n texts; and head name -> pair of label numbers, flat, and offsets (n + 1,).
    """
    import tensorflow as tf

    names = [INPUT_IDS, *([TOKEN_TYPE_IDS] if pairs else []), *(LABEL + head for head in heads)]
    with tf.device("CPU:0"):
        features = {name: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64) for name in names}
        parsed = tf.io.parse_example(tf.constant(list(records), dtype=tf.string), features)
    flat = {name: (ragged.flat_values.numpy(), ragged.row_splits.numpy()) for name, ragged in parsed.items()}
    ids, offsets = flat[INPUT_IDS]
    types = flat[TOKEN_TYPE_IDS][0].astype(np.uint8) if pairs else np.zeros(len(ids), dtype=np.uint8)
    token_arrays = TokenArrays(ids.astype(np.int32), types, offsets)
    return token_arrays, {head: flat[LABEL + head] for head in heads}


def _count_lengths(lengths: np.ndarray, minimum: int) -> np.ndarray:
    """How many texts have each length, counted piece by piece."""
    pieces = (lengths[start : start + PIECE] for start in range(0, len(lengths), PIECE))
    counted = np.zeros(max(minimum, np.iinfo(np.uint16).max + 1), dtype=np.int64)
    for piece in pieces:
        counted += np.bincount(piece, minlength=len(counted))
    return counted[: max(int(np.flatnonzero(counted).max()) + 1, minimum)]


def is_cache(folder: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder of tokens."""
    return (Path(folder) / CACHE_FILE).is_file() and (Path(folder) / MANIFEST_FILE).is_file()


def _known(form: type, facts: Mapping[str, Any]) -> Any:
    """A dataclass of its own fields among some facts; lists become tuples."""
    values = {field.name: facts[field.name] for field in dataclasses.fields(form) if field.name in facts}
    return form(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _check_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Refuse a description that contradicts itself or its files, whose sizes are known before anything is mapped."""
    origin = repr(str(folder / CACHE_FILE))
    check_form(facts, FORM, origin)
    rows = facts["num_rows"]
    sizes = {LENGTHS_FILE: 2 * rows, OFFSETS_FILE: 8 * rows}
    sizes |= {shard["file"]: shard["bytes"] for shard in facts["shards"]}
    for name, head in facts["heads"].items():
        check_name("head", name)
        sizes[f"starts-{name}.bin"] = 8 * rows
        names, order = head["names"], head["order"]
        are_places = len(set(order)) == len(order) and all(number < len(names) for number in order)
        if not are_places or len(set(names)) < len(names) or len(head["counts"]) != len(names):
            raise ArtifactError(f"{origin}: labels of {name!r} contradict each other; prepare it again.")
    wrong = [name for name, size in sizes.items() if checked_member(folder, name).stat().st_size != size]
    sums = sum(shard["rows"] for shard in facts["shards"]), sum(facts["length_counts"])
    if wrong or sums != (rows, rows) or not rows or not facts["heads"]:
        found = f"{wrong[0]} has another size" if wrong else f"{rows} rows, of which {sums[0]} are in shards"
        raise ArtifactError(f"{origin} contradicts its files: {found}; prepare it again.")


def _mapped(path: Path, dtype: Any) -> np.ndarray:
    # An empty file cannot be mapped.
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.zeros(0, dtype=dtype)
