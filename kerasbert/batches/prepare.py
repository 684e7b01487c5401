"""Data files of any size into a token cache: read, tokenised and written piece by piece, with nothing held as a whole."""

import collections
import concurrent.futures
import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_name
from kerasbert._core.errors import ArtifactError, ConfigError, DataError
from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert._core.options import filled, takes_options
from kerasbert._core.paths import local_output
from kerasbert._core.staging import recover_folder
from kerasbert.batches.cache_writer import CacheWriter
from kerasbert.batches.token_cache import (
    BAD_ROWS_FILE,
    CACHE_FILE,
    FORMAT,
    KINDS_FILE,
    TokenCache,
    is_cache,
    open_cache,
)
from kerasbert.labels.level_vocabulary import LevelTree
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading._files import SourceFile
from kerasbert.reading._tfrecord import TokenRow
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.formats import format_of
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import FileError, RowOptions, TextColumns, UsableRow, open_file, usable_rows
from kerasbert.reading.row_labels import LabelOptions, labels_reader, plan_labels
from kerasbert.reading.sources import changes, find_sources, listing
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer

CHUNK_TEXTS = 4096
CHUNK_CHARACTERS = 2_000_000
# What decides nothing where an older cache does not say it.
UNSAID = {"prompt": ""}
# Chunks that are read ahead of the tokenizer, and tokenised ahead of the writer.
AHEAD = 2


