"""The data of a command: how its rows are read, by the command line, a saved classifier or a token cache."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import typer

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.token_cache import TokenCache
from kerasbert.cli.options import Task, say
from kerasbert.cli.reading import MULTILABEL, Heads, label_columns_of
from kerasbert.labels.cells import LABELS, LabelCells, Place, cell_parts, multi_hot_from_columns
from kerasbert.labels.hierarchy import level_names
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.labels.rules import ANY
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading._files import UTF_8
from kerasbert.reading.examples import Examples
from kerasbert.reading.readers import ExampleReader, TextColumns
from kerasbert.reading.row_labels import LabelOptions, ReadLabels, labels_reader, plan_labels
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.table import task_class


@dataclasses.dataclass(frozen=True)
class Reading:
    """How the rows of data are read.

    Args:
        label_columns: columns of the labels.
        tasks: head or level name -> task of the head.
        text_column: column of the texts.
        text_pair_column: column of second texts.
        label_delimiter: separator of several labels in one cell.
        heads: head or level name -> its label column; None for one head.
        is_hierarchical: whether the heads are levels.
        names: head name -> label names, where they are known.
        subclasses: the tree of the levels, where it is known.
    """

    label_columns: tuple[str, ...]
    tasks: Mapping[str, str]
    text_column: str = "text"
    text_pair_column: str | None = None
    label_delimiter: str | None = None
    heads: Mapping[str, str] | None = None
    is_hierarchical: bool = False
    names: Mapping[str, Sequence[str] | None] = dataclasses.field(default_factory=dict)
    subclasses: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.label_delimiter is not None and MULTILABEL not in self.tasks.values():
            raise typer.BadParameter(
                f"--label-delimiter goes with a task whose texts have several labels, such as --task multilabel; got "
                f"{self.label_delimiter!r} with {', '.join(sorted(set(self.tasks.values())))}."
            )

    @classmethod
    def of_task(
        cls,
        task: Task,
        label_column: str | None,
        heads: Heads | None,
        *,
        level_task: str = DEFAULT_LEVEL_TASK,
        label_names: Sequence[str] | None = None,
        text_column: str = "text",
        text_pair_column: str | None = None,
        label_delimiter: str | None = None,
    ) -> Self:
        """As the command line says.

        Args:
            task: `--task`.
            label_column: `--label-column`.
            heads: from `parse_heads`.
            level_task: `--level-task`.
            label_names: `--label-names`.
            text_column: `--text-column`.
            text_pair_column: `--text-pair-column`.
            label_delimiter: `--label-delimiter`.
        """
        labels = label_columns_of(task, label_column, heads)
        columns: dict[str, Any] = {"text_column": text_column, "text_pair_column": text_pair_column}
        columns["label_delimiter"] = label_delimiter
        if heads is not None:
            tasks, places = {}, {}
            for name, (column, own) in heads.items():
                tasks[name], places[name] = own, column
            return cls(labels, tasks, heads=places, **columns)
        if task is Task.hierarchical:
            levels = level_names(len(labels))
            tasks = dict.fromkeys(levels, level_task)
            places = dict(zip(levels, labels, strict=True))
            return cls(labels, tasks, heads=places, is_hierarchical=True, **columns)
        return cls(labels, {SINGLE_HEAD: task.value}, names={SINGLE_HEAD: label_names}, **columns)

    @classmethod
    def of_classifier(cls, classifier: TrainedClassifier, label_column: str | None = None, **given: Any) -> Self:
        """As in the training of a classifier, unless told otherwise.

        Args:
            label_column: `--label-column`; None: as in training.
            **given: of `text_column`, `text_pair_column` and `label_delimiter` those that differ; None: as in training.
        """
        saved, model = classifier.metrics.get("reading", {}), classifier.model
        tree = model.hierarchy
        kept = {
            "text_column": saved.get("text", "text"),
            "text_pair_column": saved.get("text_pair"),
            "label_delimiter": saved.get("label_delimiter"),
        }
        columns = saved.get("columns") or label_columns_of(Task(classifier.task), None, None)
        heads = saved.get("heads")
        if label_column is not None:
            columns = label_column.split(",")
            heads = heads if tree is None else dict(zip(model.heads, columns, strict=False))
        return cls(
            tuple(columns),
            dict(model.head_tasks),
            heads=heads,
            is_hierarchical=tree is not None,
            names={name: head.label_names for name, head in model.heads.items()},
            subclasses=None if tree is None else tree.hierarchy.to_tree(),
            **{**kept, **{name: value for name, value in given.items() if value is not None}},
        )

    def of_cache(self, cache: TokenCache) -> Self:
        """The same, but with the columns and the delimiter that a token cache was made with."""
        return dataclasses.replace(
            self,
            label_columns=tuple(cached_label_columns(cache)),
            label_delimiter=cached_delimiter(cache),
            heads={level: head.columns[0] for level, head in cache.heads.items()} if cache.hierarchy else self.heads,
            text_column=cache.facts["text"],
            text_pair_column=cache.facts["text_pair"],
        )

    def to_dict(self) -> dict[str, Any]:
        """As a saved classifier keeps it, under `reading` of its metrics."""
        return {
            "columns": list(self.label_columns),
            "text": self.text_column,
            "text_pair": self.text_pair_column,
            "label_delimiter": self.label_delimiter,
            "heads": self.heads,
            "tasks": self.tasks,
        }

    def read(self, path: Path | str, *, on_error: str | None = None, encoding: str = UTF_8) -> Examples:
        """Read the texts and label cells of a file; see `reader`."""
        return self.reader(on_error=on_error, encoding=encoding).read(path)

    def reader(self, *, on_error: str | None = None, encoding: str = UTF_8) -> ExampleReader:
        """A reader of files whose texts and label cells stand so; the unusable rows that it leaves out are reported."""
        columns = TextColumns(self.text_column, self.text_pair_column)
        read_labels = self.label_reader() if on_error == "skip" else None
        return ExampleReader(columns, self.label_columns, on_error, read_labels, encoding, say)

    def label_reader(self) -> ReadLabels:
        """What reads the labels of a row, and refuses those that a classifier cannot learn or does not know."""
        columns, delimiter = list(self.label_columns), self.label_delimiter
        if self.is_hierarchical and MULTILABEL in self.tasks.values():
            return labels_reader({SINGLE_HEAD: LabelVocabulary(ANY, columns[:1], delimiter=delimiter)})
        if self.is_hierarchical:
            return labels_reader(
                *plan_labels(LabelOptions(task=HIERARCHICAL, label_columns=columns, subclasses=self.subclasses))
            )
        return labels_reader(
            {
                name: LabelVocabulary(
                    task_class(task).rules,
                    [self.heads[name]] if self.heads and name in self.heads else columns,
                    names=self.names.get(name),
                    delimiter=delimiter if task == MULTILABEL else None,
                )
                for name, task in self.tasks.items()
            }
        )

    def cells(self, examples: Examples) -> Any:
        """The labels of examples as `TextClassifier.fit` takes them."""
        delimiters = {head: self.label_delimiter if task == MULTILABEL else None for head, task in self.tasks.items()}
        if self.heads:
            return {head: split_cells(examples.labels[column], delimiters[head]) for head, column in self.heads.items()}
        columns, delimiter = self.label_columns, delimiters[SINGLE_HEAD]
        if len(columns) == 1:
            return split_cells(examples.labels[columns[0]], delimiter)
        if delimiter is not None:
            raise ConfigError(
                f"`label_delimiter` goes with one column, whose cells name several labels; got {delimiter!r} with the "
                f"columns {', '.join(columns)}."
            )
        rows = multi_hot_from_columns(examples.labels, columns)
        named = [[column for column, flag in zip(columns, row, strict=True) if flag] for row in rows]
        return _at_the_same_places(examples.labels[columns[0]], named)


def read_data(
    path: Path | str,
    *,
    text_column: str = "text",
    text_pair_column: str | None = None,
    label_columns: Sequence[str] = (),
    on_error: str | None = None,
    read_labels: ReadLabels | None = None,
    encoding: str = UTF_8,
) -> Examples:
    """Read the texts and label cells of a file; unusable rows that are left out are reported."""
    columns = TextColumns(text_column, text_pair_column)
    return ExampleReader(columns, label_columns, on_error, read_labels, encoding, say).read(path)


def cached_label_columns(cache: TokenCache) -> list[str]:
    """The label columns of all heads of a cache, each once."""
    return list(dict.fromkeys(column for head in cache.heads.values() for column in head.columns))


def cached_delimiter(cache: TokenCache) -> str | None:
    """The delimiter that splits the label cells of a cache; None where no head has one."""
    return next((head.delimiter for head in cache.heads.values() if head.delimiter), None)


def split_cells(cells: list[Any], delimiter: str | None) -> list[Any]:
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


def _at_the_same_places(cells: list[Any], others: list[Any]) -> list[Any]:
    return cells.replaced(others) if isinstance(cells, LabelCells) else others
