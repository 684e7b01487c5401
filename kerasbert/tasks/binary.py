"""`Binary`: yes or no."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert.labels.names import check_label_names
from kerasbert.labels.rules import ONE_OF_TWO
from kerasbert.objectives.ranked_scores import RANKED
from kerasbert.objectives.scores import score_predictions
from kerasbert.tasks.measures import ACCURACY, MACRO_F1, RANKING, Measure
from kerasbert.tasks.thresholded import ThresholdedTask, metric_threshold

if TYPE_CHECKING:
    import keras


@final
class Binary(ThresholdedTask):
    """A yes-or-no head: one sigmoid unit, labels of shape (batch,) or (batch, 1).

    Args:
        label_names: the names of the negative and the positive label.

    Raises:
        ConfigError: when there are not exactly two names, or they are the same.

    Example:
        >>> Binary(["ham", "spam"]).units
        1
    """

    name = "binary"
    title = "Binary"
    argument = "label_names"
    rules = ONE_OF_TWO
    exclusive = True
    decision = "The second of two labels is chosen at its threshold or above, else the first."
    refused_activations = {"softmax": "For two softmax units use build_multiclass(num_classes=2)."}
    measure = Measure("F1", "f1", ("f1",))
    compared = (ACCURACY, measure, MACRO_F1)
    problem_type = "single_label_classification"

    def __init__(self, label_names: Sequence[str] = ("0", "1")) -> None:
        names = check_label_names(label_names)
        if len(names) != 2:
            raise ConfigError(
                f"`label_names` of a binary head must be 2 names, negative and positive; got {len(names)}."
            )
        super().__init__(names)

    @property
    def units(self) -> int:
        return 1

    @property
    def headline(self) -> tuple[Measure, ...]:
        positive = self.label_names[1]
        label = ("per_label", positive)
        return (
            ACCURACY,
            Measure("F1", "f1", ("f1",), f"of “{positive}”: balance of precision and recall"),
            Measure("precision", "precision", (*label, "precision"), f"share of texts given “{positive}” that are"),
            Measure("recall", "recall", (*label, "recall"), f"share of “{positive}” texts that were found"),
            Measure("average precision", "average_precision", ("average_precision",), f"“{positive}”: {RANKING}"),
        )

    def metrics(self, activation: str | None = None) -> "list[keras.metrics.Metric]":
        import keras

        from kerasbert.objectives.metrics import F1Score

        threshold = metric_threshold(activation)
        accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=threshold)
        return [accuracy, F1Score(1, threshold=threshold, name="f1")]

    @classmethod
    def array(cls, ids: np.ndarray, offsets: np.ndarray, count: int) -> np.ndarray:
        return ids.astype(np.float32).reshape(-1, 1)

    def thresholds_by_label(self, thresholds: np.ndarray | None) -> list[float | None]:
        return [None, None if thresholds is None else float(thresholds[0])]

    def columns(self, probabilities: np.ndarray) -> np.ndarray:
        return np.concatenate([1 - probabilities, probabilities], axis=1)

    def flags(self, labels: np.ndarray) -> np.ndarray:
        return super().flags(_ids(labels))

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, probabilities: np.ndarray | None = None) -> dict[str, Any]:
        """As `score_predictions`, with the `f1`, `average_precision` and `roc_auc` of the positive label beside."""
        columns = None if probabilities is None else self.columns(np.asarray(probabilities).reshape(-1, 1))
        scores = score_predictions(_ids(y_true), _ids(y_pred), self.label_names, columns)
        positive = scores["per_label"][self.label_names[1]]
        return {**scores, **{name: positive[name] for name in ("f1", *RANKED) if name in positive}}

    def intervals(self, y_true: np.ndarray, y_pred: np.ndarray, **options: Any) -> dict[str, tuple[float, float]]:
        return super().intervals(_ids(y_true), _ids(y_pred), positive=True, **options)


def _ids(labels: np.ndarray) -> np.ndarray:
    """Convert labels (n,) or (n, 1) to class ids (n,)."""
    return np.asarray(labels).reshape(-1).astype(np.int64)
