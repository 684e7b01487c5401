"""Which columns of a file hold the labels, and what they say."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.cli.options import Task
from kerasbert.labels.cells import LABELS, LabelCells, Place, cell_parts, multi_hot_from_columns
from kerasbert.labels.hierarchy import level_names
from kerasbert.reading.examples import Examples

MULTILABEL = "multilabel"


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


def parse_weights(weights: str | None) -> list[float] | None:
    """Read `--level-weights 1,0.5`.

    Raises:
        typer.BadParameter: when a part is no number.
    """
    try:
        return None if weights is None else [float(part) for part in weights.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"--level-weights must be numbers such as 1,1; got {weights!r}.") from error


def label_columns(task: Task, labels: str | None, heads: dict[str, tuple[str, str]] | None) -> tuple[str, ...]:
    """The columns that hold the labels, from `--label-column A,B,C`, the heads or the task's own name.

    Raises:
        typer.BadParameter: when several columns are given for a task that takes one.
    """
    if heads:
        return tuple(dict.fromkeys(column for column, _ in heads.values()))
    if labels is not None:
        columns = tuple(labels.split(","))
        if task is Task.hierarchical and len(columns) < 2:
            raise typer.BadParameter(
                f"--label-column must name a column for each level, class,subclass; got {labels!r}."
            )
        if len(columns) > 1 and task not in (Task.multilabel, Task.hierarchical):
            raise typer.BadParameter(
                f"--label-column takes several columns for --task multilabel or hierarchical only; got {labels!r}."
            )
        return columns
    if task is Task.hierarchical:
        return ("label", "sublabel")
    return ("labels",) if task is Task.multilabel else ("label",)


def columns_of_heads(
    task: Task, columns: Sequence[str], heads: dict[str, tuple[str, str]] | None
) -> dict[str, str] | None:
    """Head or level name -> the column of its labels; None for one head."""
    if task is Task.hierarchical:
        return dict(zip(level_names(len(columns)), columns, strict=True))
    return None if heads is None else {name: column for name, (column, _) in heads.items()}


def reading_of(classifier: Any, given: dict[str, Any], labels: str | None) -> dict[str, Any]:
    """How to read data for a saved classifier: as in training, unless told otherwise.

    Args:
        classifier: the `TextClassifier`.
        given: of `text`, `text_pair` and `label_delimiter` those that differ; None is as in training.
        labels: `--label-column`; None is as in training.

    Returns:
        What `label_cells` takes.
    """
    reading = dict(classifier.metrics_.get("reading", {}))
    reading.update({name: value for name, value in given.items() if value is not None})
    if labels is not None:
        reading["columns"] = labels.split(",")
        if classifier.task == "hierarchical":
            reading["heads"] = dict(zip(classifier.model_.heads, reading["columns"], strict=False))
    reading["columns"] = reading.get("columns") or list(label_columns(Task(classifier.task), None, None))
    reading["tasks"] = classifier.model_.head_tasks
    check_delimiter(reading["tasks"], given.get("label_delimiter"))
    return reading


def check_delimiter(tasks: Mapping[str, str], delimiter: str | None) -> None:
    """Refuse a delimiter where no head takes several labels.

    Args:
        tasks: head name -> task of the head.
        delimiter: `--label-delimiter`.

    Raises:
        typer.BadParameter: when there is nothing that it could split.
    """
    if delimiter is not None and MULTILABEL not in tasks.values():
        raise typer.BadParameter(
            f"--label-delimiter goes with a task whose texts have several labels, such as --task multilabel; got "
            f"{delimiter!r} with {', '.join(sorted(set(tasks.values())))}."
        )


def head_tasks(task: Task, columns: Sequence[str], heads: Any, *, multilabel: bool = False) -> dict[str, str]:
    """Head or level name -> task of the head, as the command line says it.

    Args:
        task: `--task`.
        columns: the label columns.
        heads: from `parse_heads`.
        multilabel: `--multilabel`.
    """
    if heads is not None:
        return {name: own for name, (_, own) in heads.items()}
    if task is Task.hierarchical:
        return dict.fromkeys(level_names(len(columns)), MULTILABEL if multilabel else "multiclass")
    return {SINGLE_HEAD: task.value}


def label_cells(examples: Examples, reading: dict[str, Any]) -> Any:
    """The labels of examples as `TextClassifier.fit` takes them.

    Args:
        examples: with the label columns.
        reading: how they are to be read: `columns`, `label_delimiter` and `heads`, which saved classifiers keep, and
            `tasks`, from `head_tasks`.

    Returns:
        A label or list of labels for each example; a dict of these by head for several heads.
    """
    delimiters = {
        head: reading.get("label_delimiter") if task == MULTILABEL else None for head, task in reading["tasks"].items()
    }
    if reading.get("heads"):
        return {
            head: split_cells(examples.labels[column], delimiters[head]) for head, column in reading["heads"].items()
        }
    columns = reading["columns"]
    if len(columns) > 1 and delimiters[SINGLE_HEAD] is not None:
        raise ConfigError(
            f"`label_delimiter` goes with one column, whose cells name several labels; got {delimiters[SINGLE_HEAD]!r} with the "
            f"columns {', '.join(columns)}."
        )
    if len(columns) > 1:
        rows = multi_hot_from_columns(examples.labels, columns)
        named = [[column for column, flag in zip(columns, row, strict=True) if flag] for row in rows]
        return _at_the_same_places(examples.labels[columns[0]], named)
    return split_cells(examples.labels[columns[0]], delimiters[SINGLE_HEAD])


def split_cells(cells: list, delimiter: str | None) -> list:
    """Cells of several labels as lists of them; as they are where there is no delimiter."""
    if delimiter is None:
        return cells
    places = (Place(cells, LABELS, 1, position) for position in range(len(cells)))
    parts = [
        cell_parts(cell, place, several=True, delimiter=delimiter)
        if isinstance(cell, str) and cell.strip()[:1] != "{"
        else cell
        for cell, place in zip(cells, places, strict=True)
    ]
    return _at_the_same_places(cells, parts)


def _at_the_same_places(cells: list, others: list) -> list:
    return cells.replaced(others) if isinstance(cells, LabelCells) else others
