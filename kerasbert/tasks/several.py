"""The outputs of several heads."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from kerasbert.tasks.outputs import OutputPlan, Outputs, ReadLabels, cells_by_head
from kerasbert.tasks.table import check_heads, describe_heads
from kerasbert.tasks.task import Task

MULTITASK = "multitask"


@final
class SeveralOutputs(Outputs):
    """Several named heads over one encoder."""

    builder = "build_multitask"

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        super().__init__(MULTITASK, tasks)

    def arguments(self) -> dict[str, Any]:
        return {"heads": describe_heads(self.tasks)}

    def read(self, labels: Any) -> ReadLabels:
        return _read(self.tasks, labels)

    def accuracy(self, scores: Mapping[str, Any]) -> float:
        return float(np.mean([own["accuracy"] for own in scores.values()]))


@final
class SeveralPlan(OutputPlan):
    """Several heads, of which some may know their labels already, see `check_heads`."""

    def __init__(self, heads: Mapping[str, Any]) -> None:
        super().__init__(MULTITASK, check_heads(heads))

    def read(self, labels: Any) -> ReadLabels:
        return _read(self.tasks, labels)

    def outputs(self, names: Any) -> SeveralOutputs:
        return SeveralOutputs({head: task.of(names[head]) for head, task in self.tasks.items()})


def _read(tasks: Mapping[str, Task | type[Task]], labels: Any) -> ReadLabels:
    cells = cells_by_head(tasks, labels)
    found = {
        head: task.read(cells[head], task.label_names if isinstance(task, Task) else None)
        for head, task in tasks.items()
    }
    return ReadLabels(
        SeveralOutputs({head: tasks[head].of(own.names) for head, own in found.items()}),
        {head: own.array for head, own in found.items()},
        {head: own.kind for head, own in found.items()},
    )
