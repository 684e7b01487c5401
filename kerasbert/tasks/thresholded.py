"""`ThresholdedTask`: sigmoid units, each of which is decided by a threshold of its own."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerasbert.labels.counts import LabelCounts
from kerasbert.objectives.balance import positive_weights
from kerasbert.tasks.task import DEFAULT_THRESHOLD, LINEAR, Task, largest_ratio

if TYPE_CHECKING:
    import keras


class ThresholdedTask(Task):
    """Abstract: a head of sigmoid units; labels are rows of 0 and 1, float32 (n, units)."""

    uses_thresholds = True
    activations: ClassVar[tuple[str, ...]] = ("sigmoid", LINEAR)
    weight_argument = "pos_weight"
    weight_title = "weights of positives"

    def loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        from kerasbert.objectives.losses import BinaryCrossentropy

        return BinaryCrossentropy(from_logits=activation == LINEAR, **options)

    def prior_bias(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        positives = self.count(labels)
        return np.asarray(np.log((positives + 0.5) / (len(labels) - positives + 0.5)))

    def predict(self, probabilities: np.ndarray, thresholds: np.ndarray | None = None, xp: Any = np) -> np.ndarray:
        limits = DEFAULT_THRESHOLD if thresholds is None else thresholds
        flags: np.ndarray = xp.where(xp.greater_equal(probabilities, limits), 1, 0)
        return flags

    def confidence(self, probabilities: np.ndarray) -> np.ndarray:
        """The probability of the least certain prediction: the smallest max(p, 1 - p)."""
        return np.asarray(np.maximum(probabilities, 1 - probabilities).min(axis=1))

    def count(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        if isinstance(labels, LabelCounts):
            return labels.counts
        labels = np.asarray(labels)
        return np.asarray(labels.reshape(len(labels), -1).sum(axis=0, dtype=np.float64))

    def imbalance(self, counts: np.ndarray, total: int) -> float:
        return largest_ratio(np.stack([counts, total - counts], axis=1))

    def balancing_weights(self, counts: np.ndarray, total: int, method: str) -> np.ndarray:
        return positive_weights(counts, total, method)

    def asymmetric_loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        from kerasbert.objectives.losses import AsymmetricLoss

        return AsymmetricLoss(from_logits=activation == LINEAR, **options)


def metric_threshold(activation: str | None) -> float:
    """Return the threshold of 0.5 in the units of the predictions, probabilities or logits."""
    return 0.0 if activation == LINEAR else DEFAULT_THRESHOLD
