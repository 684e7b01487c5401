"""Precision, recall and F1 that stream counts through `fit` and equal scikit-learn at the end of an epoch."""

from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number
from kerasbert._core.names import PACKAGE
from kerasbert.objectives.batch_labels import class_ids, label_rows, row_weights, true_class_ids
from kerasbert.objectives.label_forms import LabelForm

AVERAGES = ("macro", "micro", "weighted", "none")


class LabelScore(keras.metrics.Metric):
    """A score of several labels from streamed true positives, predicted and actual counts. Range [0, 1].

    Not made directly: `Precision`, `Recall` and `F1Score` say what is divided by what. Where a denominator is zero the
    score is 0. A label that occurs neither in the labels nor in the predictions is left out of a multi-class macro mean,
    and counts as 0 in a multi-label one; both are scikit-learn's rules.

    Args:
        num_labels: number of labels, >= 1.
        average: `"macro"` (mean over labels), `"micro"` (of the summed counts), `"weighted"` (mean weighted by how often
            a label occurs) or `"none"`, also written None: one score for each label, (num_labels,).
        sparse: True for class ids (batch,) or one-hot rows (batch, num_labels) against a distribution, of which the largest
            is taken; False for multi-hot labels (batch, num_labels), a label being predicted at `threshold` or above.
        threshold: decision threshold of a multi-label prediction, in the units of the predictions.
        name: shown in logs.
        **kwargs: `keras.metrics.Metric`'s own (`dtype`).
    """

    _direction = "up"

    def __init__(
        self,
        num_labels: int,
        *,
        average: str | None = "macro",
        sparse: bool = False,
        threshold: float = 0.5,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.num_labels = check_int("num_labels", num_labels, 1)
        self.average = "none" if average is None else check_choice("average", average, AVERAGES)
        self.sparse = check_bool("sparse", sparse)
        self.threshold = check_number("threshold", threshold)
        # Rows: true positives, predicted, actual.
        self.counts = self.add_variable((3, self.num_labels), initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; `sample_weight` (batch,) weights its rows."""
        actual, predicted, right = self._multi_hot(y_true, y_pred)
        weight = row_weights(sample_weight, right, self.dtype)[:, None]
        batch = [ops.sum(part * weight, axis=0) for part in (actual * predicted, predicted, actual)]
        self.counts.assign_add(ops.stack(batch))

    def result(self) -> Any:
        """The score so far, a scalar, or (num_labels,) without averaging; 0 before any example."""
        counts = ops.convert_to_tensor(self.counts)
        if self.average == "micro":
            counts = ops.sum(counts, axis=1)
        hits, predicted, actual = counts[0], counts[1], counts[2]
        scores = self._score(hits, predicted, actual)
        if self.average in ("none", "micro"):
            return scores
        weight = actual if self.average == "weighted" else self._present(predicted + actual)
        return _divide(ops.sum(scores * weight), ops.sum(weight))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_labels": self.num_labels,
            "average": self.average,
            "sparse": self.sparse,
            "threshold": self.threshold,
        }

    def _multi_hot(self, y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
        """Convert labels and predictions to rows of 0 and 1; also return whether each row holds labels."""
        if not self.sparse:
            actual, y_pred, right = label_rows(y_true, y_pred, num_labels=self.num_labels)
            return ops.cast(actual, self.dtype), ops.cast(y_pred >= self.threshold, self.dtype), right
        true_ids, predicted_ids, right = class_ids(y_true, y_pred, self.threshold, self.num_labels)
        actual, predicted = (ops.one_hot(ids, self.num_labels, dtype=self.dtype) for ids in (true_ids, predicted_ids))
        return actual, predicted, right

    def _present(self, total: Any) -> Any:
        ones = ops.ones_like(total)
        return ops.where(total <= 0, ops.zeros_like(total), ones) if self.sparse else ones

    def _score(self, hits: Any, predicted: Any, actual: Any) -> Any:
        raise NotImplementedError


@keras.saving.register_keras_serializable(package=PACKAGE)
class Precision(LabelScore):
    """Share of the predicted labels that are right, TP / (TP + FP), equal to scikit-learn's; see `LabelScore`.

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> metric = Precision(2, average="none")
        >>> metric.update_state([[1, 0], [1, 1]], [[0.9, 0.9], [0.1, 0.9]])
        >>> [float(score) for score in metric.result()]
        [1.0, 0.5]
    """

    def _score(self, hits: Any, predicted: Any, actual: Any) -> Any:
        return _divide(hits, predicted)


@keras.saving.register_keras_serializable(package=PACKAGE)
class Recall(LabelScore):
    """Share of the actual labels that are predicted, TP / (TP + FN), equal to scikit-learn's; see `LabelScore`.

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> metric = Recall(2, average="none")
        >>> metric.update_state([[1, 0], [1, 1]], [[0.9, 0.9], [0.1, 0.9]])
        >>> [float(score) for score in metric.result()]
        [0.5, 1.0]
    """

    def _score(self, hits: Any, predicted: Any, actual: Any) -> Any:
        return _divide(hits, actual)


@keras.saving.register_keras_serializable(package=PACKAGE)
class F1Score(LabelScore):
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), equal to scikit-learn's; see `LabelScore`.

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> metric = F1Score(2, sparse=True)
        >>> metric.update_state([0, 1], [[0.9, 0.1], [0.8, 0.2]])
        >>> round(float(metric.result()), 4)
        0.3333

    Reference:
        Opitz and Burst, "Macro F1 and Macro F1", 2019, the averaged F1.
    """

    def _score(self, hits: Any, predicted: Any, actual: Any) -> Any:
        return _divide(2.0 * hits, predicted + actual)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class ClassAccuracy(keras.metrics.SparseCategoricalAccuracy):
    """Keras's `SparseCategoricalAccuracy`, which also takes one-hot rows and refuses what is no label.

    Keras's compares one-hot rows with class ids, (batch, C) with (batch,), without a word.
    """

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch; `sample_weight` (batch,) weights its rows."""
        y_pred = ops.convert_to_tensor(y_pred)
        ids, right = true_class_ids(y_true, y_pred, LabelForm(True, y_pred.shape[-1]))
        return super().update_state(ids, y_pred, row_weights(sample_weight, right, self.dtype))


def _divide(numerator: Any, denominator: Any) -> Any:
    safe = ops.where(denominator <= 0, ops.ones_like(denominator), denominator)
    return ops.where(denominator <= 0, ops.zeros_like(denominator), numerator / safe)
