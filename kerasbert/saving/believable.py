"""Calibrate a classifier, and fit its prediction sets, on texts that it was not trained on."""

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

from kerasbert._core.errors import DataError
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import texts_in_sketch
from kerasbert.saving.parts import ClassifierParts
from kerasbert.tasks.outputs import ByHead
from kerasbert.uncertainty.calibration import Calibration, calibrated, fit_calibration, moved_thresholds
from kerasbert.uncertainty.fitted import with_part
from kerasbert.uncertainty.folding import check_foldable, fold_scalings, has_summed_levels, undo_calibration

Parts = TypeVar("Parts", bound=ClassifierParts)


def calibrate_in_place(trained: Parts, y_true: ByHead, probabilities: ByHead, *, always: bool) -> Parts:
    """Calibrate the model of a classifier in place; return the classifier with moved thresholds and its `Calibration`.

    Args:
        trained: not layerwise; an earlier calibration is undone, and what was fitted on its probabilities is dropped.
        y_true: head or level -> encoded labels.
        probabilities: of the same texts, as the model gives them now.
        always: see `fit_calibration`.

    Raises:
        ConfigError: when the classifier is layerwise.
        DataError: when the texts are too few or say too little.
    """
    check_foldable(trained.model)
    outputs, summed = trained.outputs, has_summed_levels(trained.model)
    earlier = Calibration.of(trained.uncertainty)
    undoing = {} if earlier is None else earlier.undoing
    before = calibrated(outputs, probabilities, undoing, summed=summed)
    found = fit_calibration(outputs, y_true, before, summed=summed, always=always)
    thresholds = moved_thresholds(outputs, moved_thresholds(outputs, trained.thresholds, undoing), found.scalings)
    if outputs.hierarchy is not None and (undoing or found.scalings):
        thresholds = outputs.tune_thresholds(y_true, calibrated(outputs, before, found.scalings, summed=summed))
    undo_calibration(trained.model, trained.uncertainty)
    fold_scalings(trained.model, found.scalings)
    kept = {name: part for name, part in trained.uncertainty.items() if not part.reads_probabilities}
    return dataclasses.replace(trained, thresholds=thresholds, uncertainty=with_part(kept, found))


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
