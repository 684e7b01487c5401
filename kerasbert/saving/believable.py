"""Calibrate a classifier, and fit its prediction sets, on texts that it was not trained on."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import texts_in_sketch
from kerasbert.saving.parts import ClassifierParts
from kerasbert.tasks.outputs import ByHead
from kerasbert.uncertainty.calibration import (
    Calibration,
    calibrated,
    check_calibration,
    cross_fitted,
    fit_calibration,
    moved_thresholds,
)
from kerasbert.uncertainty.fitted import with_part
from kerasbert.uncertainty.folding import check_foldable, fold_scalings, has_summed_levels, undo_calibration

Parts = TypeVar("Parts", bound=ClassifierParts)


def calibrate_in_place(
    trained: Parts,
    y_true: ByHead,
    probabilities: ByHead,
    *,
    always: bool,
    text_sketch: Mapping[str, Any] | None = None,
) -> Parts:
    """Calibrate the model of a classifier in place; return the classifier with moved thresholds and its `Calibration`.

    Args:
        trained: not layerwise; an earlier calibration is undone, and what was fitted on its probabilities is dropped.
        y_true: head or level -> encoded labels.
        probabilities: of the same texts, as the model gives them now.
        always: see `fit_calibration`.
        text_sketch: of the texts; None where it is not known.

    Raises:
        ConfigError: when the classifier is layerwise.
        DataError: when the texts are too few or say too little.
    """
    check_foldable(trained.model)
    outputs, summed = trained.outputs, has_summed_levels(trained.model)
    earlier = Calibration.of(trained.uncertainty)
    undoing = {} if earlier is None else earlier.undoing
    before = calibrated(outputs, probabilities, undoing, summed=summed)
    fitted = fit_calibration(outputs, y_true, before, summed=summed, always=always)
    found = dataclasses.replace(fitted, text_sketch=dict(text_sketch or {}))
    thresholds = moved_thresholds(outputs, moved_thresholds(outputs, trained.thresholds, undoing), found.scalings)
    if outputs.hierarchy is not None and (undoing or found.scalings):
        thresholds = outputs.tune_thresholds(y_true, calibrated(outputs, before, found.scalings, summed=summed))
    undo_calibration(trained.model, trained.uncertainty)
    fold_scalings(trained.model, found.scalings)
    kept = {name: part for name, part in trained.uncertainty.items() if not part.reads_probabilities}
    return dataclasses.replace(trained, thresholds=thresholds, uncertainty=with_part(kept, found))


def probabilities_for_sets(trained: ClassifierParts, keys: np.ndarray, y_true: ByHead, probabilities: ByHead) -> ByHead:
    """Return the probabilities to fit prediction sets on: of texts that calibrated the classifier, cross-fitted ones.

    A scaling suits its own texts a little too well, so that sets would cover less than they promise.

    Args:
        keys: of the texts, see `text_keys`.
        y_true: head or level -> encoded labels.
        probabilities: as the model gives them.
    """
    calibration, outputs = Calibration.of(trained.uncertainty), trained.outputs
    if calibration is None or not texts_in_sketch(calibration.text_sketch, keys).trained_on:
        return probabilities
    summed = has_summed_levels(trained.model)
    try:
        check_calibration(outputs, y_true, summed=summed)
    except DataError:  # too few of them to scale by the others
        return probabilities
    before = calibrated(outputs, probabilities, calibration.undoing, summed=summed)
    return cross_fitted(outputs, y_true, before, calibration.scalings, summed=summed)


def check_not_trained_on(trained: ClassifierParts, texts: Sequence[str], text_pairs: Sequence[str] | None) -> None:
    """Refuse texts many of which the classifier was trained on, as far as that is known: of these it is far too sure.

    Raises:
        DataError: with how many of a sample of the texts were.
    """
    found = texts_in_sketch(trained.data.get("text_sketch") or {}, text_keys(texts, text_pairs))
    if found.trained_on:
        raise DataError(
            f"`texts` must not be those that the classifier was trained on, of which it is far too sure; {found.known:,} of "
            f"{found.tested:,} that can be told are. Give texts that were held out of the training."
        )
