"""The options of a task: names, types, defaults and explanations."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert.tasks import plans
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.levels import LEVEL_TASKS
from kerasbert.tasks.task import Task

CLASS_SCORES = ("own", "summed")


@dataclasses.dataclass(kw_only=True)
class TaskSettings:
    """The task of a classifier.

    Args:
        task: what a text is labelled with: `"binary"` (one of two labels), `"multiclass"` (one of several), `"multilabel"`
            (any of several), `"multitask"` (several heads) or `"hierarchical"` (classes with subclasses).
        heads: for a multi-task classifier head name -> its task, by name or as `Multiclass(...)` with its label names.
        label_names: labels in the order wanted, (negative, positive) for a binary task; others are refused. None: collected
            and sorted.
        subclasses: for a hierarchical classifier class -> its subclasses, see `build_hierarchical`. None: collected.
        level_task: for a hierarchical classifier whether a text has one class and subclass (`"multiclass"`) or any number
            (`"multilabel"`).
        level_weights: for a hierarchical classifier the weight of the loss of each level, >= 0, from the classes down. None: 1
            each.
        class_scores: for a hierarchical classifier which levels have logits: all (`"own"`) or the deepest (`"summed"`); see `build_hierarchical`. None: by the task.
    """

    task: str = dataclasses.field(
        default="multiclass", kw_only=False, metadata={"required": True, "choices": lambda: plans.ALL_TASKS}
    )
    heads: Mapping[str, str | Task] | None = dataclasses.field(default=None, metadata={"command": False})
    label_names: Sequence[str] | None = dataclasses.field(default=None, metadata={"example": "A,B,C"})
    subclasses: Mapping[str, Any] | None = dataclasses.field(default=None, metadata={"command": False})
    level_task: str = dataclasses.field(default=DEFAULT_LEVEL_TASK, metadata={"choices": tuple(LEVEL_TASKS)})
    level_weights: Sequence[float] | None = dataclasses.field(default=None, metadata={"example": "1,1"})
    class_scores: str | None = dataclasses.field(default=None, metadata={"choices": CLASS_SCORES})
