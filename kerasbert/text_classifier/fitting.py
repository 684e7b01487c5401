"""One training of a `TextClassifier`, from its data to a `TrainedClassifier`."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import keras

from kerasbert._core.errors import DivergedError
from kerasbert._core.names import RATE_KEY
from kerasbert._core.options import options_of
from kerasbert.batches.memory import Batches
from kerasbert.batches.stream import StreamBatches
from kerasbert.labels.counts import label_counts
from kerasbert.reading.data_checks import warn_of_absent_labels
from kerasbert.saving.trained_classifier import TrainedClassifier, check_rows, reading_of
from kerasbert.text_classifier.labels import Validation, checked_validation
from kerasbert.text_classifier.settings import Settings
from kerasbert.text_classifier.training_data import Encoded, TextsInMemory, TrainingData, memory_batches
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.training.callbacks.logs import RateLog
from kerasbert.training.devices import as_strategy
from kerasbert.training.finetune import finetune
from kerasbert.training.learning_rate_finder import LearningRateFinder, find_learning_rate
from kerasbert.training.settings import RunSettings


@dataclasses.dataclass(frozen=True)
class Fitting:
    """A training that can begin.

    Args:
        untrained: the classifier as it is before; its model is trained in place.
        data: what is trained on.
        held_out: what epochs and thresholds are chosen on; None where nothing is.
        batches: of the data.
        devices: see `as_strategy`.
    """

    untrained: TrainedClassifier
    data: TrainingData
    held_out: Encoded | None
    batches: Batches | StreamBatches
    devices: Any

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
    """Read the data, warn of what is odd in it, and build the model; None as `before` begins anew.

    Raises:
        ConfigError: when settings and data do not go together, or devices do not exist.
        DataError: when a text or a label cannot be used.
    """
    checked = checked_validation(validation)
    data.read_labels(settings, before)
    tokenizer = settings.new_tokenizer(data.max_length) if before is None else before.tokenizer
    data.read_texts(settings, tokenizer)
    data.warn(settings, tokenizer, checked)
    outputs = data.labels.outputs
    held_out = _held_out(settings, data, tokenizer, checked)
    description = {
        **data.describe(held_out),
        "validation_given": checked is not None,
        "pairs": data.pairs,
        "max_length": tokenizer.max_length,
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
    return Fitting(untrained, data, held_out, data.batches(settings, devices), devices)


def plain_settings(settings: Settings) -> dict[str, Any]:
    """Return the arguments of a `TextClassifier` as plain data."""
    values = {name: getattr(settings, name) for name in options_of(Settings)} | {"encoder": os.fspath(settings.encoder)}
    if settings.label_names is not None:
        values["label_names"] = [str(name) for name in settings.label_names]
    if settings.heads is not None:
        values["heads"] = {head: task.name for head, task in settings.plan().tasks.items()}
    return values


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
    """Train, and tune thresholds; errors are those of `TextClassifier.fit`, with its row numbers."""
    trained, rates = fitting.untrained, RateLog()
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
    told = {**plain_history(history), **({RATE_KEY: rates.rates} if rates.rates else {})}
    trained = dataclasses.replace(trained, history=told)
    if fitting.held_out is None:
        return trained
    tokens, y_true = fitting.held_out
    thresholds = trained.outputs.tune_thresholds(y_true, trained.probabilities_of(tokens))
    return dataclasses.replace(trained, thresholds=thresholds)


def plain_history(history: keras.callbacks.History) -> dict[str, list[float]]:
    """Return Keras's history as plain data."""
    return {name: [float(value) for value in values] for name, values in history.history.items()}


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
