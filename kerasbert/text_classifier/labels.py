"""From label cells to label names and the arrays that heads train on."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import DataError
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.counts import label_counts
from kerasbert.labels.encode import read_labels
from kerasbert.labels.hierarchy import Hierarchy, level_names, parse_tree
from kerasbert.labels.kinds import NAMES
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy, read_levels
from kerasbert.text_classifier.settings import Settings


class ClassifierLabels(NamedTuple):
    """The labels of all heads of a classifier.

    Args:
        names: head name -> label names, or the hierarchy.
        arrays: head or level name -> the array that it trains on: float32 (n, 1) for a binary head, int32 (n,) for a
            multi-class one, float32 (n, C) for a multi-label one.
        kinds: head or level name -> how its labels were written, see `label_kind`.
    """

    names: Any
    arrays: dict[str, np.ndarray]
    kinds: dict[str, str]


def read_classifier_labels(settings: Settings, labels: Any, names: Any = None) -> ClassifierLabels:
    """Read what `fit` takes as labels: the names, unless they are known, and the arrays.

    Args:
        settings: of the classifier.
        labels: as for `fit`.
        names: the label names, where they are known, as this function gives them.

    Returns:
        Names, arrays and kinds.

    Raises:
        DataError: when a label cannot be used, or there are too few; the message names its row.
        TypeError: when the labels of a head are no column of labels.
    """
    if settings.task == "hierarchical":
        several = settings.level_task == "multilabel"
        tree = names or (parse_tree(settings.subclasses) if settings.subclasses is not None else None)
        levels = level_names(2) if tree is None else tree.levels
        cells = read_levels(labels, levels, several=several)
        tree = tree or parse_tree(collect_subclasses(*cells.values(), multilabel=several))
        arrays = encode_hierarchy(cells, tree, multilabel=several)
        return ClassifierLabels(tree, arrays, dict.fromkeys(tree.levels, NAMES))
    names = names or _given_names(settings)
    return _read_heads(settings.head_tasks(), labels, names)


def encode_labels(model: Classifier, labels: Any) -> dict[str, np.ndarray]:
    """Labels as the arrays that the heads of a model train on.

    Args:
        model: trained.
        labels: as for `fit`.

    Returns:
        Head or level name -> array, see `ClassifierLabels`.

    Raises:
        DataError: when a label cannot be used; the message names its row.
    """
    if model.hierarchy is not None:
        return encode_hierarchy(labels, model.hierarchy.hierarchy, multilabel=model.hierarchy.multilabel)
    tasks = model.head_tasks
    return _read_heads(tasks, labels, names_of(model)).arrays


def _read_heads(tasks: Mapping[str, str], labels: Any, names: Mapping[str, Any]) -> ClassifierLabels:
    cells = {SINGLE_HEAD: labels} if SINGLE_HEAD in tasks else labels
    if not isinstance(cells, Mapping) or set(cells) != set(tasks):
        raise DataError(f"`labels` must be a dict with the heads {', '.join(tasks)}; got {shorten(cells)}.")
    read = {head: read_labels(task, cells[head], names.get(head)) for head, task in tasks.items()}
    return ClassifierLabels(
        {head: found.names for head, found in read.items()},
        {head: found.array for head, found in read.items()},
        {head: found.kind for head, found in read.items()},
    )


def _given_names(settings: Settings) -> dict[str, Sequence[str]]:
    if settings.label_names is None or settings.task == "multitask":
        return {}
    return {SINGLE_HEAD: tuple(settings.label_names)}


def names_of(model: Classifier) -> Any:
    """The label names that a model was built with, as `ClassifierLabels` holds them."""
    if model.hierarchy is not None:
        return model.hierarchy.hierarchy
    return {head: layer.label_names for head, layer in model.heads.items()}


def names_by_head(names: Any) -> Mapping[str, Sequence[str]]:
    """Head or level -> names, of what `ClassifierLabels` holds."""
    return dict(zip(names.levels, names.names, strict=True)) if isinstance(names, Hierarchy) else names


def check_rows(encoded: Mapping[str, np.ndarray], num_texts: int, split: str = "") -> None:
    """Refuse labels that are not one row a text.

    Raises:
        DataError: when their number differs.
    """
    where = f" of `{split}`" if split else ""
    for array in encoded.values():
        if len(array) != num_texts:
            raise DataError(f"`labels`{where} must have one row for each text; got {len(array)} for {num_texts} texts.")


def checked_validation(validation: Any) -> tuple[list[str], Any, list[str] | None] | None:
    """The `validation` of `fit` as texts, labels and second texts, each of which can be read again.

    Raises:
        TypeError: when it is no tuple of two or three, or its texts are no column of texts.
    """
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise TypeError(
            f"`validation` must be (texts, labels) or (texts, labels, text_pairs); got {shorten(validation)} of type "
            f"{type(validation).__name__}."
        )
    texts, labels, pairs = (*validation, None)[:3]
    pairs = None if pairs is None else check_texts("text_pairs of validation", pairs)
    return check_texts("texts of validation", texts), labels, pairs


def describe_data(train: tuple, held_out: tuple | None, names: Any) -> dict[str, Any]:
    """What the model card tells of the training data: numbers of texts and of each label."""
    ids, encoded = train
    sizes = {head: len(labels) for head, labels in names_by_head(names).items()}
    return {
        "num_texts": len(ids),
        "num_held_out": 0 if held_out is None else len(held_out[0]),
        "num_cut": int(ids.num_truncated),
        "labels": {head: label_counts(array, sizes[head]).tolist() for head, array in encoded.items()},
    }
