"""How the labels of a row are read, head by head."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.level_vocabulary import HIERARCHICAL, LevelTree
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading.readers import ReadLabels
from kerasbert.tasks.table import task_class

LEVEL_COLUMNS = ("label", "sublabel")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """What the labels of files are, and where they stand.

    Args:
        task: as of `TextClassifier`, but `multitask`; of a hierarchical one with one class and subclass a text; None: with
            `heads`.
        heads: head name -> (label column, task), for a classifier with several heads.
        label_columns: label column; None: `"labels"` for a multi-label task, else `"label"`. Or several columns of 0 and 1;
            for a hierarchical task the columns of the levels, None: `["label", "sublabel"]`.
        label_names: labels in the order wanted, (negative, positive) for a binary task; others are refused. None collects
            and sorts them.
        label_delimiter: separator of several names in one cell.
        subclasses: for a hierarchical task class -> its subclasses, see `build_hierarchical`; None collects them.
    """

    task: str | None = None
    heads: Mapping[str, tuple[str, str]] | None = None
    label_columns: str | Sequence[str] | None = None
    label_names: Sequence[str] | None = None
    label_delimiter: str | None = None
    subclasses: Mapping[str, Any] | None = None


def plan_labels(options: LabelOptions) -> tuple[dict[str, LabelVocabulary], LevelTree | None]:
    """Plan how the labels of a row are read: head or level name -> its vocabulary, and the tree of the levels."""
    task, heads, label_delimiter = options.task, options.heads, options.label_delimiter
    if (task is None) == (heads is None):
        raise ConfigError("One of `task` and `heads` must be given.")
    if options.subclasses is not None and task != HIERARCHICAL:
        raise ConfigError(f"`subclasses` goes with task {HIERARCHICAL!r}; got task {task!r}.")
    if heads is not None:
        if options.label_names is not None or options.label_columns is not None:
            raise ConfigError("`label_columns` and `label_names` must be None with `heads`, which name the columns.")
        several = {name: task_class(own).rules.several for name, (_, own) in heads.items()}
        if label_delimiter is not None and not any(several.values()):
            raise ConfigError(
                f"`label_delimiter` goes with a multi-label head, whose cells name several labels; got {label_delimiter!r} with "
                f"{dict(heads)}."
            )
        return {
            name: LabelVocabulary(task_class(own).rules, [column], delimiter=label_delimiter if several[name] else None)
            for name, (column, own) in heads.items()
        }, None
    named = default_label_columns(str(task)) if options.label_columns is None else options.label_columns
    columns = [named] if isinstance(named, str) else list(named)
    if task == HIERARCHICAL:
        if options.label_names is not None or label_delimiter is not None:
            raise ConfigError(
                "`label_names` and `label_delimiter` must be None for a hierarchical task; give `subclasses`."
            )
        tree = LevelTree(columns, options.subclasses)
        return dict(tree.levels), tree
    rules = task_class(task).rules
    return {SINGLE_HEAD: LabelVocabulary(rules, columns, names=options.label_names, delimiter=label_delimiter)}, None


def labels_reader(heads: Mapping[str, LabelVocabulary], tree: LevelTree | None = None) -> ReadLabels:
    """The function of the cells of a row, its place and its source to head or level name -> numbers of its labels."""

    def read(cells: Mapping[str, Any], place: str, source: str) -> dict[str, list[int]]:
        numbers = {name: head.numbers(cells, place, source) for name, head in heads.items()}
        return numbers if tree is None else tree.settle(numbers, place)

    return read


def default_label_columns(task: str) -> tuple[str, ...]:
    """Return the label columns of a task with one head or levels, where none are named."""
    if task == HIERARCHICAL:
        return LEVEL_COLUMNS
    return (task_class(task).rules.usual_column,)
