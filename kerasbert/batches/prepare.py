"""Data files of any size into a token cache: read, tokenised and written piece by piece, with nothing held as a whole."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, check_name
from kerasbert._core.errors import ArtifactError, ConfigError, DataError
from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.paths import local_output
from kerasbert._core.staging import recover_folder
from kerasbert.batches.token_cache import (
    BAD_ROWS_FILE,
    CACHE_FILE,
    FORMAT,
    KEYS_FILE,
    KINDS_FILE,
    LENGTHS_FILE,
    OFFSETS_FILE,
    TokenCache,
    is_cache,
    open_cache,
)
from kerasbert.batches.token_records import serialize
from kerasbert.labels.level_vocabulary import LevelTree
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading._files import UTF_8
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.readers import MISSING, check_text
from kerasbert.reading.row_streams import FileError, TokenRow, stream_rows, unit_of
from kerasbert.reading.sources import SourceFile, changes, find_sources, listing
from kerasbert.tokenization.token_arrays import TokenArrays, offsets_of
from kerasbert.tokenization.tokenizer import Tokenizer

CHUNK_TEXTS = 4096
CHUNK_CHARACTERS = 2_000_000
SHARD_BYTES = 64 * 1024**2
# Chunks that are read ahead of the tokenizer, and tokenised ahead of the writer.
AHEAD = 2


class Columns(NamedTuple):
    """Where texts and labels stand in each row.

    Args:
        heads: head name -> its labels.
        text: column of the texts.
        text_pair: column of second texts.
        missing: what a missing text is: `"error"`, or `"empty"` for an empty text.
        tree: what the heads are the levels of; None: they are no levels.
    """

    heads: dict[str, LabelVocabulary]
    text: str = "text"
    text_pair: str | None = None
    missing: str = "error"
    tree: LevelTree | None = None

    @property
    def wanted(self) -> list[str]:
        """All columns to read."""
        own = [self.text, *([self.text_pair] if self.text_pair else [])]
        return list(dict.fromkeys([*own, *(name for head in self.heads.values() for name in head.columns)]))


class _Chunk:
    """Some rows on their way: texts or token ids, and label numbers by head."""

    def __init__(self, heads: Iterable[str]) -> None:
        self.texts: list[list[Any]] = [[], []]
        self.given: list[TokenRow | None] = []
        self.labels: dict[str, list[list[int]]] = {head: [] for head in heads}
        self.characters = 0

    def is_full(self) -> bool:
        return len(self.given) >= CHUNK_TEXTS or self.characters >= CHUNK_CHARACTERS


def prepare(
    sources: Any,
    output: str | os.PathLike[str],
    *,
    encoder: Tokenizer,
    columns: Columns,
    on_error: str = "stop",
    encoding: str = UTF_8,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> TokenCache:
    """Tokenise data files of any size once, into a folder to train from.

    Files are read one after the other, while what was read before is tokenised on all cores and what was tokenised is
    written, so that memory holds a few thousand texts at a time.

    Args:
        sources: paths and patterns of .csv, .tsv, .jsonl, .parquet and .tfrecord files, each also as .gz (but Parquet);
            a TFRecord file holds `tf.train.Example`s with texts, or with `input_ids` in their place.
        output: the folder to appear.
        encoder: the tokenizer; texts in windows cannot be streamed.
        columns: where texts and labels stand.
        on_error: what becomes of a row that cannot be used: `"stop"`, or `"skip"`, which counts and lists it.
        encoding: of text files, see `read_examples`.
        overwrite: whether an existing cache of other content may be replaced.
        progress: called with about how many bytes of the sources are done, and with all.

    Returns:
        The cache; its `reused` tells whether it was there already, with the same content.

    Raises:
        DataError: when a file, a column or a row cannot be used, or there is no row.
        ArtifactError: when the output exists and was made from other data or in another way.
        ConfigError: when an argument is out of its range.

    Example:
        >>> columns = Columns({"output": LabelVocabulary("binary", ["label"])})
        >>> cache = prepare("data/*.jsonl", "tokens", encoder=encoder, columns=columns)  # doctest: +SKIP
    """
    check_choice("missing", columns.missing, MISSING)
    if encoder.long_texts.way == "windows":
        raise ConfigError(
            "`long_texts` must be 'truncate' or 'head_tail' for a stream; got 'windows'. Texts in windows are trained from "
            "memory: `TextClassifier.fit`, or `kerasbert train` with one file of less than 500 MB and without --stream, "
            "--max-steps, --token-budget and --augment."
        )
    for head in columns.heads:
        check_name("head", head)
    BadRows(on_error)
    files = find_sources(sources, encoding)
    way = _way(encoder, columns, on_error)
    output = local_output(output)
    recover_folder(output)
    if is_cache(output):
        differ = _differences(output, files, way, overwrite=overwrite)
        if not differ:
            return open_cache(output, reused=True)
        if not overwrite:
            raise ArtifactError(
                f"{str(output)!r} holds tokens of other data: {listing(differ)}. Pass --overwrite (overwrite=True) to "
                f"make them anew, or choose another folder."
            )
    check_output(output, overwrite, kind="tokens")
    try:
        with atomic_dir_write(output, kind="tokens", overwrite=overwrite and output.exists()) as folder:
            _fill(folder, files, way, (encoder, columns, on_error, progress))
    except (OSError, ArtifactError):
        # Another worker of the same training was faster.
        if is_cache(output) and not _differences(output, files, way):
            return open_cache(output, reused=True)
        raise
    return open_cache(output)


def _fill(folder: Path, files: list[SourceFile], way: Mapping[str, Any], given: tuple) -> None:
    """Write the content of a cache."""
    encoder, columns, on_error, progress = given
    bad = BadRows(on_error, folder / BAD_ROWS_FILE)
    with _Writer(folder, columns.heads, pairs=_has_types(columns, files)) as writer:
        seen = _Progress(files, progress)
        chunks = _chunks(files, columns, bad, encoder, seen)
        for chunk, tokens in _ahead(chunks, lambda chunk: _tokenised(chunk, encoder, columns)):
            writer.write(tokens, chunk.labels, _keys(chunk, columns))
    _check_rows(writer, bad, files)
    for labels in columns.heads.values():
        labels.check()
    tree = None if columns.tree is None else columns.tree.finish()
    facts = {
        **way,
        **writer.facts(),
        "pad_id": encoder.pad_id,
        "mask_id": encoder.mask_id,
        "skipped": bad.to_dict(),
        "empty": seen.empty,
    }
    facts["tree"] = None if tree is None else tree.to_tree()
    facts["sources"] = [dataclasses.asdict(file.hashed()) for file in files]
    facts["heads"] = {name: _head_facts(head) for name, head in columns.heads.items()}
    encoder.token_kinds().tofile(folder / KINDS_FILE)
    (folder / CACHE_FILE).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _way(encoder: Tokenizer, columns: Columns, on_error: str) -> dict[str, Any]:
    """What decides, besides the files, what a cache holds."""
    return {
        "format": FORMAT,
        "vocabulary": encoder.fingerprint,
        "max_length": encoder.max_length,
        "long_texts": encoder.long_texts.way,
        "text": columns.text,
        "text_pair": columns.text_pair,
        "missing": columns.missing,
        "on_error": on_error,
        "subclasses": columns.tree.given.to_tree() if columns.tree and columns.tree.given else None,
        "reading": {
            name: [head.task, list(head.columns), head.delimiter, None if head.is_open else list(head.names)]
            for name, head in columns.heads.items()
        },
    }


def _differences(
    folder: Path, files: list[SourceFile], way: Mapping[str, Any], *, overwrite: bool = False
) -> list[str]:
    try:
        facts = open_cache(folder)
    except ArtifactError:
        if overwrite:
            return ["it is damaged"]
        raise
    differ = [f"`{name}` differs" for name, value in way.items() if facts.facts.get(name) != value]
    return differ + changes(facts.sources, files)


def _has_types(columns: Columns, files: list[SourceFile]) -> bool:
    return columns.text_pair is not None or any(file.format == "tfrecord" for file in files)


def _head_facts(head: LabelVocabulary) -> dict[str, Any]:
    return {
        "task": head.task,
        "columns": list(head.columns),
        "delimiter": head.delimiter,
        "names": list(head.names),
        "order": head.order.tolist(),
        "counts": head.counts.tolist(),
    }


def _check_rows(writer: "_Writer", bad: BadRows, files: list[SourceFile]) -> None:
    if not writer.num_rows:
        skipped = f"; {bad.count} rows were skipped, such as {bad.first[0]}" if bad.count else ""
        raise DataError(f"{listing([file.path for file in files])} hold no row to train on{skipped}.")


class _Progress:
    """How far reading is, in bytes of whole files, and which files held nothing."""

    def __init__(self, files: list[SourceFile], call: Callable[[int, int], None] | None) -> None:
        self.total = sum(file.size for file in files)
        self.done = 0
        self.call = call
        self.empty: list[str] = []

    def within(self, file: SourceFile, characters: int) -> None:
        """Report progress in characters, capped at the file size, since a compressed file yields more."""
        if self.call is not None:
            self.call(self.done + min(characters, file.size), self.total)

    def add(self, file: SourceFile, rows: int) -> None:
        self.done += file.size
        if not rows:
            self.empty.append(file.path)
        if self.call is not None:
            self.call(self.done, self.total)


def _chunks(
    files: list[SourceFile], columns: Columns, bad: BadRows, encoder: Tokenizer, progress: _Progress
) -> Iterator[_Chunk]:
    chunk = _Chunk(columns.heads)
    for file in files:
        rows = characters = 0
        for row in _good_rows(file, columns, bad, encoder):
            rows += 1
            _add(chunk, row, columns)
            if chunk.is_full():
                characters += chunk.characters
                progress.within(file, characters)
                yield chunk
                chunk = _Chunk(columns.heads)
        progress.add(file, rows)
    if chunk.given:
        yield chunk


def _good_rows(file: SourceFile, columns: Columns, bad: BadRows, encoder: Tokenizer) -> Iterator[Any]:
    """The cells and label numbers of the rows that can be used."""
    unit = unit_of(file)
    try:
        for number, cells in stream_rows(file, columns.wanted, columns.text):
            place = f"{file.path}, {unit} {number}"
            if isinstance(cells, DataError):
                bad.add(place, cells)
                continue
            try:
                _check_cells(cells, columns, encoder, place)
                numbers = {name: head.numbers(cells, place, file.path) for name, head in columns.heads.items()}
                if columns.tree is not None:
                    numbers = columns.tree.settle(numbers, place)
            except (DataError, TypeError) as error:
                bad.add(place, error)
                continue
            yield cells, numbers
    except FileError as error:
        bad.add("", error)


def _check_cells(cells: dict[str, Any], columns: Columns, encoder: Tokenizer, place: str) -> None:
    if isinstance(cells, TokenRow):
        encoder.check_ids(cells["input_ids"], place)
        return
    for column in (columns.text, columns.text_pair):
        if column is not None:
            cells[column] = check_text(cells[column], column, place, columns.missing)


def _add(chunk: _Chunk, row: tuple[dict[str, Any], dict[str, list[int]]], columns: Columns) -> None:
    cells, numbers = row
    given = cells if isinstance(cells, TokenRow) else None
    chunk.given.append(given)
    for texts, column in zip(chunk.texts, (columns.text, columns.text_pair), strict=True):
        if column is not None:
            texts.append("" if given is not None else cells[column])
            chunk.characters += len(texts[-1])
    for name, found in numbers.items():
        chunk.labels[name].append(found)
        columns.heads[name].count(found)


def _tokenised(chunk: _Chunk, encoder: Tokenizer, columns: Columns) -> tuple[_Chunk, TokenArrays]:
    texts, pairs = chunk.texts
    tokens = encoder.encode(texts, pairs if columns.text_pair else None)
    if not any(row is not None for row in chunk.given):
        return chunk, tokens
    ids = [tokens.take([place]) for place in range(len(tokens))]
    for place, row in enumerate(chunk.given):
        if row is not None:
            ids[place] = TokenArrays.from_lists([row["input_ids"]], [row["token_type_ids"]])
    return chunk, TokenArrays.concatenate(ids)


def _keys(chunk: _Chunk, columns: Columns) -> np.ndarray:
    """A hash of the text, to find equal texts; 0 where token ids were given."""
    texts, pairs = chunk.texts
    is_text = np.array([row is None for row in chunk.given])
    return np.where(is_text, text_keys(texts, pairs if columns.text_pair else None), np.uint64(0)).astype("<u8")


def _ahead(chunks: Iterable[_Chunk], work: Callable[[_Chunk], Any]) -> Iterator[Any]:
    """What the work makes of each chunk, in order, while one thread reads on and another one works."""
    waiting: collections.deque[Any] = collections.deque()
    reader = concurrent.futures.ThreadPoolExecutor(1)
    worker = concurrent.futures.ThreadPoolExecutor(1)
    iterator = iter(chunks)
    coming = reader.submit(next, iterator, None)
    try:
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, iterator, None)
            waiting.append(worker.submit(work, chunk))
            while len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for pool in (reader, worker):
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Context: TensorFlow's errors of the disk become those of Python."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message.rpartition("; ")[2], str(folder)) from error


class _Writer:
    """Shards and index, written as tokens come."""

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

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *error: object) -> None:
        pairs = [stream for both in self._labels.values() for stream in both]
        with _disk_errors(self.folder), contextlib.ExitStack() as closed:
            for stream in [*self._index.values(), *pairs, *([self._records] if self._records else [])]:
                closed.callback(stream.close)

    def write(self, tokens: TokenArrays, labels: Mapping[str, Sequence[Sequence[int]]], keys: np.ndarray) -> None:
        """Add texts."""
        self._index[KEYS_FILE].write(keys.tobytes())
        records = serialize(tokens, labels, pairs=self.pairs)
        with _disk_errors(self.folder):
            starts = self._write_records(records)
        self._index[LENGTHS_FILE].write(tokens.lengths.astype(np.uint16).tobytes())
        self._index[OFFSETS_FILE].write(np.array(starts, dtype=np.uint64).tobytes())
        for head, rows in labels.items():
            numbers, starts_of_labels = self._labels[head]
            first = numbers.tell() // 4  # bytes of an int32
            starts_of_labels.write((offsets_of([len(row) for row in rows])[:-1] + first).astype(np.uint64).tobytes())
            numbers.write(np.array([number for row in rows for number in row], dtype=np.int32).tobytes())
        self.num_rows += len(tokens)
        self.num_cut += tokens.num_truncated
        counted = np.bincount(tokens.lengths, minlength=len(self.length_counts))
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
            shard["bytes"] += len(record) + 16  # length and check sums
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
