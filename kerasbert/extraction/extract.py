"""`extract_features`: texts in, vectors out, in one pass over the texts."""

import contextlib
import dataclasses
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_bool, check_choice, check_int, check_text_column
from kerasbert._core.errors import DataError
from kerasbert._core.files import atomic_dir_write, atomic_file_write, check_output, check_output_file
from kerasbert._core.options import filled, takes_options
from kerasbert._core.progress import progress_bar
from kerasbert.caching.settings import CacheSettings
from kerasbert.classifiers.pooling import Pooling
from kerasbert.extraction.features import ExtractedFeatures
from kerasbert.extraction.reader import FeatureReader
from kerasbert.extraction.source import Source, open_source
from kerasbert.extraction.stores import Cell, MemoryStore, NpyStore, ParquetStore, Store, column_name, npy_name
from kerasbert.tokenization.long_texts import LongTexts, WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer

BATCH_SIZE = 64
# Texts are read in stretches whose vectors take at most this much memory; within one, short texts come first.
STRETCH_BYTES = 64_000_000
STRETCH_TEXTS = 4096
DESCRIPTION_FILE = "features.json"


@dataclasses.dataclass(kw_only=True)
class LengthSettings:
    """How texts are cut into what the encoder reads at once.

    Args:
        max_length: longest text in tokens; None: the classifier's own, or as in
            `Tokenizer.from_folder`.
        long_texts: what becomes of longer ones: `"truncate"`, `"head_tail"`, `"windows"` or a `LongTexts`; None: as the
            classifier does, or `"truncate"`.
        window_pooling: what reads the vectors of a text's windows: `"mean"`, `"max"` or a trained pooling layer; None: the
            classifier's own, or `"mean"`.
        batch_size: texts in a batch, >= 1.

    Example:
        >>> LengthSettings().batch_size
        64
    """

    max_length: int | None = None
    long_texts: str | LongTexts | None = None
    window_pooling: str | Pooling | None = None
    batch_size: int = BATCH_SIZE


@takes_options(LengthSettings, CacheSettings)
def extract_features(
    source: Source,
    texts: Iterable[str],
    *,
    text_pairs: Iterable[str] | None = None,
    layers: int | Sequence[int] | str | None = None,
    poolings: str | Pooling | Sequence[str | Pooling] = "mean",
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    dtype: str = "float32",
    verbose: bool = False,
    **options: Any,
) -> ExtractedFeatures:
    """Extract vectors of texts: any hidden states under any poolings, in one pass of the encoder.

    Texts are read once, in stretches, and batched by length within each; memory does not grow with their number unless
    the result is kept there. The vectors come in the order of the texts.

    Args:
        source: name or folder of a checkpoint, folder of a saved classifier, a trained `TextClassifier` or its
            `TrainedClassifier`, or a pair of an encoder (or `Classifier`) and a `Tokenizer`.
        texts: n texts: a list or any iterable, which is read once.
        text_pairs: n second texts, read together with the first ones.
        layers: hidden states, 0 the embeddings and -1 the last block; `"all"` for each of them. None: the last.
        poolings: `"mean"`, `"cls"`, `"last"`, `"max"`, or trained pooling layers; one or several.
        output: None keeps NumPy arrays in memory; a name that ends in `.parquet` writes such a file, with a column
            `layer_03_mean` of fixed-size lists for each layer and pooling; any other name is a folder of `.npy` files,
            given back as memory maps.
        overwrite: whether an existing output may be replaced.
        dtype: `"float32"` or `"float16"`, of what is kept.
        verbose: whether to show a progress bar on standard error.
        **options: those of `LengthSettings` and `CacheSettings`.

    Returns:
        The features: `features[layer, pooling]` is an array (n, hidden).

    Raises:
        ConfigError: when a layer is outside the encoder, a pooling cannot be used, or a number is out of its range.
        DataError: when a text cannot be used, or there are not as many second texts as first ones.
        ArtifactError: when the output cannot be written.
        TypeError: when an argument has the wrong type.

    Example:
        >>> features = extract_features("all-MiniLM-L6-v2", ["good", "bad"], layers=(3, -1), poolings=["mean", "cls"])
        >>> features[-1, "mean"].shape
        (2, 384)
    """
    check_choice("dtype", dtype, ("float16", "float32"))
    check_bool("verbose", verbose)
    lengths = filled(LengthSettings, None, options)
    check_int("batch_size", lengths.batch_size, 1)
    columns = [check_text_column("texts", texts)]
    columns += [] if text_pairs is None else [check_text_column("text_pairs", text_pairs)]
    target = None if output is None else _checked_target(output, overwrite)
    opened = open_source(source, max_length=lengths.max_length, long_texts=lengths.long_texts)
    windows = opened.window_pooling if lengths.window_pooling is None else lengths.window_pooling
    cache = filled(CacheSettings, None, options).checked()
    reader = FeatureReader(opened.encoder, layers, poolings, window_pooling=windows, cache=cache)
    with _store_for(target, reader, dtype, overwrite) as store:
        total = len(texts) if isinstance(texts, Sequence) else None
        with progress_bar("reading texts", total, shown=verbose) as advance:
            count, cut = fill(store, reader, opened.tokenizer, columns, batch_size=lengths.batch_size, advance=advance)
    arrays = store.arrays() if isinstance(store, MemoryStore) else None

    def load(cell: Cell) -> np.ndarray:
        return arrays[cell] if arrays is not None else load_cell(target, cell)

    total_layers = opened.encoder.config.num_hidden_layers
    return ExtractedFeatures(reader.layers, reader.poolings, count, cut, total_layers, target, load)


