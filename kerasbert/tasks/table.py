"""Tasks by name, and tasks as plain data."""

from collections.abc import Mapping
from typing import Any

from kerasbert._core.checks import check_choice, shorten
from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.task import Task

TASKS: dict[str, type[Task]] = {task.name: task for task in (Binary, Multiclass, Multilabel)}


def task_class(name: object, argument: str = "task") -> type[Task]:
    """Return the class of a task; an error names the argument."""
    return TASKS[check_choice(argument, name, TASKS)]


def describe_task(task: Task) -> dict[str, Any]:
    """Describe a task as plain data, see `task_from`."""
    return {"task": task.name, "label_names": list(task.label_names)}


def task_from(description: Mapping[str, Any]) -> Task:
    """Return the task that `describe_task` described.

    Raises:
        ConfigError: when there is no such task, or the names cannot be used.
        KeyError: when something is missing.
    """
    return task_class(description["task"]).of(description["label_names"])


def check_heads(heads: Any) -> dict[str, Task | type[Task]]:
    """Check the `heads` of a multi-task classifier; a task's name becomes its class.

    Args:
        heads: head name -> `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`, or the name of a task.

    Raises:
        ConfigError: when there is no such task.
        TypeError: when it is no dict of tasks.
    """
    if not isinstance(heads, Mapping) or not heads:
        raise TypeError(f"`heads` must be a dict of head name -> task; got {shorten(heads)}.")
    return {name: _check_head(name, task) for name, task in heads.items()}


def _check_head(name: Any, task: Any) -> Task | type[Task]:
    if isinstance(task, Task):
        return task
    if isinstance(task, Mapping) and {"task", "label_names"} == set(task):
        return task_from(task)
    if not isinstance(task, str):
        raise TypeError(
            f"`heads[{name!r}]` must be Binary(...), Multiclass(...) or Multilabel(...), or the name of a task; got "
            f"{shorten(task)}."
        )
    return task_class(task, f"heads[{name!r}]")


def describe_heads(heads: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the `heads` of a multi-task classifier as plain data, which `check_heads` reads again."""
    return {name: describe_task(task) if isinstance(task, Task) else task for name, task in heads.items()}
