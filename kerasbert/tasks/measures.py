"""The scores that a task shows and is judged by."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Measure(NamedTuple):
    """One of the scores that `Task.score` returns.

    Args:
        title: in a sentence.
        key: its name among the metrics of `fit`, and in intervals and p-values.
        path: the keys that lead to it in what `Task.score` returns.
        meaning: what it says, for a reader.

    Example:
        >>> MACRO_F1.of({"macro": {"f1": 0.5}}), MACRO_F1.heading
        (0.5, 'Macro-F1')
    """

    title: str
    key: str
    path: tuple[str, ...]
    meaning: str = ""

    @property
    def heading(self) -> str:
        """The title with a capital."""
        return self.title[0].upper() + self.title[1:]

    def of(self, scores: Mapping[str, Any]) -> float | None:
        """The score, from what `Task.score` returns; None where there is none."""
        value: Any = scores
        for key in self.path:
            value = (value or {}).get(key)
        return None if value is None else float(value)


RANKING = "how well texts are ranked, whatever the threshold"
ACCURACY = Measure("accuracy", "accuracy", ("accuracy",), "share of texts given the right label")
EXACT_MATCH = Measure("exact match", "accuracy", ("accuracy",), "share of texts with every label right")
MICRO_F1 = Measure("micro-F1", "micro_f1", ("micro", "f1"), "over all labels of all texts")
MACRO_F1 = Measure("macro-F1", "macro_f1", ("macro", "f1"), "mean over labels, rare ones count as much")
WEIGHTED_F1 = Measure("weighted-F1", "weighted_f1", ("weighted", "f1"), "mean over labels, by their texts")
MEAN_AVERAGE_PRECISION = Measure(
    "mean average precision", "macro_average_precision", ("macro", "average_precision"), RANKING
)
