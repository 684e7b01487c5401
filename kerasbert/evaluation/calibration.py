"""Calibration of a head: its probabilities against observed frequencies."""

from typing import Any

import numpy as np

from kerasbert.evaluation.outcomes import Outcome
from kerasbert.uncertainty.reliability import reliability


def calibration_of(outcome: Outcome, *, bins: int = 10) -> dict[str, Any]:
    """Measure the calibration of a head, see `reliability`.

    Probabilities are those of the predicted class, of the positive label, or of all labels and texts together.
    """
    if outcome.task.uses_thresholds:
        return reliability(outcome.y_true.reshape(-1), outcome.probabilities.reshape(-1), bins=bins)
    confidence = np.take_along_axis(outcome.probabilities, outcome.y_pred.reshape(-1, 1).astype(np.int64), axis=1)
    return reliability(outcome.y_pred == outcome.y_true, confidence.reshape(-1), bins=bins)
