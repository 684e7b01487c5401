"""The outputs of one head."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.tasks.outputs import OutputPlan, Outputs, ReadLabels
from kerasbert.tasks.task import Task


@final
class SingleOutput(Outputs):
    """The outputs of one head."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.name, {SINGLE_HEAD: task})
        self.task = task
        self.builder = f"build_{task.name}"

    def arguments(self) -> dict[str, Any]:
        return {self.task.argument: list(self.task.label_names)}

    def read(self, labels: Any) -> ReadLabels:
        found = self.task.read(labels, self.task.label_names)
        return ReadLabels(self, {SINGLE_HEAD: found.array}, {SINGLE_HEAD: found.kind})

    def accuracy(self, scores: Mapping[str, Any]) -> float:
        return float(scores["accuracy"])

    def unwrap(self, by_head: Mapping[str, Any]) -> Any:
        return by_head[SINGLE_HEAD]


@final
class SinglePlan(OutputPlan):
    """One head whose label names may not be known yet."""

    def __init__(self, task: type[Task], label_names: Sequence[str] | None = None) -> None:
        super().__init__(task.name, {SINGLE_HEAD: task})
        self.task = task
        self.label_names = None if label_names is None else tuple(label_names)

    def read(self, labels: Any) -> ReadLabels:
        found = self.task.read(labels, self.label_names)
        return ReadLabels(
            SingleOutput(self.task.of(found.names)), {SINGLE_HEAD: found.array}, {SINGLE_HEAD: found.kind}
        )

    def outputs(self, names: Any) -> SingleOutput:
        return SingleOutput(self.task.of(names[SINGLE_HEAD]))
