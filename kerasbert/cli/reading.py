"""Read the options that say what is learned: heads and label columns."""

from collections.abc import Mapping, Sequence

import typer

from kerasbert.cli.options import Task
from kerasbert.labels.rules import ANY

MULTILABEL = ANY.task

# Head name -> (label column, task of the head).
Heads = Mapping[str, tuple[str, str]]


def parse_heads(task: Task, heads: Sequence[str] | None) -> Heads | None:
    """Read `--head NAME=COLUMN:TASK` options.

    Returns:
        Head name -> (column, task of the head); None for a task with one head.

    Raises:
        typer.BadParameter: when they do not go with the task or are malformed.
    """
    if (task is Task.multitask) != bool(heads):
        raise typer.BadParameter(
            "--head NAME=COLUMN:TASK goes with --task multitask, once for each head, and only with it."
        )
    parsed = {}
    for head in heads or []:
        name, equals, rest = head.partition("=")
        column, colon, head_task = rest.rpartition(":")
        if not (equals and colon and name and column):
            raise typer.BadParameter(f"--head must be NAME=COLUMN:TASK, such as topic=label:multiclass; got {head!r}.")
        parsed[name] = (column, head_task)
    return parsed or None


def label_columns_of(task: Task, label_column: str | None, heads: Heads | None) -> tuple[str, ...]:
    """The columns that hold the labels, from `--label-column A,B,C`, the heads or the task's own name.

    Raises:
        typer.BadParameter: when several columns are given for a task that takes one.
    """
    if heads:
        return tuple(dict.fromkeys(column for column, _ in heads.values()))
    if label_column is not None:
        columns = tuple(label_column.split(","))
        if task is Task.hierarchical and len(columns) < 2:
            raise typer.BadParameter(
                f"--label-column must name a column for each level, class,subclass; got {label_column!r}."
            )
        if len(columns) > 1 and task not in (Task.multilabel, Task.hierarchical):
            raise typer.BadParameter(
                f"--label-column takes several columns for --task multilabel or hierarchical only; got {label_column!r}."
            )
        return columns
    if task is Task.hierarchical:
        return ("label", "sublabel")
    return ("labels",) if task is Task.multilabel else ("label",)
