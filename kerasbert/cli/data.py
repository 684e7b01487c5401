"""Read the data of a command into memory; with `--on-error skip`, unusable rows are left out and reported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.prepare_tokens import plan_labels
from kerasbert.cli.options import say
from kerasbert.labels.rules import ANY
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading._files import UTF_8
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.examples import Examples
from kerasbert.reading.readers import RowCheck, collect_examples, open_rows
from kerasbert.reading.row_checks import label_check
from kerasbert.saving.trained_classifier import TrainedClassifier


def read_data(
    path: Path | str,
    *,
    text: str = "text",
    text_pair: str | None = None,
    labels: Sequence[str] = (),
    on_error: str | None = None,
    check: RowCheck | None = None,
    encoding: str = UTF_8,
) -> Examples:
    """Read the texts and label cells of a file.

    Args:
        path: of the file.
        text: column of the texts.
        text_pair: column of second texts.
        labels: label columns.
        on_error: the option `--on-error`; None: the command has none.
        check: what else is asked of a row with `--on-error skip`.
        encoding: the option `--encoding`.

    Returns:
        The examples.

    Raises:
        DataError: when the file or a row cannot be used.
        ConfigError: when `on_error` is no policy, or `encoding` cannot be followed.
    """
    bad = BadRows("stop", hint="") if on_error is None else BadRows(on_error)
    rows = open_rows(path, text=text, text_pair=text_pair, labels=list(labels), encoding=encoding)
    asked = check if on_error == "skip" else None
    examples = collect_examples(rows, bad, text=text, text_pair=text_pair, check=asked)
    if bad.count:
        say(f"{path}: {bad.describe()}.")
    return examples


def check_of_task(
    task: str,
    columns: Sequence[str],
    *,
    heads: Mapping[str, tuple[str, str]] | None = None,
    label_names: Sequence[str] | None = None,
    label_delimiter: str | None = None,
    multilabel: bool = False,
) -> RowCheck:
    """A check of the labels of a row, for a classifier to be trained.

    Args:
        task: of the classifier.
        columns: of the labels.
        heads: for several heads: name -> (column, task).
        label_names: the names, where they are given.
        label_delimiter: separator of several labels in one cell.
        multilabel: for a hierarchical one, whether a text may have several classes.

    Returns:
        The check.
    """
    if heads is not None:
        return label_check(*plan_labels(None, heads=heads, label_delimiter=label_delimiter))
    if task == "hierarchical" and multilabel:
        own = LabelVocabulary(ANY, columns[:1], delimiter=label_delimiter)
        return label_check({SINGLE_HEAD: own})
    names = None if task == "hierarchical" else label_names
    delimiter = None if task == "hierarchical" else label_delimiter
    return label_check(*plan_labels(task, labels=list(columns), label_names=names, label_delimiter=delimiter))


def check_of_classifier(classifier: TrainedClassifier, reading: Mapping[str, Any]) -> RowCheck:
    """A check of the labels of a row against those of a trained classifier.

    Args:
        classifier: the classifier.
        reading: how its data is read: `columns`, `label_delimiter` and `heads`.

    Returns:
        The check.
    """
    delimiter, columns = reading.get("label_delimiter"), list(reading["columns"])
    hierarchy = classifier.model.hierarchy
    if hierarchy is not None:
        if not hierarchy.exclusive:
            return check_of_task("hierarchical", columns, label_delimiter=delimiter, multilabel=True)
        return label_check(*plan_labels("hierarchical", labels=columns, subclasses=hierarchy.hierarchy.to_tree()))
    places: Mapping[str, str] = reading.get("heads") or {}
    return label_check(
        {
            name: LabelVocabulary(
                layer.task.rules,
                [places[name]] if name in places else columns,
                names=layer.label_names,
                delimiter=delimiter if layer.task.rules.several else None,
            )
            for name, layer in classifier.model.heads.items()
        }
    )
