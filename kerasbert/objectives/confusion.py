"""Confusion matrices that stream through `fit`, and the scores of agreement and error drawn from such counts."""

from typing import Any

import keras
from keras import ops

from kerasbert._core.checks import check_choice, check_int, check_number
from kerasbert._core.names import PACKAGE
from kerasbert.objectives.batch_labels import class_ids, label_rows, row_weights


@keras.saving.register_keras_serializable(package=PACKAGE)
class ConfusionMatrix(keras.metrics.Metric):
    """How often each class (row) was predicted as each class (column), equal to scikit-learn's.

    The result is a float matrix, not a number: meant for `evaluate`; the progress bar of `fit` cannot show it.

    Args:
        num_classes: number of classes, >= 2.
        threshold: with predictions (batch, 1), the positive class is predicted at this or above.
        name: shown in logs.
        **kwargs: `keras.metrics.Metric`'s own (`dtype`).

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> metric = ConfusionMatrix(2)
        >>> metric.update_state([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
        >>> keras.ops.convert_to_numpy(metric.result()).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """

    def __init__(
        self, num_classes: int, *, threshold: float = 0.5, name: str = "confusion_matrix", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.num_classes = check_int("num_classes", num_classes, 2)
        self.threshold = check_number("threshold", threshold)
        self.counts = self.add_variable((num_classes, num_classes), initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: class ids (batch,) or (batch, 1), or one-hot rows (batch, num_classes).
            y_pred: a distribution (batch, num_classes), or of two classes P(positive), (batch, 1) or (batch,).
            sample_weight: weights (batch,) of the rows.

        Raises:
            DataError: when the labels do not fit.
        """
        true_ids, predicted_ids, right = class_ids(y_true, y_pred, self.threshold, self.num_classes)
        weight = row_weights(sample_weight, right, self.dtype)
        actual = ops.one_hot(true_ids, self.num_classes, dtype=self.dtype) * weight[:, None]
        predicted = ops.one_hot(predicted_ids, self.num_classes, dtype=self.dtype)
        self.counts.assign_add(ops.matmul(ops.transpose(actual), predicted))

    def result(self) -> Any:
        """The counts so far, (num_classes, num_classes)."""
        return ops.convert_to_tensor(self.counts)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes, "threshold": self.threshold}


@keras.saving.register_keras_serializable(package=PACKAGE)
class MatthewsCorrelationCoefficient(ConfusionMatrix):
    """Correlation of labels and predictions, two or more classes, equal to scikit-learn's. Range [-1, 1].

    It is 0 where either holds one class only. Arguments and labels are those of `ConfusionMatrix`.

    Example:
        >>> metric = MatthewsCorrelationCoefficient(2)
        >>> metric.update_state([0, 1, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
        >>> round(float(metric.result()), 4)
        0.5774

    Reference:
        Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004.
    """

    _direction = "up"

    def __init__(self, num_classes: int, *, name: str = "matthews_correlation", **kwargs: Any) -> None:
        super().__init__(num_classes, name=name, **kwargs)

    def result(self) -> Any:
        """The coefficient so far, a scalar; 0 before any example."""
        counts = ops.convert_to_tensor(self.counts)
        total = ops.sum(counts)
        shares = counts / ops.maximum(total, 1e-12)
        actual, predicted = ops.sum(shares, axis=1), ops.sum(shares, axis=0)
        covariance = ops.trace(shares) - ops.sum(actual * predicted)
        # Products of shares, as 1 - sum of squares would cancel for a rare class.
        spread = _spread(actual) * _spread(predicted)
        return ops.where(spread <= 0, 0.0, covariance / ops.sqrt(ops.where(spread <= 0, 1.0, spread)))


@keras.saving.register_keras_serializable(package=PACKAGE)
class CohenKappa(ConfusionMatrix):
    """Agreement of labels and predictions beyond chance, equal to scikit-learn's. Range [-1, 1].

    It is 0 where labels and predictions hold one and the same class only, where scikit-learn's is not defined.

    Args:
        num_classes: number of classes, >= 2.
        weights: cost of a disagreement: `"none"` (all alike), `"linear"` or `"quadratic"` in the distance of the ids, for
            classes that have an order.
        name: shown in logs.
        **kwargs: those of `ConfusionMatrix`.

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> metric = CohenKappa(2)
        >>> metric.update_state([0, 1, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
        >>> round(float(metric.result()), 4)
        0.5

    Reference:
        Cohen, "A coefficient of agreement for nominal scales", 1960.
    """

    _direction = "up"

    def __init__(self, num_classes: int, *, weights: str = "none", name: str = "cohen_kappa", **kwargs: Any) -> None:
        super().__init__(num_classes, name=name, **kwargs)
        self.weights = check_choice("weights", weights, ("none", "linear", "quadratic"))

    def result(self) -> Any:
        """Kappa so far, a scalar; 0 before any example."""
        counts = ops.convert_to_tensor(self.counts)
        shares = counts / ops.maximum(ops.sum(counts), 1e-12)
        chance = ops.sum(shares, axis=1)[:, None] * ops.sum(shares, axis=0)[None, :]
        cost = self._cost()
        expected = ops.sum(cost * chance)
        kappa = 1.0 - ops.sum(cost * shares) / ops.where(expected <= 0, 1.0, expected)
        return ops.where(expected <= 0, 0.0, kappa)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weights": self.weights}

    def _cost(self) -> Any:
        ids = ops.arange(self.num_classes, dtype=self.dtype)
        distance = ops.abs(ids[:, None] - ids[None, :])
        if self.weights == "none":
            return ops.cast(distance > 0, self.dtype)
        return distance if self.weights == "linear" else distance**2


@keras.saving.register_keras_serializable(package=PACKAGE)
class MultiLabelConfusionMatrix(keras.metrics.Metric):
    """For each label the matrix [[TN, FP], [FN, TP]], equal to scikit-learn's.

    The result has the shape (num_labels, 2, 2): meant for `evaluate`; the progress bar of `fit` cannot show it.

    Args:
        num_labels: number of labels, >= 1.
        threshold: a label is predicted at this or above.
        name: shown in logs.
        **kwargs: `keras.metrics.Metric`'s own (`dtype`).

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> metric = MultiLabelConfusionMatrix(1)
        >>> metric.update_state([[1], [0], [1]], [[0.9], [0.8], [0.1]])
        >>> keras.ops.convert_to_numpy(metric.result()).tolist()
        [[[0.0, 1.0], [1.0, 1.0]]]
    """

    def __init__(
        self, num_labels: int, *, threshold: float = 0.5, name: str = "multi_label_confusion_matrix", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.num_labels = check_int("num_labels", num_labels, 1)
        self.threshold = check_number("threshold", threshold)
        self.counts = self.add_variable((self.num_labels, 2, 2), initializer="zeros", name="counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of multi-hot labels (batch, num_labels); `sample_weight` (batch,) weights its rows."""
        actual, y_pred, right = label_rows(y_true, y_pred, num_labels=self.num_labels)
        actual, predicted = ops.cast(actual, self.dtype), ops.cast(y_pred >= self.threshold, self.dtype)
        weight = row_weights(sample_weight, right, self.dtype)[:, None]
        cells = [
            [(1 - actual) * (1 - predicted), (1 - actual) * predicted],
            [actual * (1 - predicted), actual * predicted],
        ]
        sums = [ops.stack([ops.sum(cell * weight, axis=0) for cell in row], axis=-1) for row in cells]
        self.counts.assign_add(ops.stack(sums, axis=1))

    def result(self) -> Any:
        """The counts so far, (num_labels, 2, 2)."""
        return ops.convert_to_tensor(self.counts)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_labels": self.num_labels, "threshold": self.threshold}


@keras.saving.register_keras_serializable(package=PACKAGE)
class HammingLoss(keras.metrics.Metric):
    """Share of wrong labels: of all labels of all rows (multi-label), or of the rows (multi-class). Range [0, 1].

    Args:
        sparse: True for class ids (batch,) or one-hot rows against a distribution; False for multi-hot labels.
        threshold: a label is predicted at this or above.
        name: shown in logs.
        **kwargs: `keras.metrics.Metric`'s own (`dtype`).

    Example:
        >>> metric = HammingLoss()
        >>> metric.update_state([[1, 0], [0, 0]], [[0.9, 0.1], [0.8, 0.2]])
        >>> float(metric.result())
        0.25
    """

    _direction = "down"

    def __init__(
        self, *, sparse: bool = False, threshold: float = 0.5, name: str = "hamming_loss", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.sparse = bool(sparse)
        self.threshold = check_number("threshold", threshold)
        # Wrong share and weight, summed over the rows.
        self.sums = self.add_variable((2,), initializer="zeros", name="sums")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; `sample_weight` (batch,) weights its rows."""
        if self.sparse:
            true_ids, predicted_ids, right = class_ids(y_true, y_pred, self.threshold)
            wrong = ops.cast(true_ids != predicted_ids, self.dtype)
        else:
            actual, y_pred, right = label_rows(y_true, y_pred)
            predicted = y_pred >= self.threshold
            wrong = ops.mean(ops.cast(predicted != ops.cast(actual, "bool"), self.dtype), axis=-1)
        weight = row_weights(sample_weight, right, self.dtype)
        self.sums.assign_add(ops.stack([ops.sum(wrong * weight), ops.sum(weight)]))

    def result(self) -> Any:
        """The loss so far, a scalar; 0 before any example."""
        sums = ops.convert_to_tensor(self.sums)
        wrong, total = sums[0], sums[1]
        return ops.where(total <= 0, 0.0, wrong / ops.where(total <= 0, 1.0, total))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sparse": self.sparse, "threshold": self.threshold}


def _spread(shares: Any) -> Any:
    """1 - the sum of squared shares, without cancellation."""
    return ops.sum(shares * (ops.sum(shares) - shares))
