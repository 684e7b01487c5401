"""The levels of a hierarchy: classes and the subclasses inside them."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from kerasbert._core.checks import check_choice
from kerasbert.labels.hierarchy import Hierarchy, level_names, parse_tree
from kerasbert.labels.kinds import NAMES
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy, read_levels
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.objectives.level_decisions import decide_levels, score_hierarchy
from kerasbert.objectives.scores import Scores
from kerasbert.tasks.levels import LEVEL_TASKS, LevelTask
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.outputs import ByHead, OutputPlan, Outputs, ReadLabels

DEFAULT_LEVEL_TASK = Multiclass.name
TOGETHER = "hierarchy"


@final
class HierarchicalOutputs(Outputs):
    """The levels of a tree of labels, decided from the classes down.

    Args:
        hierarchy: the tree.
        level_task: `"multiclass"`, where a text has one label of each level, or `"multilabel"`.
    """

    builder = "build_hierarchical"
    hierarchy: Hierarchy

    def __init__(self, hierarchy: Hierarchy, level_task: str = DEFAULT_LEVEL_TASK) -> None:
        self.hierarchy = hierarchy
        self.level_task = check_choice("level_task", level_task, LEVEL_TASKS)
        level, names = LEVEL_TASKS[level_task], zip(hierarchy.levels, hierarchy.names, strict=True)
        self.levels: dict[str, LevelTask] = {
            one: level(own, hierarchy.parents[:depth]) for depth, (one, own) in enumerate(names)
        }
        super().__init__(HIERARCHICAL, self.levels)

    @property
    def exclusive(self) -> bool:
        """Whether a text has one label of each level."""
        return LEVEL_TASKS[self.level_task].exclusive

    def arguments(self) -> dict[str, Any]:
        return {"subclasses": self.hierarchy.to_tree(), "level_task": self.level_task}

    def read(self, labels: Any) -> ReadLabels:
        arrays = encode_hierarchy(labels, self.hierarchy, several=not self.exclusive)
        return ReadLabels(self, arrays, dict.fromkeys(self.tasks, NAMES))

    def predict(self, probabilities: ByHead, thresholds: ByHead | None = None) -> dict[str, np.ndarray]:
        """Predict every level, from the classes down; see `decide_levels`."""
        return decide_levels(probabilities, self.hierarchy, several=not self.exclusive, thresholds=thresholds)

    def evaluate(
        self, y_true: ByHead, probabilities: ByHead, thresholds: ByHead | None = None, *, intervals: bool = False
    ) -> Scores:
        """As `Outputs.evaluate`, and under `hierarchy` what `score_hierarchy` returns."""
        y_pred = self.predict(probabilities, thresholds)
        scores = self._scores(y_true, y_pred, probabilities, intervals)
        return Scores({**scores, TOGETHER: self.score_together(y_true, y_pred)})

    def score_together(self, y_true: ByHead, y_pred: ByHead) -> dict[str, Any]:
        return score_hierarchy(y_true, y_pred, self.hierarchy, several=not self.exclusive)

    def accuracy(self, scores: Mapping[str, Any]) -> float:
        return float(scores[TOGETHER]["accuracy"])


@final
class HierarchicalPlan(OutputPlan):
    """A hierarchy whose tree may not be known yet, and is then collected."""

    has_levels = True

    def __init__(self, subclasses: Mapping[str, Any] | None = None, level_task: str = DEFAULT_LEVEL_TASK) -> None:
        self.hierarchy = None if subclasses is None else parse_tree(subclasses)
        self.level_task = check_choice("level_task", level_task, LEVEL_TASKS)
        levels = level_names(2) if self.hierarchy is None else self.hierarchy.levels
        super().__init__(HIERARCHICAL, dict.fromkeys(levels, LEVEL_TASKS[level_task]))

    def read(self, labels: Any) -> ReadLabels:
        several = not LEVEL_TASKS[self.level_task].exclusive
        cells = read_levels(labels, list(self.tasks), several=several)
        tree = self.hierarchy or parse_tree(collect_subclasses(*cells.values(), several=several))
        return self.outputs(tree).read(cells)

    def outputs(self, names: Hierarchy) -> HierarchicalOutputs:
        return HierarchicalOutputs(names, self.level_task)


def with_level_task(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Translate the `multilabel` of older files to `level_task`."""
    translated = dict(arguments)
    if "multilabel" in translated:
        translated["level_task"] = Multilabel.name if translated.pop("multilabel") else DEFAULT_LEVEL_TASK
    return translated
