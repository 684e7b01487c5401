"""One training of a `TextClassifier`: from its data, texts in memory or a token cache, to a `TrainedClassifier`."""

import dataclasses
import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ConfigError, DataError, DivergedError
from kerasbert._core.names import RATE_KEY, SINGLE_HEAD
from kerasbert._core.progress import announce
from kerasbert.batches.lengths import LONGEST
from kerasbert.batches.memory import Batches, MemoryRows, make_batches
from kerasbert.batches.rows import RowStore, held_out_rows
from kerasbert.batches.stream import StreamBatches, stream_batches
from kerasbert.batches.token_cache import TokenCache
from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.counts import label_counts
from kerasbert.labels.kinds import NAMES
from kerasbert.monitoring.profiler import LabelledTexts, Profiler
from kerasbert.monitoring.reference import reference_from, with_reference
from kerasbert.reading.data_checks import text_keys, warn_of_absent_labels, warn_of_imbalance, warn_of_texts
from kerasbert.reading.examples import Examples
from kerasbert.reading.text_sketch import sketch_texts
from kerasbert.saving.answers import check_rows
from kerasbert.saving.believable import calibrate_in_place
from kerasbert.saving.trained_classifier import TrainedClassifier, reading_of
from kerasbert.tasks.outputs import ReadLabels
from kerasbert.text_classifier.cache_checks import cached_outputs, check_cache
from kerasbert.text_classifier.labels import Validation, checked_validation, labels_of_examples
from kerasbert.text_classifier.settings import Settings, plain_settings
from kerasbert.text_classifier.told import (
    told_of_calibration,
    told_of_epochs,
    told_of_held_out,
    told_of_scope,
    told_of_texts,
)
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.callbacks.logs import RateLog
from kerasbert.training.devices import as_strategy, is_chief, needs_static_shapes
from kerasbert.training.finetune import finetune
from kerasbert.training.heads import default_monitor
from kerasbert.training.learning_rate_finder import LearningRateFinder, find_learning_rate
from kerasbert.training.settings import RunSettings
from kerasbert.uncertainty.calibration import Calibration, check_calibration
from kerasbert.uncertainty.fitted import one_of
from kerasbert.uncertainty.folding import check_foldable, has_summed_levels
from kerasbert.uncertainty.out_of_scope import KEEP, OutOfScope, check_enough, groups_of

# What a reference is made of, for people.
VALIDATION, HELD_OUT = "the validation texts of its training", "texts held out of its training"
# Token arrays and labels by head.
Encoded = tuple[Any, dict[str, np.ndarray]]
# Texts that are tokenized uncut, to say how long they are.
SAMPLE = 1000


