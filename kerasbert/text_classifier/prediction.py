"""A trained classifier's answers: probabilities, label names, scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.process import check_process
from kerasbert.batches.prediction import prediction_batches
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.kinds import classes_as, labels_as
from kerasbert.objectives.level_decisions import decide_levels, score_hierarchy
from kerasbert.tasks.table import TASKS
from kerasbert.text_classifier.labels import check_rows, encode_labels
from kerasbert.text_classifier.settings import Settings
from kerasbert.tokenization.tokenizer import Tokenizer

PREDICTION_BATCH = 64


class Predictor(Settings):
    """What a `TextClassifier` does once it is trained."""

    model_: Classifier
    tokenizer_: Tokenizer
    thresholds_: dict[str, np.ndarray]
    label_kinds_: dict[str, str]

    def predict_proba(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Probabilities of the labels.

        Args:
            texts: n texts; an empty list gives an empty result.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Float32 (n, C), columns in the order of `classes_`; (n, 2) for a binary task; a dict by head for a
            multi-task one.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self._columns(self._probabilities(texts, text_pairs))

    def _columns(self, probabilities: Mapping[str, np.ndarray]) -> Any:
        columns = {
            head: np.concatenate([1 - values, values], axis=1) if self._tasks()[head] == "binary" else values
            for head, values in probabilities.items()
        }
        return columns if len(columns) > 1 or SINGLE_HEAD not in columns else columns[SINGLE_HEAD]

    def predict(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> Any:
        """Label names, by the stored thresholds.

        Args:
            texts: n texts.
            text_pairs: n second texts, for a classifier trained on pairs.

        Returns:
            Array of n names, or integers where the labels of `fit` were integers; for a multi-label task a list of n
            lists of names, or an array (n, C) of 0 and 1 where `fit` got one; a dict by head for a multi-task one.

        Raises:
            DataError: when a text cannot be used.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self.name_labels(self._probabilities(texts, text_pairs))

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
        probabilities = self._probabilities(texts, text_pairs)
        return self.name_labels(probabilities), self._columns(probabilities)

    def name_labels(self, probabilities: Mapping[str, np.ndarray]) -> Any:
        """As `predict`, of probabilities that were computed elsewhere; see `evaluate_probabilities`."""
        named = {
            head: labels_as(self.label_kinds_[head], self.model_.heads[head].label_names, values)
            for head, values in self.decide_all(probabilities).items()
        }
        return named if len(named) > 1 or SINGLE_HEAD not in named else named[SINGLE_HEAD]

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
            labels: as for `fit`.
            text_pairs: n second texts.
            intervals: whether to give, under `intervals`, where scores lie with 95 % confidence; see
                `bootstrap_intervals`.

        Returns:
            See `score_predictions`; for a multi-task classifier a dict of these by head; for a hierarchical one by
            level, over the texts whose label is known there, and under `hierarchy` what `score_hierarchy` gives.

        Raises:
            DataError: when a text or label cannot be used.
        """
        return self.evaluate_probabilities(self._probabilities(texts, text_pairs), labels, intervals=intervals)

    def evaluate_probabilities(
        self, probabilities: Mapping[str, np.ndarray], labels: Any, *, intervals: bool = False
    ) -> dict[str, Any]:
        """As `evaluate`, of probabilities that were computed elsewhere, such as by an exported model.

        Args:
            probabilities: head name -> (n, units), one unit for a binary head.
            labels: as for `fit`.
            intervals: see `evaluate`.

        Returns:
            As `evaluate`.

        Raises:
            DataError: when a label cannot be used.
        """
        self._check_fitted()
        names = {head: layer.label_names for head, layer in self.model_.heads.items()}
        encoded = self.encode_labels(labels)
        check_rows(encoded, len(next(iter(probabilities.values()))))
        if self.model_.hierarchy is not None:
            return self._evaluate_levels(probabilities, encoded, intervals)
        scores = {
            head: _score(
                self._tasks()[head], (encoded[head], self.decide(head, values), values), names[head], intervals
            )
            for head, values in probabilities.items()
        }
        return scores if len(scores) > 1 or SINGLE_HEAD not in scores else scores[SINGLE_HEAD]

    def score(self, texts: Sequence[str], labels: Any) -> float:
        """Accuracy, as scikit-learn's classifiers give it; of a multi-task classifier the mean over the heads, of a
        hierarchical one the share of texts that are right at every level."""
        scores = self.evaluate(texts, labels)
        scores = scores.get("hierarchy", scores)
        return scores["accuracy"] if "accuracy" in scores else float(np.mean([s["accuracy"] for s in scores.values()]))

    def decide(self, head: str, probabilities: np.ndarray) -> np.ndarray:
        """Decisions of one head: class ids (n,) of a multi-class head, else 0 or 1 of shape (n, C)."""
        if self._tasks()[head] == "multiclass":
            return probabilities.argmax(axis=1)
        return (probabilities >= self.thresholds_[head]).astype(np.int64)

    def decide_all(self, probabilities: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Decisions of all heads, see `decide`; those of a hierarchical classifier go from the class down."""
        hierarchy = self.model_.hierarchy
        if hierarchy is None:
            return {head: self.decide(head, values) for head, values in probabilities.items()}
        return decide_levels(
            probabilities, hierarchy.hierarchy, several=not hierarchy.exclusive, thresholds=self.thresholds_
        )

    @property
    def classes_(self) -> Any:
        """Label names in the order of the probabilities' columns; a dict by head for a multi-task classifier."""
        self._check_fitted()
        names = {
            head: classes_as(self.label_kinds_[head], layer.label_names) for head, layer in self.model_.heads.items()
        }
        return names if SINGLE_HEAD not in names else names[SINGLE_HEAD]

    def encode_labels(self, labels: Any) -> dict[str, np.ndarray]:
        """Labels as the arrays that the heads train on, by head; `labels` as for `fit`."""
        self._check_fitted()
        return encode_labels(self.model_, labels)

    def _evaluate_levels(
        self, probabilities: Mapping[str, np.ndarray], encoded: Mapping[str, np.ndarray], intervals: bool = False
    ) -> dict[str, Any]:
        hierarchy, multilabel = self.model_.hierarchy.hierarchy, not self.model_.hierarchy.exclusive  # type: ignore
        decided = self.decide_all(probabilities)
        scores: dict[str, Any] = {}
        for level, names in zip(hierarchy.levels, hierarchy.names, strict=True):
            known = (encoded[level].reshape(len(encoded[level]), -1) >= 0).all(axis=1)
            task = "multilabel" if multilabel else "multiclass"
            parts = tuple(part[level][known] for part in (encoded, decided, probabilities))
            scores[level] = _score(task, parts, names, intervals)
        scores["hierarchy"] = score_hierarchy(encoded, decided, hierarchy, several=multilabel)
        return scores

    def _probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None) -> dict[str, np.ndarray]:
        self._check_fitted()
        return self._run(self.tokenizer_.encode(texts, text_pairs))

    def _run(self, ids: Any) -> dict[str, np.ndarray]:
        heads = self.model_.heads
        results = {head: np.zeros((len(ids), layer.task.units), "float32") for head, layer in heads.items()}
        if not len(ids):
            return results
        output, order = self._forward(ids)
        for head in heads:
            results[head][order] = output[head] if isinstance(output, dict) else output
        return results

    def _forward(self, ids: Any) -> tuple[Any, Any]:
        """The model's output for token arrays, and the rows that it belongs to."""
        check_process(keras.backend.backend())
        if ids.fits_one_batch(PREDICTION_BATCH):
            # One batch is done before `predict` has traced its graph.
            output = self.model_(ids.padded(self.tokenizer_.pad_id), training=False)
            return keras.tree.map_structure(keras.ops.convert_to_numpy, output), slice(None)
        # XLA compiles anew for each length, so that a model that it runs keeps to a few.
        batches = prediction_batches(ids, pad_id=self.tokenizer_.pad_id, fixed_lengths=self.model_.jit_compile)
        return self.model_.predict(batches.dataset, verbose=0), batches.order

    def _tasks(self) -> dict[str, str]:
        self._check_fitted()
        return self.model_.head_tasks


def _score(task: str, parts: tuple, names: Sequence[str], intervals: bool) -> dict[str, Any]:
    labels, decided, probabilities = parts
    scores = TASKS[task].of(names).score(labels, decided, probabilities)
    if intervals and len(labels):
        scores["intervals"] = TASKS[task].of(names).intervals(labels, decided)
    return scores
