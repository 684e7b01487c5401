"""Metrics that stream counts through `fit` and equal scikit-learn at the end of an epoch."""

from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_bool, check_choice, check_int, check_number
from kerasbert._core.names import PACKAGE


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class F1Score(keras.metrics.Metric):
    """F1 of several labels from streamed counts, 2 TP / (2 TP + FP + FN), equal to scikit-learn's.

    A label that occurs neither in the labels nor in the predictions is left out of a multi-class macro mean, and counts
    as 0 in a multi-label one; both are scikit-learn's rules. Range [0, 1].

    Args:
        num_labels: number of labels, >= 1.
        average: `"macro"` (mean over labels) or `"micro"` (of the summed counts).
        sparse: True for class ids (batch,) against a distribution, of which the largest is taken; False for multi-hot
            labels (batch, num_labels), a label being predicted at `threshold` or above.
        threshold: decision threshold of a multi-label prediction, in the units of the predictions.
        **kwargs: `keras.metrics.Metric`'s own (`name`, `dtype`).

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

    def __init__(
        self,
        num_labels: int,
        *,
        average: str = "macro",
        sparse: bool = False,
        threshold: float = 0.5,
        name: str = "f1",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.num_labels = check_int("num_labels", num_labels, 1)
        self.average = check_choice("average", average, ("macro", "micro"))
        self.sparse = check_bool("sparse", sparse)
        self.threshold = check_number("threshold", threshold)
        # Rows: true positives, predicted, actual.
        self.counts = self.add_variable((3, self.num_labels), initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; `sample_weight` (batch,) weights its rows."""
        y_pred = ops.convert_to_tensor(y_pred)
        if self.sparse:
            true_ids = ops.reshape(ops.cast(y_true, "int32"), (-1,))
            actual = ops.one_hot(true_ids, self.num_labels, dtype=self.dtype)
            predicted = ops.one_hot(ops.argmax(y_pred, axis=-1), self.num_labels, dtype=self.dtype)
        else:
            actual = ops.cast(y_true, self.dtype)
            predicted = ops.cast(y_pred >= self.threshold, self.dtype)
        if sample_weight is not None:
            weight = ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
            actual, predicted = actual * weight, predicted * ops.cast(weight > 0, self.dtype)
            hits = actual * predicted
            predicted = predicted * weight
        else:
            hits = actual * predicted
        batch = ops.stack([ops.sum(hits, axis=0), ops.sum(predicted, axis=0), ops.sum(actual, axis=0)])
        self.counts.assign_add(batch)

    def result(self) -> Any:
        """The score so far, a scalar; 0 before any example."""
        counts = ops.convert_to_tensor(self.counts)
        if self.average == "micro":
            counts = ops.sum(counts, axis=1, keepdims=True)
        total = counts[1] + counts[2]  # 2 TP + FP + FN
        scores = 2.0 * counts[0] / ops.maximum(total, 1e-12)
        present = ops.cast(total > 0, self.dtype) if self.sparse else ops.ones_like(total)
        return ops.sum(scores * present) / ops.maximum(ops.sum(present), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_labels": self.num_labels,
            "average": self.average,
            "sparse": self.sparse,
            "threshold": self.threshold,
        }