class TrainingData(ABC):
    """Abstract: labelled texts, read in the order of the methods.

    Attributes:
        labels: set by `read_labels`; of a token cache without the arrays.
        rows: token ids and labels, set by `read_texts`.
        held_out_rows: the rows that are not trained on; None: there are none.
        max_length: of the texts in tokens; None where they are not tokenized yet.
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
        """Batches of what is left to train on."""

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
        """The lengths in tokens of a sample of the texts, uncut; None where the texts are gone."""
        return None

    def hold_out(self, share: float, seed: int) -> Encoded:
        """A share of the texts, which is not trained on from now on."""
        self.held_out_rows = held_out_rows(self.rows, share, seed=seed)
        return self.rows.read(self.held_out_rows)

    def validation_batches(self, settings: Settings, held_out: Encoded, devices: Any) -> Batches:
        """Batches of what is judged after each epoch."""
        return memory_batches(settings, held_out, self.pad_id, lengths=padded_lengths(settings, devices))

    def describe(self, held_out: Encoded | None) -> dict[str, Any]:
        """Numbers of texts and of each label, which the model card tells."""
        counts = self.rows.counts
        if self.held_out_rows is not None and held_out is not None:
            counts = {head: count - label_counts(held_out[1][head], len(count)) for head, count in counts.items()}
        return {
            "num_texts": self.rows.num_rows - (0 if self.held_out_rows is None else len(self.held_out_rows)),
            "num_held_out": 0 if held_out is None else len(held_out[0]),
            "num_cut": self.num_cut,
            "labels": {head: count.tolist() for head, count in counts.items()},
        }

    def held_out_texts(self, held_out: Encoded) -> LabelledTexts | None:
        """The texts that `hold_out` gave; None where they are gone."""
        return None

    @property
    def num_cut(self) -> int:
        """Training texts that are longer than the model reads."""
        return self.rows.num_cut

    @property
    def numbers(self) -> list[int] | None:
        """The number that each row of the batches had in `fit`; None where they are its own."""
        return None


def memory_batches(
    settings: Settings, encoded: Encoded, pad_id: int, *, lengths: str | None = None, shuffle: bool = False
) -> Batches:
    """Batches of token arrays and labels by head: shuffled to train on, else by length."""
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


class TextsInMemory(TrainingData):
    """Texts and labels as they were given to `fit`."""

    def __init__(self, texts: Any, labels: Any, text_pairs: Any = None) -> None:
        # A mistake in the data is told before an encoder is loaded.
        self.texts = texts if isinstance(texts, list) else check_texts("texts", texts)
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

    def held_out_texts(self, held_out: Encoded) -> LabelledTexts:
        rows = np.arange(self.rows.num_rows) if self.held_out_rows is None else self.held_out_rows
        texts, pairs = (None if one is None else [one[row] for row in rows] for one in (self.texts, self.text_pairs))
        return LabelledTexts(texts or [], pairs, held_out[1], np.arange(len(rows)))

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
    """A token cache."""

    def __init__(self, cache: TokenCache) -> None:
        self.cache = cache
        self.max_length = cache.max_length
        self.pairs = cache.facts["text_pair"] is not None
        self.rows = cache
        self.pad_id = cache.pad_id

    def read_labels(self, settings: Settings, before: TrainedClassifier | None) -> None:
        outputs = cached_outputs(self.cache, settings, before)
        self.labels = ReadLabels(outputs, {}, dict.fromkeys(self.cache.heads, NAMES))

    def read_texts(self, settings: Settings, tokenizer: Tokenizer) -> None:
        check_cache(self.cache, tokenizer)

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


def training_data(data: Any, labels: Any, text_pairs: Sequence[str] | None, *, settings: Settings) -> TrainingData:
    """The data that `fit` is given, of whatever kind; see `TextClassifier.fit`."""
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


@dataclasses.dataclass(frozen=True)
class Fitting:
    """A training that can begin: the model of `untrained` is trained in place, `held_out` chooses epoch and thresholds.

    `calibrates` says whether the held-out texts are there to calibrate on, and can be; `held_out_sketch` tells them again;
    `judging` are these texts themselves, None where they are gone.
    """

    untrained: TrainedClassifier
    data: TrainingData
    held_out: Encoded | None
    batches: Batches | StreamBatches
    devices: Any
    calibrates: bool = False
    held_out_sketch: Mapping[str, Any] | None = None
    judging: LabelledTexts | None = None

    @property
    def padding(self) -> dict[str, Any]:
        """Padded lengths, share of padding, and number of cut texts."""
        shapes = sorted(self.batches.shapes)
        return {"shapes": shapes, "padding": float(self.batches.padding), "cut": int(self.data.num_cut)}


def prepare_fitting(
    settings: Settings,
    data: TrainingData,
    *,
    before: TrainedClassifier | None = None,
    validation: Validation | None = None,
    strategy: Any = "auto",
) -> Fitting:
    """Read the data, warn of what is odd in it, and build the model; `before` is the classifier to train on."""
    checked = checked_validation(validation)
    data.read_labels(settings, before)
    tokenizer = settings.new_tokenizer(data.max_length) if before is None else before.tokenizer
    if before is None:
        settings.tell_folder(tokenizer)
    data.read_texts(settings, tokenizer)
    data.warn(settings, tokenizer, checked)
    outputs = data.labels.outputs
    held_out = _held_out(settings, data, tokenizer, checked)
    description = {
        **data.describe(held_out),
        "validation_given": checked is not None,
        "pairs": data.pairs,
        "max_length": tokenizer.max_length,
        "text_sketch": None if data.text_keys is None else sketch_texts(data.text_keys),
    }
    model = settings.build(outputs, tokenizer.max_length) if before is None else before.model
    if before is not None and not settings.dropout:
        model.switch_off_dropout()
    kinds = data.labels.kinds if before is None else before.label_kinds
    kept = {} if before is None else reading_of(before.metrics)
    untrained = TrainedClassifier(
        model, tokenizer, label_kinds=kinds, settings=plain_settings(settings), metrics=kept, data=description
    )
    devices = as_strategy(strategy)
    batches, calibrates = data.batches(settings, devices), _calibrates(settings, model, held_out)
    if settings.out_of_scope:
        _check_scope(data, held_out)
    judging = None if held_out is None else _judging(data, held_out, checked)
    sketch = _sketch_of_held_out(data, checked)
    return Fitting(untrained, data, held_out, batches, devices, calibrates, sketch, judging)


def _judging(data: TrainingData, held_out: Encoded, validation: Validation | None) -> LabelledTexts | None:
    """Return the texts that are judged by, with their labels; None where they are gone."""
    if validation is None:
        return data.held_out_texts(held_out)
    return LabelledTexts(validation[0], validation[2], held_out[1], np.arange(len(validation[0])))


def _sketch_of_held_out(data: TrainingData, validation: Validation | None) -> dict[str, Any] | None:
    """Sketch the texts that are not trained on; None where there are none, or they are gone."""
    if validation is not None:
        return sketch_texts(text_keys(validation[0], validation[2]))
    keys, rows = data.text_keys, data.held_out_rows
    return None if keys is None or rows is None else sketch_texts(keys[rows])


def _calibrates(settings: Settings, model: Classifier, held_out: Encoded | None) -> bool:
    """Return whether the held-out texts can calibrate the model; refuse what is asked for and cannot be done, before hours of training."""
    if settings.calibrate is False or (held_out is None and settings.calibrate is None):
        return False
    if held_out is None:
        raise ConfigError(
            "`calibrate` must be left out without validation texts, on which probabilities are calibrated; give `validation`, "
            "or a `validation_fraction`."
        )
    try:
        check_foldable(model)
        check_calibration(model.task_outputs, held_out[1], summed=has_summed_levels(model))
    except (ConfigError, DataError):
        if settings.calibrate:
            raise
        return False
    return True


def _check_scope(data: TrainingData, held_out: Encoded | None) -> None:
    """Refuse, before hours of training, data on which no out-of-scope score can be fitted after it."""
    if not isinstance(data, TextsInMemory):
        raise ConfigError(
            "`out_of_scope` must be False with a token cache; call `fit_out_of_scope` after the training, with texts."
        )
    if held_out is None:
        raise ConfigError(
            "`out_of_scope` must be False without validation texts, which show how far apart texts in scope are; give "
            "`validation`, or a `validation_fraction`."
        )
    check_enough(len(held_out[0]), KEEP)
    groups_of(data.labels.outputs, data.train[1])


def _held_out(
    settings: Settings, data: TrainingData, tokenizer: Tokenizer, validation: Validation | None
) -> Encoded | None:
    """Return token arrays and labels by head to choose epochs and thresholds on."""
    if validation is None:
        share = settings.held_out_share()
        return data.hold_out(share, settings.seed) if share else None
    texts, labels, pairs = validation
    outputs = data.labels.outputs
    arrays = outputs.encode(labels)
    token_arrays = tokenizer.encode(texts, pairs)
    check_rows(arrays, len(token_arrays), "validation")
    if outputs.hierarchy is None:
        counts = {head: label_counts(arrays[head], len(names)) for head, names in outputs.label_names.items()}
        warn_of_absent_labels(counts, outputs.label_names, "validation", "how well it is told is not judged")
    return token_arrays, arrays


def run_fitting(settings: Settings, fitting: Fitting, run: RunSettings) -> TrainedClassifier:
    """Train, and tune thresholds; the rows of a `DivergedError` are counted as in `fit`."""
    trained, rates = fitting.untrained, RateLog()
    shown = run.verbose and is_chief(fitting.devices)
    announce(told_of_texts(trained), shown=shown)
    announce(told_of_held_out(trained), shown=shown)
    validation = None
    if fitting.held_out is not None:
        validation = fitting.data.validation_batches(settings, fitting.held_out, fitting.devices)
    try:
        history = finetune(
            trained.model,
            fitting.batches,
            validation,
            settings,
            callbacks=[rates],
            **{**vars(run), "strategy": fitting.devices},
        )
    except DivergedError as error:
        numbers = fitting.data.numbers
        if numbers is None:
            raise
        raise error.renumbered(numbers) from error
    told = {name: [float(value) for value in values] for name, values in history.history.items()}
    told |= {RATE_KEY: rates.rates} if rates.rates else {}
    trained = dataclasses.replace(trained, history=told)
    monitor = settings.monitor or default_monitor(trained.model)
    announce(told_of_epochs(told, monitor, (history.params or {}).get("epochs")), shown=shown)
    if fitting.held_out is None:
        return trained
    tokens, y_true = fitting.held_out
    probabilities = trained.probabilities_of(tokens)
    trained = dataclasses.replace(trained, thresholds=trained.outputs.tune_thresholds(y_true, probabilities))
    if fitting.calibrates:
        always, sketch = settings.calibrate is True, fitting.held_out_sketch
        trained = calibrate_in_place(trained, y_true, probabilities, always=always, text_sketch=sketch)
        announce(told_of_calibration(one_of(Calibration, trained.uncertainty)), shown=shown)
    if settings.out_of_scope and isinstance(fitting.data, TextsInMemory):
        trained = trained.with_scope_of(fitting.data.train, tokens, keep=KEEP)
        announce(told_of_scope(one_of(OutOfScope, trained.uncertainty)), shown=shown)
    if not settings.reference or fitting.judging is None or not fitting.judging.texts:
        return trained
    source = VALIDATION if trained.data["validation_given"] else HELD_OUT
    return with_reference(trained, reference_from(Profiler(trained), fitting.judging, source))


def run_learning_rate_finder(
    settings: Settings, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None, *, steps: int
) -> LearningRateFinder:
    """Train a fresh model at ever higher rates, see `TextClassifier.find_learning_rate`."""
    data, tokenizer = TextsInMemory(texts, labels, text_pairs), settings.new_tokenizer()
    data.read_labels(settings, None)
    data.read_texts(settings, tokenizer)
    train = memory_batches(settings, data.train, tokenizer.pad_id, shuffle=True)
    model = settings.build(data.labels.outputs, tokenizer.max_length)
    return find_learning_rate(model, train, settings, steps=steps)
