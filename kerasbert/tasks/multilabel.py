"""`Multilabel`: independent labels, any number of which apply."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasbert.labels.encode import multi_hot
from kerasbert.labels.rules import ANY
from kerasbert.objectives.thresholds import tune_thresholds
from kerasbert.tasks.measures import EXACT_MATCH, MACRO_F1, MEAN_AVERAGE_PRECISION, MICRO_F1, WEIGHTED_F1
from kerasbert.tasks.task import names_or_count
from kerasbert.tasks.thresholded import ThresholdedTask, metric_threshold

if TYPE_CHECKING:
    import keras


class Multilabel(ThresholdedTask):
    """A head of independent labels, any number of which apply: sigmoids, labels of shape (batch, C).

    Args:
        num_labels: the number of labels, >= 1, or their names.

    Raises:
        ConfigError: when there is no label or two names are the same.
        TypeError: when it is neither an integer nor a list of names.

    Example:
        >>> Multilabel(["urgent", "complaint"]).label_names
        ('urgent', 'complaint')
    """

    name = "multilabel"
    title = "Multi-label"
    argument = "num_labels"
    rules = ANY
    exclusive = False
    tunes_thresholds = True
    decision = "Each independent label is chosen at its threshold or above."
    refused_activations = {"softmax": "For one label per text use build_multiclass."}
    measure = MACRO_F1
    compared = (EXACT_MATCH, MICRO_F1, MACRO_F1, WEIGHTED_F1)
    headline = (MICRO_F1, MACRO_F1, MEAN_AVERAGE_PRECISION, EXACT_MATCH)
    problem_type = "multi_label_classification"

    def __init__(self, num_labels: int | Sequence[str]) -> None:
        super().__init__(names_or_count("num_labels", num_labels, 1))

    def metrics(self, activation: str | None = None) -> "list[keras.metrics.Metric]":
        from kerasbert.objectives.metrics import F1Score

        threshold = metric_threshold(activation)
        return [
            F1Score(self.units, average=average, threshold=threshold, name=f"{average}_f1")
            for average in ("micro", "macro")
        ]

    @classmethod
    def array(cls, ids: np.ndarray, offsets: np.ndarray, count: int) -> np.ndarray:
        return multi_hot(ids, offsets, count)

    def tune_thresholds(self, y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        known = self.known(y_true)
        return tune_thresholds(y_true[known], probabilities[known]) if known.any() else self.default_thresholds()

    def thresholds_by_label(self, thresholds: np.ndarray | None) -> list[float | None]:
        return [None] * self.units if thresholds is None else [float(value) for value in thresholds]
