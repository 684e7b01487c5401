"""The data that `fit` trains on, in one form: texts in memory, or a token cache, which may be larger than memory."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.make import make_batches
from kerasbert.batches.memory import LONGEST, Batches, MemoryRows
from kerasbert.batches.rows import RowStore, held_out_rows
from kerasbert.batches.stream import StreamBatches, stream_batches
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.counts import label_counts
from kerasbert.labels.hierarchy import Hierarchy, level_names, parse_tree
from kerasbert.labels.kinds import NAMES
from kerasbert.reading.data_checks import text_keys, warn_of_absent_labels, warn_of_imbalance, warn_of_texts
from kerasbert.reading.examples import Examples
from kerasbert.saving.trained_classifier import TrainedClassifier, check_rows
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.outputs import Outputs, ReadLabels
from kerasbert.text_classifier.labels import Validation
from kerasbert.text_classifier.settings import Settings
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.devices import needs_static_shapes

# Token arrays and labels by head.
Encoded = tuple[Any, dict[str, np.ndarray]]


class TrainingData(ABC):
    """Abstract: labelled texts, read in the order of the methods.

    Attributes:
        labels: what the labels are, once they are read; of a token cache without the arrays.
        rows: token ids and labels, once the texts are read.
        held_out_rows: the rows that are not trained on; None: there are none.
        max_length: of its texts in tokens; None where they are not tokenised yet.
        pairs: whether each has a second text.
        pad_id: id that fills up a text.
    """

    labels: ReadLabels
    rows: RowStore
    held_out_rows: np.ndarray | None = None
    max_length: int | None = None
    pairs: bool
    pad_id: int

    @abstractmethod
    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        """Read the labels, which are those of `before` where there is one."""

    @abstractmethod
    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        """Tokenize the texts, or check that they were tokenized so."""

    @abstractmethod
    def batches(self, settings: Settings, devices: Any) -> Batches | StreamBatches:
        """Make batches of what is left to train on."""

    def warn(self, settings: Settings, tokenizer: Tokenizer, validation: Validation | None) -> None:
        """Warn of what is odd in texts and labels, and of validation texts that are trained on."""
        warn_of_texts(
            self.rows,
            validation,
            keys=self.text_keys if validation is not None else None,
            long_texts=tokenizer.long_texts.way,
            full_lengths=lambda: self.full_lengths(tokenizer),
        )
        outputs, counts = self.labels.outputs, self.rows.counts
        if outputs.hierarchy is None:
            warn_of_absent_labels(counts, outputs.label_names)
        if settings.balance is None and settings.sampling is None:
            untuned = outputs.untuned(validation is not None or bool(settings.held_out_share()))
            warn_of_imbalance({head: counts[head] for head in untuned}, outputs.label_names)

    @property
    @abstractmethod
    def text_keys(self) -> np.ndarray | None:
        """A number for each text that is equal where texts are; None: not known."""

    def full_lengths(self, tokenizer: Tokenizer) -> np.ndarray | None:
        """Return the lengths in tokens of a sample of the texts, uncut; None where the texts are gone."""
        return None

    def hold_out(self, share: float, seed: int) -> Encoded:
        """Hold out a share of the texts, which is not trained on from now on."""
        self.held_out_rows = held_out_rows(self.rows, share, seed=seed)
        return self.rows.read(self.held_out_rows)

    def validation_batches(self, settings: Settings, held_out: Encoded, devices: Any) -> Batches:
        """Make batches of what is evaluated after each epoch."""
        return memory_batches(settings, held_out, self.pad_id, lengths=padded_lengths(settings, devices))

    def describe(self, held_out: Encoded | None) -> dict[str, Any]:
        """Count texts and labels, as the model card tells them."""
        counts = self.rows.counts
        if self.held_out_rows is not None and held_out is not None:
            counts = {head: count - label_counts(held_out[1][head], len(count)) for head, count in counts.items()}
        return {
            "num_texts": self.rows.num_rows - (0 if self.held_out_rows is None else len(self.held_out_rows)),
            "num_held_out": 0 if held_out is None else len(held_out[0]),
            "num_cut": self.num_cut,
            "labels": {head: count.tolist() for head, count in counts.items()},
        }

    @property
    def num_cut(self) -> int:
        """Number of training texts that are longer than the model reads."""
        return self.rows.num_cut

    @property
    def numbers(self) -> list[int] | None:
        """The number that each row of the batches had in `fit`; None where they are its own."""
        return None


def memory_batches(
    settings: Settings, encoded: Encoded, pad_id: int, *, lengths: str | None = None, shuffle: bool = False
) -> Batches:
    """Make batches of token arrays and labels by head: shuffled to train on, else by length."""
    token_arrays, arrays = encoded
    return make_batches(
        token_arrays,
        arrays if list(arrays) != [SINGLE_HEAD] else arrays[SINGLE_HEAD],
        batch_size=settings.batch_size,
        shuffle=shuffle,
        seed=settings.seed,
        lengths=lengths,
        sampling=settings.sampling if shuffle else None,
        pad_id=pad_id,
        by_length=not shuffle,
    )


def padded_lengths(settings: Settings, devices: Any) -> str | None:
    """Pad to the batch's longest text unless XLA compiles per length or texts are windowed."""
    compiled = keras.backend.backend() != "tensorflow" or needs_static_shapes(devices)
    return None if compiled or settings.long_texts == "windows" else LONGEST


