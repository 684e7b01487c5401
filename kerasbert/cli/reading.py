"""Read the options that say what is learned: heads, label columns, layers, weights, augmentation."""

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


def parse_layers(layers: str | None) -> list[int] | None:
    """Read `--layers -4,-3,-2,-1`.

    Returns:
        The indices; None where none are given.
    """
    if layers is None:
        return None
    try:
        return [int(part) for part in layers.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--layers must be whole numbers such as -4,-3,-2,-1; got {layers!r}.") from None


def parse_weights(weights: str | None) -> list[float] | None:
    """Read `--level-weights 1,0.5`."""
    try:
        return None if weights is None else [float(part) for part in weights.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--level-weights must be numbers such as 1,1; got {weights!r}.") from error


def parse_augmentation(augment: str | None) -> dict[str, float] | None:
    """Read `--augment mask=0.1,drop=0.05,swap=0.05`."""
    if augment is None:
        return None
    try:
        return {name.strip(): float(rate) for name, rate in (part.split("=") for part in augment.split(","))}
    except ValueError:
        raise typer.BadParameter(f"--augment must be such as mask=0.1,drop=0.05,swap=0.05; got {augment!r}.") from None


def label_columns_of(task: Task, label_column: str | None, heads: Heads | None) -> tuple[str, ...]:
    """The columns that hold the labels, from `--label-column A,B,C`, the heads or the task's own name."""
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
