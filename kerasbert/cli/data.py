"""How a command reads the rows of its data: as the command line, a saved classifier or a token cache says."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import typer

from kerasbert._core.checks import check_choice
from kerasbert._core.errors import ConfigError, KerasBertError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._core.options import filled
from kerasbert.batches.token_cache import TokenCache
from kerasbert.cli.options import say
from kerasbert.cli.reading import Heads, label_columns_of
from kerasbert.cli.starting import load_classifier
from kerasbert.labels.cells import LABELS, LabelCells, Place, cell_parts, multi_hot_from_columns
from kerasbert.labels.hierarchy import level_names
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import DEFAULTS, ReadOptions
from kerasbert.reading.readers import ExampleReader, ReadLabels, TextColumns
from kerasbert.reading.row_labels import LabelOptions, labels_reader, plan_labels
from kerasbert.saving.inspection import outputs_of, read_metrics
from kerasbert.tasks.levels import LEVEL_TASKS
from kerasbert.tasks.outputs import Outputs
from kerasbert.tasks.table import TASKS

if TYPE_CHECKING:
    from kerasbert.export.artefacts import Artefact
    from kerasbert.saving.trained_classifier import TrainedClassifier

Data = TypeVar("Data")
COLUMNS = ("text_column", "text_pair_column", "label_delimiter")


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
        files: how files are read.
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
    files: ReadOptions = DEFAULTS

    def __post_init__(self) -> None:
        if self.label_delimiter is not None and not any(self._delimiters.values()):
            raise typer.BadParameter(
                f"--label-delimiter goes with a task whose texts have several labels, such as --task multilabel; got "
                f"{self.label_delimiter!r} with {', '.join(sorted(set(self.tasks.values())))}."
            )

    @classmethod
    def of_options(cls, task: str, options: Mapping[str, Any], heads: Heads | None = None) -> Self:
        """As the options of `DataOptions` and `TaskSettings` say, and the heads of `parse_heads`."""
        labels = label_columns_of(task, options["label_column"], heads)
        columns: dict[str, Any] = {name: options[name] for name in COLUMNS}
        columns["files"] = filled(ReadOptions, None, options)
        if heads is not None:
            tasks = {name: own for name, (_, own) in heads.items()}
            return cls(labels, tasks, heads={name: column for name, (column, _) in heads.items()}, **columns)
        if task == HIERARCHICAL:
            levels = level_names(len(labels))
            tasks = dict.fromkeys(levels, check_choice("level_task", options["level_task"], LEVEL_TASKS))
            return cls(labels, tasks, heads=dict(zip(levels, labels, strict=True)), is_hierarchical=True, **columns)
        return cls(labels, {SINGLE_HEAD: task}, names={SINGLE_HEAD: options["label_names"]}, **columns)

    @classmethod
    def of_classifier(
        cls, classifier: "TrainedClassifier | Artefact", label_column: str | None = None, **given: Any
    ) -> Self:
        """As in the training of a classifier, but with `--label-column` and those of `COLUMNS` that are given.

        Options of `ReadOptions` are taken as they are: a file is read as it was written, whatever was trained on.
        """
        return cls.of_outputs(classifier.outputs, classifier.metrics.get("reading", {}), label_column, **given)

    @classmethod
    def of_folder(cls, folder: Path, label_column: str | None = None, **given: Any) -> Self | None:
        """As `of_classifier`, before the model is loaded; None where the folder does not tell, or is not whole."""
        try:
            outputs, metrics = outputs_of(folder), read_metrics(folder)
        except KerasBertError:
            return None
        return cls.of_outputs(outputs, metrics.get("reading", {}), label_column, **given)

    @classmethod
    def of_outputs(
        cls, outputs: Outputs, saved: Mapping[str, Any], label_column: str | None = None, **given: Any
    ) -> Self:
        """As `saved` says, what a saved classifier keeps of its training data, see `to_dict`."""
        tree = outputs.hierarchy
        kept = dict(
            zip(COLUMNS, (saved.get("text", "text"), saved.get("text_pair"), saved.get("label_delimiter")), strict=True)
        )
        columns = saved.get("columns") or label_columns_of(outputs.name, None)
        heads = saved.get("heads")
        if label_column is not None:
            columns = label_column.split(",")
            heads = heads if tree is None else dict(zip(outputs.tasks, columns, strict=False))
        return cls(
            tuple(columns),
            {name: task.name for name, task in outputs.tasks.items()},
            heads=heads,
            is_hierarchical=tree is not None,
            names={name: task.label_names for name, task in outputs.tasks.items()},
            subclasses=None if tree is None else tree.to_tree(),
            files=filled(ReadOptions, None, given),
            **{**kept, **{name: given[name] for name in COLUMNS if given.get(name) is not None}},
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
        """The plain data that a saved classifier keeps under `reading` of its metrics."""
        return {
            "columns": list(self.label_columns),
            "text": self.text_column,
            "text_pair": self.text_pair_column,
            "label_delimiter": self.label_delimiter,
            "heads": self.heads,
            "tasks": self.tasks,
        }

    def reader(self, *, with_labels: bool = True, on_error: str | None = None) -> ExampleReader:
        """Return a reader of the texts of files, and of their label cells, which reports the rows that are left out.

        Args:
            with_labels: whether labels are read; rows whose labels cannot be used are then unusable.
            on_error: the option `--on-error`; None: the command has none.
        """
        columns = TextColumns(self.text_column, self.text_pair_column)
        read_labels = self.label_reader() if with_labels and on_error == "skip" else None
        labels = self.label_columns if with_labels else ()
        return ExampleReader(columns, labels, on_error, read_labels, self.files, say)

    def label_reader(self) -> ReadLabels:
        """Return the function that reads the labels of a row, and refuses those that a classifier cannot learn or does not know."""
        columns, delimiters = list(self.label_columns), self._delimiters
        if self.is_hierarchical:
            several = next((TASKS[task] for task in self.tasks.values() if TASKS[task].rules.several), None)
            if several is not None:
                own = LabelVocabulary(several.rules, columns[:1], delimiter=self.label_delimiter)
                return labels_reader({SINGLE_HEAD: own})
            options = LabelOptions(task=HIERARCHICAL, label_columns=columns, subclasses=self.subclasses)
            return labels_reader(*plan_labels(options))
        heads, names = self.heads or {}, self.names
        return labels_reader(
            {
                name: TASKS[task].vocabulary(
                    [heads[name]] if name in heads else columns, names=names.get(name), delimiter=delimiters[name]
                )
                for name, task in self.tasks.items()
            }
        )

    def cells(self, examples: Examples) -> Any:
        """Return the labels of examples as `TextClassifier.fit` takes them."""
        delimiters = self._delimiters
        if self.heads:
            return {head: _split(examples.labels[column], delimiters[head]) for head, column in self.heads.items()}
        columns, delimiter = self.label_columns, delimiters[SINGLE_HEAD]
        if len(columns) == 1:
            return _split(examples.labels[columns[0]], delimiter)
        if delimiter is not None:
            raise ConfigError(
                f"`label_delimiter` goes with one column, whose cells name several labels; got {delimiter!r} with the "
                f"columns {', '.join(columns)}."
            )
        rows = multi_hot_from_columns(examples.labels, columns)
        named = [[column for column, flag in zip(columns, row, strict=True) if flag] for row in rows]
        return _with_places_of(examples.labels[columns[0]], named)

    @property
    def _delimiters(self) -> dict[str, str | None]:
        """Head name -> the delimiter of its cells; None where a cell holds one label."""
        return {head: self.label_delimiter if TASKS[task].rules.several else None for head, task in self.tasks.items()}


def both_texts(examples: Examples) -> Any:
    """Return the texts of examples, of pairs a tuple of texts and second texts."""
    return (examples.texts, examples.text_pairs) if examples.text_pairs else examples.texts


def load_and_read(
    folder: Path, read: Callable[[Reading], Data], open_with: Callable[[Path], Any] = load_classifier, **given: Any
) -> tuple[Any, Reading, Data]:
    """Load a saved classifier, and read data for it: before it, so that wrong data is told at once, where the folder tells how.

    Args:
        read: reads the data as a `Reading` says.
        open_with: loads the classifier, or an export in its place.
        **given: see `Reading.of_classifier`.
    """
    reading = Reading.of_folder(folder, **given)
    data = None if reading is None else read(reading)
    classifier = open_with(folder)
    if reading is None or data is None:
        reading = Reading.of_classifier(classifier, **given)
        data = read(reading)
    return classifier, reading, data


def cached_label_columns(cache: TokenCache) -> list[str]:
    """The label columns of all heads of a cache, each once."""
    return list(dict.fromkeys(column for head in cache.heads.values() for column in head.columns))


def cached_delimiter(cache: TokenCache) -> str | None:
    """The delimiter that splits the label cells of a cache; None where no head has one."""
    return next((head.delimiter for head in cache.heads.values() if head.delimiter), None)


def _split(cells: list[Any], delimiter: str | None) -> list[Any]:
    """Split cells of several labels into lists; without a delimiter, and cells of JSON, they stay as they are."""
    if delimiter is None:
        return cells
    parts = [
        cell_parts(cell, Place(cells, LABELS, 1, position), several=True, delimiter=delimiter)
        if isinstance(cell, str) and cell.strip()[:1] != "{"
        else cell
        for position, cell in enumerate(cells)
    ]
    return _with_places_of(cells, parts)


def _with_places_of(cells: list[Any], others: list[Any]) -> list[Any]:
    """Give other cells the rows of these, for messages."""
    return cells.replaced(others) if isinstance(cells, LabelCells) else others
