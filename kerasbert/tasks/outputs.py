"""`Outputs`: all heads of a classifier, from written labels to scores."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.hierarchy import Hierarchy
from kerasbert.labels.kinds import with_none
from kerasbert.objectives.scores import Scores
from kerasbert.tasks.task import Task

ByHead = Mapping[str, np.ndarray]


class Outputs(abc.ABC):
    """Abstract: what a classifier decides; `SingleOutput`, `SeveralOutputs` or `HierarchicalOutputs`.

    Arrays are held by head (or level) name. What users see is unwrapped: the only head's value by itself, and a dict
    by head for several.

    Args:
        name: name of the task in arguments and files: that of the only head, `"multitask"` or `"hierarchical"`.
        tasks: head name -> task.
    """

    #: The tree, where the heads are its levels.
    hierarchy: Hierarchy | None = None
    #: The builder that builds a classifier with these outputs.
    builder: str

    def __init__(self, name: str, tasks: Mapping[str, Task]) -> None:
        self.name = name
        self.tasks = dict(tasks)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    @property
    def label_names(self) -> dict[str, tuple[str, ...]]:
        """Head name -> its label names."""
        return {head: task.label_names for head, task in self.tasks.items()}

    @property
    def tunes_thresholds(self) -> bool:
        """Whether some thresholds are chosen on validation data."""
        return any(task.tunes_thresholds for task in self.tasks.values())

    @abc.abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Return the builder's arguments that declare the outputs, as plain data."""

    @abc.abstractmethod
    def read(self, labels: Any) -> "ReadLabels":
        """Read labels as `fit` takes them.

        Raises:
            DataError: when a label cannot be used; the message names its row.
            TypeError: when the labels of a head are no column of labels.
        """

    def encode(self, labels: Any) -> dict[str, np.ndarray]:
        """Encode labels as the arrays that the heads train on; see `read`."""
        return self.read(labels).arrays

    def default_thresholds(self) -> dict[str, np.ndarray]:
        """Return the thresholds before tuning."""
        return {head: task.default_thresholds() for head, task in self.tasks.items()}

    def tune_thresholds(self, y_true: ByHead, probabilities: ByHead) -> dict[str, np.ndarray]:
        """Tune thresholds on validation data; a task that has none to tune keeps the default ones."""
        return {head: task.tune_thresholds(y_true[head], probabilities[head]) for head, task in self.tasks.items()}

    def untuned(self, tunes: bool) -> list[str]:
        """Return the heads whose thresholds stay untuned, with validation data (`tunes`) or without."""
        return [head for head, task in self.tasks.items() if not (tunes and task.tunes_thresholds)]

    def predict(self, probabilities: ByHead, thresholds: ByHead | None = None) -> dict[str, np.ndarray]:
        """Predict the labels of every head.

        Args:
            probabilities: head name -> (n, units).
            thresholds: head name -> (units,); None for the default ones.

        Returns:
            Head name -> class ids (n,), or rows of 0 and 1 of shape (n, units).
        """
        limits: ByHead = thresholds or {}
        return {head: task.predict(probabilities[head], limits.get(head)) for head, task in self.tasks.items()}

    def columns(self, probabilities: ByHead) -> Any:
        """Return the probability of each label name, unwrapped."""
        return self.unwrap({head: task.columns(probabilities[head]) for head, task in self.tasks.items()})

    def named(self, y_pred: ByHead, kinds: Mapping[str, str], withheld: ByHead | None = None) -> Any:
        """Convert predictions to labels of the kind that was given, unwrapped; None where `withheld`, bool (n,) by head."""
        labels = {head: task.named(y_pred[head], kinds[head]) for head, task in self.tasks.items()}
        if withheld is not None:
            labels = {head: with_none(own, withheld[head]) for head, own in labels.items()}
        return self.unwrap(labels)

    def classes(self, kinds: Mapping[str, str]) -> Any:
        """Convert label names to labels of the kind that was given, unwrapped."""
        return self.unwrap({head: task.classes(kinds[head]) for head, task in self.tasks.items()})

    def evaluate(
        self, y_true: ByHead, probabilities: ByHead, thresholds: ByHead | None = None, *, intervals: bool = False
    ) -> Scores:
        """Score probabilities.

        Args:
            y_true: head name -> encoded labels, of which some may be unknown.
            probabilities: head name -> (n, units).
            thresholds: as for `predict`.
            intervals: whether to give confidence intervals under `intervals`.

        Returns:
            What `Task.score` does over the texts whose label is known, unwrapped.
        """
        return Scores(
            self.unwrap(self._scores(y_true, self.predict(probabilities, thresholds), probabilities, intervals))
        )

    def score_together(self, y_true: ByHead, y_pred: ByHead) -> dict[str, Any] | None:
        """Score the levels of a hierarchy together, see `score_hierarchy`; None for other heads."""
        return None

    @abc.abstractmethod
    def accuracy(self, scores: Mapping[str, Any]) -> float:
        """Return the accuracy that `TextClassifier.score` gives, from what `evaluate` returns."""

    def unwrap(self, by_head: Mapping[str, Any]) -> Any:
        """Return the value of a single head; for several a dict by head."""
        return dict(by_head)

    def _scores(self, y_true: ByHead, y_pred: ByHead, probabilities: ByHead, intervals: bool) -> dict[str, Any]:
        scores = {}
        for head, task in self.tasks.items():
            known = task.known(y_true[head])
            labels, predicted = y_true[head][known], y_pred[head][known]
            scores[head] = task.score(labels, predicted, probabilities[head][known])
            if intervals and len(labels):
                scores[head]["intervals"] = task.intervals(labels, predicted)
        return scores


class ReadLabels(NamedTuple):
    """Labels that were read.

    Args:
        outputs: with the label names.
        arrays: head name -> the array that it trains on, see `Task.array`.
        kinds: head name -> how its labels were written, see `label_kind`.
    """

    outputs: Outputs
    arrays: dict[str, np.ndarray]
    kinds: dict[str, str]


class OutputPlan(abc.ABC):
    """Abstract: what a classifier is to decide, before its label names are known.

    Args:
        name: as of `Outputs`.
        tasks: head name -> task, or its class.
    """

    #: Whether the heads are levels of a hierarchy.
    has_levels: ClassVar[bool] = False

    def __init__(self, name: str, tasks: Mapping[str, Task | type[Task]]) -> None:
        self.name = name
        self.tasks = dict(tasks)

    @property
    def has_several_heads(self) -> bool:
        """Whether labels are a dict by head."""
        return SINGLE_HEAD not in self.tasks

    @property
    def tunes_thresholds(self) -> bool:
        """Whether some thresholds are chosen on validation data."""
        return any(task.tunes_thresholds for task in self.tasks.values())

    @abc.abstractmethod
    def read(self, labels: Any) -> ReadLabels:
        """Read labels as `fit` takes them, and their names; see `Outputs.read`."""

    @abc.abstractmethod
    def outputs(self, names: Any) -> Outputs:
        """Complete the plan by label names: those of each head, or the hierarchy."""


def cells_by_head(tasks: Mapping[str, Any], labels: Any) -> Mapping[str, Any]:
    """Return labels by head; refuse all but a dict with these heads."""
    cells = {SINGLE_HEAD: labels} if SINGLE_HEAD in tasks else labels
    if not isinstance(cells, Mapping) or set(cells) != set(tasks):
        raise DataError(f"`labels` must be a dict with the heads {', '.join(tasks)}; got {shorten(cells)}.")
    return cells
