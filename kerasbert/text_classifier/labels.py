"""From label cells to label names and the arrays that heads train on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_labels, check_texts, shorten
from kerasbert._core.errors import DataError
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.data.guards import label_counts
from kerasbert.data.hierarchy import Hierarchy, collect_subclasses, encode_hierarchy, parse_tree
from kerasbert.data.label_kinds import INTEGERS, NAMES, label_kind
from kerasbert.data.labels import ENCODE_LABELS, collect_label_names
from kerasbert.text_classifier.settings import SEVERAL_HEADS, Settings


def encode_labels(
    tasks: Mapping[str, str], names: Mapping[str, Sequence[str]], cells: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Label cells of every head as the arrays that its task trains on.

    Args:
        tasks: head name -> task.
        names: head name -> label names.
        cells: head name -> n label cells.

    Returns:
        Head name -> float32 (n, 1) for a binary head, int32 (n,) for a multi-class one, float32 (n, C) for a multi-label
        one.

    Raises:
        DataError: when a label cannot be used; the message names its row.
    """
    return {head: ENCODE_LABELS[task](cells[head], names[head]) for head, task in tasks.items()}


def encode_cells(settings: Settings, names: Any, cells: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """As `encode_labels`, for the heads or levels of a classifier."""
    if isinstance(names, Hierarchy):
        return encode_hierarchy(cells, names, multilabel=settings.multilabel)
    return encode_labels(settings.head_tasks(), names, cells)


def cells_by_head(settings: Settings, labels: Any) -> Any:
    """What `fit` takes as labels, by head or level."""
    if settings.task not in SEVERAL_HEADS:
        return {SINGLE_HEAD: check_labels("labels", labels)}
    if not isinstance(labels, Mapping):
        return labels
    return {head: check_labels(f"labels[{head!r}]", cells) for head, cells in labels.items()}


def collect_names(settings: Settings, cells: Any) -> Any:
    """The label names, given or found in the cells: head name -> names, or the hierarchy.

    Raises:
        DataError: when the cells are not those of the task's heads, or of one label only.
    """
    if settings.task == "hierarchical":
        return _collect_tree(settings, cells)
    if not isinstance(cells, Mapping) or set(cells) != set(settings.head_tasks()):
        raise DataError(
            f"`labels` must be a dict with the heads {', '.join(settings.head_tasks())}; got {shorten(cells)}."
        )
    if settings.label_names is not None and settings.task != "multitask":
        return {SINGLE_HEAD: tuple(settings.label_names)}
    return {head: _enough(task, collect_label_names(cells[head])) for head, task in settings.head_tasks().items()}


def _collect_tree(settings: Settings, cells: Any) -> Hierarchy:
    if settings.subclasses is not None:
        return parse_tree(settings.subclasses)
    if not isinstance(cells, Mapping) or set(cells) != {"class", "subclass"}:
        raise DataError(
            f"`labels` must be a dict with the levels class, subclass (give `subclasses` for more levels); got "
            f"{shorten(cells)}."
        )
    return parse_tree(collect_subclasses(cells["class"], cells["subclass"], multilabel=settings.multilabel))


def _enough(task: str, names: Sequence[str]) -> tuple[str, ...]:
    if len(names) < 2 and task != "multilabel":
        raise DataError(
            f"`labels` must hold at least two different labels; got {shorten(list(names))}. Give texts of another label, "
            f"or name both with label_names."
        )
    return tuple(names)


def names_of(model: Classifier) -> Any:
    """The label names that a model was built with, as `collect_names` gives them."""
    if model.hierarchy is not None:
        return model.hierarchy.hierarchy
    return {head: layer.label_names for head, layer in model.heads.items()}


def kind_of(settings: Settings, cells: Any) -> str:
    """What the labels were given as, so that predictions come in the same form; see `label_kind`."""
    kind = label_kind(cells)
    # Integers with names given apart are positions in them, and what goes out are the names.
    return NAMES if kind == INTEGERS and (settings.label_names is not None or settings.task == "hierarchical") else kind


def names_by_head(names: Any) -> Mapping[str, Sequence[str]]:
    """Head or level -> names, of what `collect_names` gives."""
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
