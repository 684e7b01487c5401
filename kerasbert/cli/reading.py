"""Which columns of a file hold the labels, and what they say."""

from collections.abc import Sequence
from typing import Any

import typer

from kerasbert.cli.options import Task
from kerasbert.data.examples import Examples
from kerasbert.data.labels import multi_hot_from_columns


def parse_heads(task: Task, heads: Sequence[str] | None) -> dict[str, tuple[str, str]] | None:
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


def parse_layers(layers: str | None) -> list[int] | None:
    """Read `--layers -4,-3,-2,-1`.

    Returns:
        The indices; None where none are given.

    Raises:
        typer.BadParameter: when one is no whole number.
    """
    if layers is None:
        return None
    try:
        return [int(part) for part in layers.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--layers must be whole numbers such as -4,-3,-2,-1; got {layers!r}.") from None


def label_columns(task: Task, labels: str | None, heads: dict[str, tuple[str, str]] | None) -> tuple[str, ...]:
    """The columns that hold the labels, from `--labels A,B,C`, the heads or the task's own name.

    Raises:
        typer.BadParameter: when several columns are given for a task that takes one.
    """
    if heads:
        return tuple(dict.fromkeys(column for column, _ in heads.values()))
    if labels is not None:
        columns = tuple(labels.split(","))
        if len(columns) > 1 and task is not Task.multilabel:
            raise typer.BadParameter(f"--labels takes several columns for --task multilabel only; got {labels!r}.")
        return columns
    return ("labels",) if task is Task.multilabel else ("label",)


def label_cells(examples: Examples, reading: dict[str, Any]) -> Any:
    """The labels of examples as `TextClassifier.fit` takes them.

    Args:
        examples: with the label columns.
        reading: how they are to be read: `columns`, `label_delimiter` and `heads`, which saved classifiers keep.

    Returns:
        A label or list of labels for each example; a dict of these by head for several heads.
    """
    if reading.get("heads"):
        return {head: examples.labels[column] for head, column in reading["heads"].items()}
    columns = reading["columns"]
    if len(columns) > 1:
        rows = multi_hot_from_columns(examples.labels, columns)
        return [[column for column, flag in zip(columns, row, strict=True) if flag] for row in rows]
    return split_cells(examples.labels[columns[0]], reading.get("label_delimiter"))


def split_cells(cells: list, delimiter: str | None) -> list:
    """Cells of several labels as lists of them; as they are where there is no delimiter."""
    return [_split_cell(cell, delimiter) for cell in cells] if delimiter else cells


def _split_cell(cell: Any, delimiter: str) -> Any:
    if not isinstance(cell, str):
        return cell
    return [part.strip() for part in cell.split(delimiter) if part.strip()]