@takes_options(LabelOptions, RowOptions, ReadOptions)
def prepare_tokens(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    encoder: str | os.PathLike[str] = DEFAULT_ENCODER,
    max_length: int | None = None,
    long_texts: str = "truncate",
    prompt: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> TokenCache:
    """Tokenize labelled data files of any size once, into a folder to train from.

    Reading, tokenizing on all cores and writing overlap, and memory holds a few thousand texts at a time. A folder that was
    made before from the same files in the same way is taken as it is.

    Args:
        sources: paths and patterns (`"data/*.jsonl"`) of .csv, .tsv, .jsonl, .json, .xlsx, .parquet and .tfrecord files; all
            but Parquet and Excel also as .gz. A TFRecord file holds `tf.train.Example`s with a text, or with `input_ids` in its place.
        output: the folder to appear, written beside and renamed when whole.
        encoder: name or folder of the checkpoint to be trained.
        max_length: longest text in tokens; longer ones are cut and counted. None: see `Tokenizer.from_folder`.
        long_texts: `"truncate"` or `"head_tail"`, see `LongTexts`.
        prompt: text put in front of each text, see `Tokenizer.from_folder`.
        overwrite: whether a folder made from other data, or in another way, is replaced.
        progress: called with about how many bytes of the sources are done, and with all.
        **options: those of `LabelOptions`, `RowOptions` and `ReadOptions`.

    Returns:
        The cache; `reused` tells whether it was there.

    Raises:
        DataError: when a file, a column or a row cannot be used, or there is no row; the message names file and line.
        TypeError: when a text of a file is no text.
        ArtifactError: when the folder was made from other data or in another way, and `overwrite` is False.
        ConfigError: when an argument is out of its range.

    Example:
        >>> classifier = TextClassifier()
        >>> cache = prepare_tokens("data/*.jsonl", "tokens", task=classifier.task)  # doctest: +SKIP
        >>> _ = classifier.fit(cache)  # doctest: +SKIP
    """
    tokenizer = Tokenizer.from_pretrained(
        encoder, max_length=max_length, long_texts=LongTexts(long_texts), prompt=prompt
    )
    heads, tree = plan_labels(filled(LabelOptions, None, options))
    rows = filled(RowOptions, None, options)
    reading = _Reading(tokenizer, rows.columns, heads, tree, rows.on_error, progress)
    reading.check()
    files = find_sources(sources, filled(ReadOptions, None, options))
    return _prepare(local_output(output), files, reading, overwrite=overwrite)


class _Reading(NamedTuple):
    """How files become token ids."""

    tokenizer: Tokenizer
    columns: TextColumns
    heads: dict[str, LabelVocabulary]
    tree: LevelTree | None
    on_error: str
    progress: Callable[[int, int], None] | None

    @property
    def label_columns(self) -> list[str]:
        """All columns of labels."""
        return [name for head in self.heads.values() for name in head.columns]

    def check(self) -> None:
        """Refuse what cannot be streamed, before a file is opened."""
        if self.tokenizer.long_texts.way == "windows":
            raise ConfigError(
                "`long_texts` must be 'truncate' or 'head_tail' for a stream; got 'windows'. Texts in windows are trained "
                "from memory: `TextClassifier.fit`, or `kerasbert train` with one file of less than 500 MB and without "
                "--stream, --max-steps, --token-budget and --augment."
            )
        for head in self.heads:
            check_name("head", head)
        BadRows(self.on_error)

    def facts(self) -> dict[str, Any]:
        """What decides, besides the files, what a cache holds."""
        return {
            "format": FORMAT,
            "vocabulary": self.tokenizer.fingerprint,
            "max_length": self.tokenizer.max_length,
            "long_texts": self.tokenizer.long_texts.way,
            "prompt": self.tokenizer.prompt,
            "text": self.columns.text,
            "text_pair": self.columns.pair,
            "missing": self.columns.missing,
            "on_error": self.on_error,
            "subclasses": self.tree.given.to_tree() if self.tree and self.tree.given else None,
            "reading": {
                name: [head.task, list(head.columns), head.delimiter, None if head.is_open else list(head.names)]
                for name, head in self.heads.items()
            },
        }


class _Chunk:
    """Some rows on their way: texts or token ids, and label numbers by head."""

    def __init__(self, reading: _Reading) -> None:
        self.texts: list[list[str]] = [[] for _ in reading.columns.names]
        self.given: list[TokenRow | None] = []
        self.labels: dict[str, list[list[int]]] = {head: [] for head in reading.heads}
        self.characters = 0

    def is_full(self) -> bool:
        return len(self.given) >= CHUNK_TEXTS or self.characters >= CHUNK_CHARACTERS

    def add(self, row: UsableRow, heads: Mapping[str, LabelVocabulary]) -> None:
        """Take a row and count its labels."""
        self.given.append(row.cells if isinstance(row.cells, TokenRow) else None)
        for texts, text in zip(self.texts, row.texts or [""] * len(self.texts), strict=True):
            texts.append(text)
            self.characters += len(text)
        for name, numbers in row.labels.items():
            self.labels[name].append(numbers)
            heads[name].count(numbers)

    def tokenized(self, tokenizer: Tokenizer) -> TokenArrays:
        """The token ids of the rows, given or of their texts."""
        token_arrays = tokenizer.encode(*self.texts)
        if not any(row is not None for row in self.given):
            return token_arrays
        each = [token_arrays.take([place]) for place in range(len(token_arrays))]
        for place, row in enumerate(self.given):
            if row is not None:
                each[place] = TokenArrays.from_lists([row["input_ids"]], [row["token_type_ids"]])
        return TokenArrays.concatenate(each)

    def keys(self) -> np.ndarray:
        """A hash of each text, to find equal texts; 0 where token ids were given."""
        is_text = np.array([row is None for row in self.given])
        return np.where(is_text, text_keys(*self.texts), np.uint64(0)).astype("<u8")


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


def _prepare(output: Path, files: list[SourceFile], reading: _Reading, *, overwrite: bool) -> TokenCache:
    """Take the cache that is there, if it is of these files read in this way, or write one."""
    facts = reading.facts()
    recover_folder(output)
    if is_cache(output):
        differ = _differences(output, files, facts, overwrite=overwrite)
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
            _fill(folder, files, reading)
    except (OSError, ArtifactError):
        # Another worker of the same training was faster.
        if is_cache(output) and not _differences(output, files, facts):
            return open_cache(output, reused=True)
        raise
    return open_cache(output)


def _fill(folder: Path, files: list[SourceFile], reading: _Reading) -> None:
    """Write the content of a cache."""
    tokenizer = reading.tokenizer
    bad = BadRows(reading.on_error, folder / BAD_ROWS_FILE)
    pairs = reading.columns.pair is not None or any(format_of(file).has_token_ids for file in files)
    with CacheWriter(folder, reading.heads, pairs=pairs) as writer:
        seen = _Progress(files, reading.progress)
        chunks = _chunks(files, reading, bad, seen)
        for chunk, token_arrays in _ahead(chunks, lambda chunk: (chunk, chunk.tokenized(tokenizer))):
            writer.write(token_arrays, chunk.labels, chunk.keys())
    if not writer.num_rows:
        skipped = f"; {bad.count} rows were skipped, such as {bad.first[0]}" if bad.count else ""
        raise DataError(f"{listing([file.path for file in files])} hold no row to train on{skipped}.")
    for labels in reading.heads.values():
        labels.check()
    tree = None if reading.tree is None else reading.tree.finish()
    facts = {
        **reading.facts(),
        **writer.facts(),
        "pad_id": tokenizer.pad_id,
        "mask_id": tokenizer.mask_id,
        "skipped": bad.to_dict(),
        "empty": seen.empty,
        "tree": None if tree is None else tree.to_tree(),
        "sources": [dataclasses.asdict(file.hashed()) for file in files],
        "heads": {name: _head_facts(head) for name, head in reading.heads.items()},
    }
    tokenizer.token_kinds().tofile(folder / KINDS_FILE)
    (folder / CACHE_FILE).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _chunks(files: list[SourceFile], reading: _Reading, bad: BadRows, progress: _Progress) -> Iterator[_Chunk]:
    """The rows that can be used, some at a time."""
    read_labels = labels_reader(reading.heads, reading.tree)
    chunk = _Chunk(reading)
    for file in files:
        rows = characters = 0
        try:
            source = open_file(file, reading.columns, reading.label_columns)
            for row in usable_rows(source, bad, reading.columns, read_labels, reading.tokenizer.check_ids):
                rows += 1
                chunk.add(row, reading.heads)
                if chunk.is_full():
                    characters += chunk.characters
                    progress.within(file, characters)
                    yield chunk
                    chunk = _Chunk(reading)
        except FileError as error:
            bad.add("", error)
        progress.add(file, rows)
    if chunk.given:
        yield chunk


def _differences(
    folder: Path, files: list[SourceFile], way: Mapping[str, Any], *, overwrite: bool = False
) -> list[str]:
    try:
        facts = open_cache(folder)
    except ArtifactError:
        if overwrite:
            return ["it is damaged"]
        raise
    differ = [f"`{name}` differs" for name, value in way.items() if facts.facts.get(name, UNSAID.get(name)) != value]
    return differ + changes(facts.sources, files)


def _head_facts(head: LabelVocabulary) -> dict[str, Any]:
    return {
        "task": head.task,
        "columns": list(head.columns),
        "delimiter": head.delimiter,
        "names": list(head.names),
        "order": head.order.tolist(),
        "counts": head.counts.tolist(),
    }


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
