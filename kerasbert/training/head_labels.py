"""Check a source of batches and its labels, head by head, before training."""

from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.batches.memory import Batches
from kerasbert.batches.source import BatchSource
from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.level_vocabulary import HIERARCHICAL
from kerasbert.objectives.label_forms import LabelForm


def check_batches(name: str, batches: Any) -> None:
    """Refuse an argument that is no source of labelled batches."""
    if not isinstance(batches, BatchSource):
        raise TypeError(
            f"`{name}` must be labelled batches from kerasbert.data.make_batches(tokens, labels); got {shorten(batches)} of "
            f"type {type(batches).__name__}."
        )
    if batches.labels is None or not batches.num_examples:
        raise DataError(f"`{name}` must hold at least one labelled example; got {batches.num_examples} without labels.")


def check_head_labels(model: Classifier, source: BatchSource, where: str) -> dict[str, Any]:
    """Refuse labels that do not fit the heads of a model.

    Args:
        model: from a builder.
        source: labelled batches.
        where: names the labels in messages.

    Returns:
        Head name -> class ids (n,), rows (n, units) or `LabelCounts`.

    Raises:
        DataError: when a head has no labels, or they do not fit; the message names the row.
        TypeError: when they are no numbers.
    """
    found: dict[str, Any] = {}
    for name, head in model.trained_heads.items():
        place = where if len(model.trained_heads) == 1 or model.votes is not None else f"{where} of the head {name!r}"
        labels = source.labels
        if isinstance(labels, dict):
            if name not in labels:
                raise DataError(
                    f"{where} must have the heads {', '.join(model.trained_heads)}; got {', '.join(labels)}."
                )
            labels = labels[name]
        form = head.task.label_form
        if isinstance(labels, LabelCounts):
            _check_counts(place, labels, form, head.task.name, _cached_task(source, name))
            found[name] = labels
        else:
            labels = np.asarray(labels)
            form.check(place, labels)
            found[name] = form.canonical(labels)
    return found


def sampled_labels(source: BatchSource, labels: dict[str, Any]) -> dict[str, Any]:
    """Return the labels, from `check_head_labels`, of the rows that the first epoch takes."""
    if not isinstance(source, Batches) or source.draws is None:
        return labels
    rows = source.rows(0)
    taken: dict[str, Any] = keras.tree.map_structure(lambda array: array[rows], labels)
    return taken


def _cached_task(source: Any, name: str) -> str | None:
    """Return the task that a token cache holds the labels of; None where it does not say."""
    heads = getattr(getattr(source, "store", None), "heads", {})
    head = heads.get(name) or (next(iter(heads.values())) if len(heads) == 1 else None)
    return None if head is None else head.task


def _check_counts(where: str, counts: LabelCounts, form: LabelForm, task: str, cached: str | None) -> None:
    other = cached is not None and cached not in (task, HIERARCHICAL)
    if other or len(counts.counts) != form.units:
        raise DataError(
            f"{where} must be those of a {task} head of {form.units} labels; the cache holds {len(counts.counts)} of a "
            f"{cached or task} head. Build the model for the labels of the cache, or prepare it again."
        )