# Texts that are tokenised uncut, to say how long they are.
SAMPLE = 1000


class TextsInMemory(TrainingData):
    """Texts and labels as they were given to `fit`."""

    def __init__(self, texts: Any, labels: Any, text_pairs: Any = None) -> None:
        # A mistake in the data is told before an encoder is loaded.
        self.texts = check_texts("texts", texts)
        self.text_pairs = None if text_pairs is None else check_texts("text_pairs", text_pairs)
        self.pairs = self.text_pairs is not None
        self.cells = labels

    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        self.labels = (settings.plan() if before is None else before.outputs).read(self.cells)

    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        self.token_arrays, self.pad_id = tokenizer.encode(self.texts, self.text_pairs), tokenizer.pad_id
        check_rows(self.labels.arrays, len(self.token_arrays))
        sizes = {head: len(names) for head, names in self.labels.outputs.label_names.items()}
        self.rows = MemoryRows(self.token_arrays, self.labels.arrays, sizes)

    @property
    def text_keys(self) -> np.ndarray:
        return text_keys(self.texts, self.text_pairs)

    def full_lengths(self, tokenizer: Tokenizer) -> np.ndarray:
        some = slice(None, None, max(len(self.texts) // SAMPLE, 1))
        return tokenizer.full_lengths(*[part[some] for part in (self.texts, self.text_pairs) if part is not None])

    @functools.cached_property
    def train(self) -> Encoded:
        """What is left to train on."""
        if self.held_out_rows is None:
            return self.token_arrays, self.labels.arrays
        return self.rows.read(np.array(self.numbers))

    def batches(self, settings: Settings, devices: Any) -> Batches:
        lengths = padded_lengths(settings, devices)
        return memory_batches(settings, self.train, self.pad_id, lengths=lengths, shuffle=True)

    @property
    def num_cut(self) -> int:
        return int(self.train[0].num_truncated)

    @property
    def numbers(self) -> list[int]:
        rows = np.arange(self.rows.num_rows)
        return (rows if self.held_out_rows is None else np.delete(rows, self.held_out_rows)).tolist()


class CachedTexts(TrainingData):
    """A token cache, from `prepare_tokens` or `open_cache`."""

    def __init__(self, cache: TokenCache) -> None:
        self.cache = cache
        self.max_length = cache.max_length
        self.pairs = cache.facts["text_pair"] is not None
        self.rows = cache
        self.pad_id = cache.pad_id

    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        outputs = _cached_outputs(self.cache, settings)
        if before is not None and outputs != before.outputs:
            known = before.outputs.hierarchy or before.outputs.label_names
            raise ConfigError(
                f"The token cache must have the labels of the classifier that is trained on (`warm_start`), "
                f"{shorten(known)}; got {shorten(self.cache.names)}. Prepare it again with these, or set `warm_start` to "
                f"False."
            )
        self.labels = ReadLabels(outputs, {}, dict.fromkeys(self.cache.heads, NAMES))

    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        facts, folder = self.cache.facts, str(self.cache.folder)
        own = {"encoder": tokenizer.fingerprint, "max_length": tokenizer.max_length}
        own["long_texts"] = tokenizer.long_texts.way
        for name, there in zip(own, ("vocabulary", "max_length", "long_texts"), strict=True):
            if facts[there] != own[name]:
                raise ConfigError(
                    f"The token cache {folder!r} was made with another `{name}` ({shorten(facts[there], 20)} instead of "
                    f"{shorten(own[name], 20)}); prepare it again, or give that one."
                )

    @property
    def text_keys(self) -> np.ndarray | None:
        return self.cache.text_keys

    def batches(self, settings: Settings, devices: Any) -> StreamBatches:
        return stream_batches(
            self.cache,
            token_budget=settings.token_budget,
            batch_size=None if settings.token_budget else settings.batch_size,
            seed=settings.seed,
            sampling=settings.sampling,
            augment=settings.augment,
            held_out=self.held_out_rows,
        )


def _cached_outputs(cache: TokenCache, settings: Settings) -> Outputs:
    """Return what a classifier predicts that is trained from a token cache."""
    plan, found = settings.plan(), {head: cached.task for head, cached in cache.heads.items()}
    wanted = {head: task.name for head, task in plan.tasks.items()}
    if plan.has_levels:
        wanted = dict.fromkeys(found, settings.task)
    if found != wanted:
        raise ConfigError(f"The token cache was made for {found}; this classifier is for {wanted}.")
    if cache.hierarchy is not None:
        _check_tree(cache.hierarchy, settings)
    elif settings.label_names is not None and tuple(settings.label_names) != cache.heads[SINGLE_HEAD].names:
        raise ConfigError(
            f"`label_names` must be those of the token cache, {shorten(cache.heads[SINGLE_HEAD].names)}; got "
            f"{shorten(tuple(settings.label_names))}. Prepare it again with these."
        )
    return plan.outputs(cache.names)


def _check_tree(tree: Hierarchy, settings: Settings) -> None:
    if settings.level_task != DEFAULT_LEVEL_TASK:
        raise ConfigError(
            f"`level_task` must be {DEFAULT_LEVEL_TASK!r} with a token cache of a hierarchy, whose texts have one class each; train from "
            "memory with `fit`."
        )
    if settings.subclasses is not None and parse_tree(settings.subclasses) != tree:
        raise ConfigError(
            "`subclasses` must be those of the token cache; leave them out, or prepare it again with these."
        )


def training_data(data: Any, labels: Any, text_pairs: Sequence[str] | None, *, settings: Settings) -> TrainingData:
    """Turn the arguments of `TextClassifier.fit` into training data.

    Raises:
        ConfigError: when an argument does not go with the data.
        DataError: when there are no labels.
        TypeError: when the texts are no column of texts.
    """
    if isinstance(data, TokenCache):
        _refuse({"labels": labels, "text_pairs": text_pairs}, "must be left out with a token cache, which holds them")
        return CachedTexts(data)
    _refuse(
        {"token_budget": settings.token_budget, "augment": settings.augment},
        "goes with a token cache, see `prepare_tokens`",
    )
    if isinstance(data, Examples):
        _refuse({"text_pairs": text_pairs}, "must be left out with `Examples`, which hold them")
        labels = labels_of_examples(data, settings) if labels is None else labels
        return TextsInMemory(data.texts, labels, data.text_pairs)
    if labels is None:
        raise DataError("`labels` must be given with texts, a label for each; got None.")
    return TextsInMemory(data, labels, text_pairs)


def _refuse(options: Mapping[str, Any], reason: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise ConfigError(f"`{name}` {reason}; got {shorten(value)}.")


def labels_of_examples(examples: Examples, settings: Settings) -> Any:
    """Return the labels of examples as `fit` takes them: the only column, or a column of the name of each head.

    Columns of a hierarchy stand from the class down.

    Raises:
        DataError: when it has other columns.
    """
    columns, plan = examples.labels, settings.plan()
    if plan.has_levels:
        return dict(zip(level_names(len(columns)), columns.values(), strict=True))
    if plan.has_several_heads and set(plan.tasks) <= set(columns):
        return {head: columns[head] for head in plan.tasks}
    if not plan.has_several_heads and len(columns) == 1:
        return next(iter(columns.values()))
    wanted = f"the label columns {', '.join(plan.tasks)}" if plan.has_several_heads else "one label column"
    raise DataError(
        f"`Examples` must have {wanted}; got {', '.join(map(repr, columns)) or 'none'}. Or pass `labels` as well, such as "
        f"examples.labels['NAME']."
    )
