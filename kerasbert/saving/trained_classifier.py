"""`TrainedClassifier`: a model with its tokenizer and thresholds, which takes texts and gives label names."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError, NotFittedError
from kerasbert._core.process import check_process
from kerasbert.batches.prediction import prediction_batches
from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.kinds import NAMES, kind_for
from kerasbert.tasks.outputs import Outputs
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer

PREDICTION_BATCH = 64


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TrainedClassifier:
    """A trained classifier: all that answers texts, and what is known of its training.

    `TextClassifier.fit` and `kerasbert.load` make one, their `trained_`. It is read only; `dataclasses.replace` gives a
    copy with other parts, such as other thresholds.

    Args:
        model: the classifier, from a builder.
        tokenizer: of the model.
        thresholds: head name -> decision thresholds (units,); 0.5 where there are none.
        label_kinds: head or level name -> how its labels were written, see `label_kind`; names where it is not told.
        settings: arguments of `TextClassifier` that it was trained with, plain data.
        metrics: what was measured, plain data.
        history: name -> a number for each epoch.
        data: numbers of training texts and of each label, see `describe_data`.

    Example:
        >>> classifier = TextClassifier("binary", encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> trained = classifier.fit(["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4).trained_
        >>> trained.predict_proba(["good"]).shape, trained.task
        ((1, 2), 'binary')
    """

    model: Classifier
    tokenizer: Tokenizer
    thresholds: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    label_kinds: Mapping[str, str] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    history: Mapping[str, list[float]] = dataclasses.field(default_factory=dict)
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        names, thresholds = self.outputs.label_names, self.outputs.default_thresholds()
        kinds = {head: kind_for(self.label_kinds.get(head, NAMES), own) for head, own in names.items()}
        # The way to fill a field of a frozen dataclass.
        object.__setattr__(
            self, "thresholds", {head: self.thresholds.get(head, own) for head, own in thresholds.items()}
        )
        object.__setattr__(self, "label_kinds", kinds)

    def __repr__(self) -> str:
        return f"TrainedClassifier(task={self.task!r}, heads={list(self.model.heads)}, max_length={self.max_length})"

    @property
    def outputs(self) -> Outputs:
        """What the heads predict."""
        return self.model.task_outputs

    @property
    def task(self) -> str:
        """`"binary"`, `"multiclass"`, `"multilabel"`, `"multitask"` or `"hierarchical"`."""
        return self.outputs.name

    @property
    def classes(self) -> Any:
        """Labels in the order of the probabilities' columns; a dict by head for several heads."""
        return self.outputs.classes(self.label_kinds)

    @property
    def max_length(self) -> int:
        """Longest text in tokens."""
        return self.tokenizer.max_length

    def predict_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Probabilities of the labels.

        Args:
            texts: n texts; an empty list gives an empty result.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Float32 (n, C), columns in the order of `classes`; (n, 2) for a binary task; a dict by head for several heads.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self.outputs.columns(self.probabilities(texts, text_pairs))

    def predict(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Label names, by the thresholds.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Array of n names, or integers where the labels of `fit` were integers; for a multi-label task a list of n
            lists of names, or an array (n, C) of 0 and 1 where `fit` got one; a dict by head for several heads.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self.named(self.probabilities(texts, text_pairs))

    def predict_with_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> tuple[Any, Any]:
        """The results of `predict` and `predict_proba`, from one pass of the texts through the model.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Labels, and their probabilities.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        probabilities = self.probabilities(texts, text_pairs)
        return self.named(probabilities), self.outputs.columns(probabilities)

    def probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """What the model answers: head or level name -> float32 (n, units), one unit for a binary head.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self.probabilities_of(self.tokenizer.encode(texts, text_pairs))

    def probabilities_of(self, tokens: TokenArrays | WindowArrays) -> dict[str, np.ndarray]:
        """As `probabilities`, of texts that are tokenised already."""
        tasks = self.outputs.tasks
        results = {head: np.zeros((len(tokens), task.units), "float32") for head, task in tasks.items()}
        if not len(tokens):
            return results
        output, order = self._forward(tokens)
        for head in tasks:
            results[head][order] = output[head] if isinstance(output, dict) else output
        return results

    def y_pred(self, probabilities: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Decisions by the thresholds; those of a hierarchical classifier go from the class down.

        Args:
            probabilities: of this model or of an export, as `probabilities` gives them.

        Returns:
            Head or level name -> class ids (n,) of exclusive labels, else 0 or 1 of shape (n, units).
        """
        return self.outputs.predict(probabilities, self.thresholds)

    def named(self, probabilities: Mapping[str, np.ndarray]) -> Any:
        """As `predict`, of probabilities that were computed elsewhere, such as by an exported model."""
        return self.outputs.named(self.y_pred(probabilities), self.label_kinds)

    def evaluate(
        self,
        texts: Sequence[str],
        labels: Any,
        text_pairs: Sequence[str] | None = None,
        *,
        intervals: bool = False,
    ) -> dict[str, Any]:
        """Accuracy, and precision, recall, F1, average precision and ROC AUC per label, micro, macro and weighted.

        Args:
            texts: n texts.
            labels: as for `TextClassifier.fit`.
            text_pairs: n second texts.
            intervals: whether to give, under `intervals`, where scores lie with 95 % confidence; see
                `bootstrap_intervals`.

        Returns:
            See `score_predictions`; for several heads a dict of these by head; for a hierarchical classifier by level, over
            the texts whose label is known there, and under `hierarchy` what `score_hierarchy` gives.

        Raises:
            DataError: when a text or label cannot be used.
        """
        return self.evaluate_probabilities(self.probabilities(texts, text_pairs), labels, intervals=intervals)

    def evaluate_probabilities(
        self, probabilities: Mapping[str, np.ndarray], labels: Any, *, intervals: bool = False
    ) -> dict[str, Any]:
        """As `evaluate`, of probabilities that were computed elsewhere, such as by an exported model.

        Args:
            probabilities: head name -> (n, units), one unit for a binary head.
            labels: as for `TextClassifier.fit`.
            intervals: see `evaluate`.

        Returns:
            As `evaluate`.

        Raises:
            DataError: when a label cannot be used.
        """
        y_true = self.encode_labels(labels)
        check_rows(y_true, len(next(iter(probabilities.values()))))
        return self.outputs.evaluate(y_true, probabilities, self.thresholds, intervals=intervals)

    def encode_labels(self, labels: Any) -> dict[str, np.ndarray]:
        """Labels as the arrays that the heads train on.

        Args:
            labels: as for `TextClassifier.fit`.

        Returns:
            Head or level name -> array.

        Raises:
            DataError: when a label cannot be used; the message names its row.
        """
        return self.outputs.encode(labels)

    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Write the classifier as a folder of plain data; `kerasbert.load` reads it back anywhere.

        Args:
            folder: the folder to appear, written beside and renamed when whole.
            overwrite: whether an existing saved classifier may be replaced.
            metrics: plain data to keep in `metrics.json`; None keeps those that it has.

        Raises:
            ArtifactError: when the folder cannot be written or a weight is no number.
        """
        from kerasbert.saving.folder import save_trained  # which builds on this module

        trained = self if metrics is None else dataclasses.replace(self, metrics=dict(metrics))
        save_trained(trained, folder, overwrite=overwrite)

    def _forward(self, tokens: TokenArrays | WindowArrays) -> tuple[Any, Any]:
        """The model's output for token arrays, and the rows that it belongs to."""
        check_process(keras.backend.backend())
        if tokens.fits_one_batch(PREDICTION_BATCH):
            # One batch is done before `predict` has traced its graph.
            output = self.model(tokens.padded(self.tokenizer.pad_id), training=False)
            return keras.tree.map_structure(keras.ops.convert_to_numpy, output), slice(None)
        # XLA compiles anew for each length, so that a model that it runs keeps to a few.
        batches = prediction_batches(tokens, pad_id=self.tokenizer.pad_id, fixed_lengths=self.model.jit_compile)
        return self.model.predict(batches.dataset, verbose=0), batches.order


class HoldsTrained(Protocol):
    """An estimator that holds a trained classifier once it is fitted: `TextClassifier`."""

    trained_: TrainedClassifier

    def __sklearn_is_fitted__(self) -> bool: ...


ClassifierLike = TrainedClassifier | HoldsTrained


def trained_of(classifier: ClassifierLike) -> TrainedClassifier:
    """The trained classifier inside what a user may hand over.

    Args:
        classifier: a trained `TextClassifier`, or a `TrainedClassifier` itself.

    Raises:
        NotFittedError: when it is not trained yet.
        TypeError: when it is something else.

    Example:
        >>> trained_of(TextClassifier())
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.NotFittedError: This TextClassifier is not trained yet; call `fit` first, or \
`kerasbert.load(folder)`.
    """
    trained = classifier if isinstance(classifier, TrainedClassifier) else getattr(classifier, "trained_", None)
    if isinstance(trained, TrainedClassifier):
        return trained
    if hasattr(classifier, "__sklearn_is_fitted__"):
        raise NotFittedError(
            f"This {type(classifier).__name__} is not trained yet; call `fit` first, or `kerasbert.load(folder)`."
        )
    raise TypeError(
        f"`classifier` must be a trained TextClassifier or a TrainedClassifier; got {shorten(classifier)} of type "
        f"{type(classifier).__name__}."
    )


def check_rows(encoded: Mapping[str, np.ndarray], num_texts: int, split: str = "") -> None:
    """Refuse labels that are not one row a text.

    Args:
        encoded: head or level name -> array.
        num_texts: that they belong to.
        split: `"validation"`, for the message.

    Raises:
        DataError: when their number differs.
    """
    where = f" of `{split}`" if split else ""
    for array in encoded.values():
        if len(array) != num_texts:
            raise DataError(f"`labels`{where} must have one row for each text; got {len(array)} for {num_texts} texts.")


def reading_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Of a classifier's metrics what says how its data was read, which the commands go by."""
    return {name: value for name, value in metrics.items() if name == "reading"}