def fill(
    store: Store,
    reader: FeatureReader,
    tokenizer: Tokenizer,
    columns: Sequence[Iterable[str]],
    *,
    batch_size: int = BATCH_SIZE,
    advance: Callable[[int], object],
) -> tuple[int, int]:
    """Read texts, or pairs, into a store; return how many there were and how many were truncated.

    `advance` is told the number of texts in each batch.

    Raises:
        DataError: when a text cannot be used, or the columns differ in length.
        TypeError: when a text is none.
    """
    width = len(reader.cells) * reader.hidden_size
    size = max(batch_size, min(STRETCH_TEXTS, STRETCH_BYTES // (4 * width)))
    count = cut = 0
    for stretch in _stretches(columns, size):
        encoded = _encode(tokenizer, stretch, count)
        store.add(reader.vectors(encoded, batch_size=batch_size, pad_id=tokenizer.pad_id, advance=advance))
        count, cut = count + len(encoded), cut + encoded.num_truncated
    return count, cut


def load_cell(target: Path | None, cell: Cell) -> np.ndarray:
    """Load the vectors of a (layer, pooling) pair, (n, hidden), from a folder (memory-mapped) or a Parquet file."""
    assert target is not None
    if target.is_dir():
        return np.asanyarray(np.load(target / npy_name(cell), mmap_mode="r"))
    import pyarrow.parquet as pq

    column = pq.read_table(target, columns=[column_name(cell)]).column(0).combine_chunks()
    return np.asarray(column.flatten().to_numpy()).reshape(len(column), -1)


def _stretches(columns: Sequence[Iterable[str]], size: int) -> Iterator[list[list[str]]]:
    iterators = [iter(column) for column in columns]
    while True:
        stretch = [list(itertools.islice(iterator, size)) for iterator in iterators]
        if not any(stretch):
            return
        yield stretch


def _encode(tokenizer: Tokenizer, stretch: list[list[str]], start: int) -> TokenArrays | WindowArrays:
    try:
        return tokenizer.encode(*stretch)
    except (TypeError, DataError) as error:
        if not start:
            raise
        raise type(error)(f"{error} (Indices count from text {start}.)") from error


def _checked_target(target: str | os.PathLike[str], overwrite: bool) -> Path:
    if Path(target).suffix == ".parquet":
        return check_output_file(target, overwrite)
    return check_output(target, overwrite, kind="features")


@contextlib.contextmanager
def _store_for(target: Path | None, reader: FeatureReader, dtype: str, overwrite: bool) -> Iterator[Any]:
    form = (reader.cells, reader.hidden_size, dtype)
    if target is None:
        yield MemoryStore(*form)
    elif target.suffix == ".parquet":
        with atomic_file_write(target, overwrite=overwrite) as file, ParquetStore(file, *form) as store:
            yield store
    else:
        with atomic_dir_write(target, kind="features", overwrite=overwrite) as folder:
            with NpyStore(folder, *form) as files:
                yield files
            described = {"layers": reader.layers, "poolings": reader.poolings, "num_texts": files.num_texts}
            (folder / DESCRIPTION_FILE).write_text(json.dumps(described) + "\n", encoding="utf-8")
