"""Outputs of a classifier, from the user's arguments or a builder's."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK, HierarchicalOutputs, HierarchicalPlan, with_level_task
from kerasbert.tasks.outputs import OutputPlan, Outputs
from kerasbert.tasks.several import MULTITASK, SeveralOutputs, SeveralPlan
from kerasbert.tasks.single import SingleOutput, SinglePlan
from kerasbert.tasks.table import TASKS, task_from
from kerasbert.tasks.task import Task

#: The tasks of a classifier.
ALL_TASKS = (*TASKS, MULTITASK, HIERARCHICAL)
LAYERWISE = "build_layerwise"


def plan_outputs(
    task: str,
    *,
    heads: Mapping[str, Any] | None = None,
    subclasses: Mapping[str, Any] | None = None,
    level_task: str = DEFAULT_LEVEL_TASK,
    label_names: Sequence[str] | None = None,
) -> OutputPlan:
    """Plan what a classifier decides; the arguments are those of `TaskSettings`.

    Raises:
        ConfigError: when the task is unknown or an argument does not go with it.
        TypeError: when an argument has the wrong type.
    """
    check_choice("task", task, ALL_TASKS)
    if task != HIERARCHICAL and (subclasses or level_task != DEFAULT_LEVEL_TASK):
        raise ConfigError(f"`subclasses` and `level_task` go with task {HIERARCHICAL!r}; got task {task!r}.")
    if task not in TASKS and label_names is not None:
        raise ConfigError(
            f"`label_names` goes with one head; got {shorten(label_names)} with task {task!r}, which collects the names of "
            f"each head."
        )
    if (task == MULTITASK) != bool(heads):
        raise ConfigError(
            f"`heads` must be a dict of head name -> task for a multi-task classifier and None for others; got "
            f"{shorten(heads)} with task {task!r}."
        )
    if task == HIERARCHICAL:
        return HierarchicalPlan(subclasses, level_task)
    return SeveralPlan(heads) if heads else SinglePlan(TASKS[task], label_names)


def outputs_of(tasks: Mapping[str, Task]) -> Outputs:
    """Return the outputs of one or several heads that are no levels."""
    return SingleOutput(tasks[SINGLE_HEAD]) if list(tasks) == [SINGLE_HEAD] else SeveralOutputs(tasks)


def outputs_from(builder: str, arguments: Mapping[str, Any]) -> Outputs:
    """Return the outputs that a builder's arguments describe, see `architecture_of`.

    Raises:
        KeyError: when there is no such builder, or an argument is missing.
        ConfigError: when an argument cannot be used.
    """
    own = with_level_task(arguments)
    if builder == HierarchicalOutputs.builder:
        return HierarchicalOutputs(parse_tree(own["subclasses"]), own["level_task"])
    if builder == SeveralOutputs.builder:
        return SeveralOutputs({name: task_from(head) for name, head in own["heads"].items()})
    if builder == LAYERWISE:
        return SingleOutput(task_from(own["task"]))
    task = TASKS[builder.removeprefix("build_")]
    return SingleOutput(task.of(own[task.argument]))
