"""Parse the options that say what is learned: heads and label columns."""

from collections.abc import Mapping, Sequence

import typer

from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.reading.row_labels import default_label_columns
from kerasbert.tasks.several import MULTITASK
from kerasbert.tasks.table import TASKS, task_class

# Head name -> (label column, task of the head).
Heads = Mapping[str, tuple[str, str]]


def parse_heads(task: str, heads: Sequence[str] | None) -> Heads | None:
    """Parse `--head NAME=COLUMN:TASK` options; None for a task with one head.

    Raises:
        ConfigError: when a head's task is unknown.
        typer.BadParameter: when they do not go with the task or are malformed.
    """
    if (task == MULTITASK) != bool(heads):
        raise typer.BadParameter(
            f"--head NAME=COLUMN:TASK goes with --task {MULTITASK}, once for each head, and only with it."
        )
    parsed = {}
    for head in heads or []:
        name, equals, rest = head.partition("=")
        column, colon, head_task = rest.rpartition(":")
        if not (equals and colon and name and column):
            raise typer.BadParameter(f"--head must be NAME=COLUMN:TASK, such as topic=label:multiclass; got {head!r}.")
        task_class(head_task, f"heads[{name!r}]")
        parsed[name] = (column, head_task)
    return parsed or None


def label_columns_of(task: str, label_column: str | None, heads: Heads | None = None) -> tuple[str, ...]:
    """The columns that hold the labels, from `--label-column A,B,C`, the heads or the task's default.

    Raises:
        typer.BadParameter: when the task takes another number of columns.
    """
    if heads:
        return tuple(dict.fromkeys(column for column, _ in heads.values()))
    if label_column is None:
        return default_label_columns(task)
    columns = tuple(label_column.split(","))
    if task == HIERARCHICAL and len(columns) < 2:
        raise typer.BadParameter(
            f"--label-column must name a column for each level, class,subclass; got {label_column!r}."
        )
    if len(columns) > 1 and task != HIERARCHICAL and not TASKS[task].rules.several:
        raise typer.BadParameter(
            f"--label-column takes several columns for --task multilabel or hierarchical only; got {label_column!r}."
        )
    return columns
