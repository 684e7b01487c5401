"""`Multiclass`: exactly one of several classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.rules import ONE
from kerasbert.objectives.balance import class_weights
from kerasbert.tasks.measures import ACCURACY, MACRO_F1, MEAN_AVERAGE_PRECISION, WEIGHTED_F1
from kerasbert.tasks.task import LINEAR, Task, largest_ratio, names_or_count

if TYPE_CHECKING:
    import keras

# Of so many classes, labels are smoothed by default.
SMOOTHING, MANY_CLASSES = 0.1, 10


class Multiclass(Task):
    """A head that chooses exactly one of several classes: softmax, labels of shape (batch,), or one-hot rows.

    Args:
        num_classes: the number of classes, >= 2, or their names.

    Raises:
        ConfigError: when there are fewer than 2 classes or two names are the same.
        TypeError: when it is neither an integer nor a list of names.

    Example:
        >>> Multiclass(5).units
        5
    """

    name = "multiclass"
    title = "Multi-class"
    argument = "num_classes"
    rules = ONE
    exclusive = True
    decision = "Of exclusive labels the most probable one is chosen."
    activations: ClassVar[tuple[str, ...]] = ("softmax", LINEAR)
    refused_activations = {"sigmoid": "For independent labels use build_multilabel."}
    measure = ACCURACY
    # Of exclusive labels micro-F1 is accuracy.
    compared = (ACCURACY, MACRO_F1, WEIGHTED_F1)
    headline = (ACCURACY, MACRO_F1, MEAN_AVERAGE_PRECISION, WEIGHTED_F1)
    problem_type = "single_label_classification"
    weight_argument = "class_weight"
    weight_title = "class weights"

    def __init__(self, num_classes: int | Sequence[str]) -> None:
        super().__init__(names_or_count("num_classes", num_classes, 2))

    def loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        from kerasbert.objectives.losses import SparseCategoricalCrossentropy

        return SparseCategoricalCrossentropy(from_logits=activation == LINEAR, **options)

    def metrics(self, activation: str | None = None) -> "list[keras.metrics.Metric]":
        from kerasbert.objectives.metrics import ClassAccuracy, F1Score

        return [ClassAccuracy(name="accuracy"), F1Score(self.units, sparse=True, name="macro_f1")]

    def prior_bias(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        counts = self.count(labels) + 0.5
        return np.asarray(np.log(counts / counts.sum()))

    @classmethod
    def array(cls, ids: np.ndarray, offsets: np.ndarray, count: int) -> np.ndarray:
        return ids.astype(np.int32)

    def predict(self, probabilities: np.ndarray, thresholds: np.ndarray | None = None, xp: Any = np) -> np.ndarray:
        places: np.ndarray = xp.argmax(probabilities, axis=1)
        return places

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """The largest probability."""
        return np.asarray(probabilities.max(axis=1))

    def count(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        if isinstance(labels, LabelCounts):
            return labels.counts
        return np.bincount(np.asarray(labels).reshape(-1).astype(np.int64), minlength=self.units)

    def imbalance(self, counts: np.ndarray, total: int) -> float:
        return largest_ratio(counts[None])

    def balancing_weights(self, counts: np.ndarray, total: int, method: str) -> np.ndarray:
        return class_weights(counts, method)

    @property
    def default_smoothing(self) -> float:
        """0.1 for 10 classes or more, else none.

        Reference:
            Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, section 7.
        """
        return SMOOTHING if self.units >= MANY_CLASSES else 0.0
