"""Measure what a smaller model loses against the classifier that it was made from."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.export.comparison import differences, settle_losses
from kerasbert.saving.trained_classifier import TrainedClassifier


class Tolerance(NamedTuple):
    """The most that an export may differ by.

    Args:
        difference: of a probability.
        mean_difference: of the probabilities.
        points: of accuracy or micro-F1 that may be lost, in hundredths.
    """

    difference: float
    mean_difference: float
    points: float


TOLERANCES = {
    "none": Tolerance(1e-5, 1e-5, 0.0),
    "float16": Tolerance(2e-2, 1e-3, 0.1),
    "dynamic": Tolerance(1.0, 1e-2, 0.5),
    "int8": Tolerance(1.0, 2e-2, 1.0),
}
# Points; two scores are each rounded to float64.
ROUNDING = 1e-9


def compare(
    classifier: TrainedClassifier, expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray], labels: Any = None
) -> dict[str, Any]:
    """Compare probabilities that another program computed with a classifier's own, head name -> float32 (n, units).

    Args:
        labels: of the texts, as for `fit`; None measures no accuracy.

    Returns:
        What `differences` gives; `mean_difference` of the probabilities; with labels `scores`: head name -> `classifier`
        and `exported`, each with `accuracy`, `micro_f1` and `macro_f1`, `lost_points` of the score that the task is judged
        by, and `texts`, those whose label is known.
    """
    mean = max(float(np.abs(got[head] - values).mean()) for head, values in expected.items())
    report: dict[str, Any] = {**differences(classifier, expected, got), "mean_difference": mean}
    if labels is not None:
        own, exported = (classifier.evaluate_probabilities(one, labels) for one in (expected, got))
        report["scores"] = {head: _scores_of(classifier, head, own, exported) for head in expected}
    return report


def check_loss(report: dict[str, Any], *, allow_loss: bool = False) -> None:
    """Refuse an export that lost more than its quantisation may; one text at least may be lost, however few there are.

    Args:
        report: with `quantize`, and what `compare` gives.
        allow_loss: see `settle_losses`.

    Raises:
        ArtifactError: saying what was lost.
    """
    quantize = report["quantize"]
    tolerance = TOLERANCES[quantize]
    limits = {"largest_difference": tolerance.difference, "mean_difference": tolerance.mean_difference}
    losses = [
        f"The exported model ({quantize}) differs from the classifier: {name.replace('_', ' ')} of a probability "
        f"{report[name]:.3g}, more than {limit:g}"
        for name, limit in limits.items()
        if not report[name] <= limit
    ]
    losses += [
        f"The exported model ({quantize}) is worse than the classifier: {scores['lost_points']:.2f} points of "
        f"{scores['measure']} of {head!r}, more than {_most_points(tolerance, scores['texts']):.2f}"
        for head, scores in report.get("scores", {}).items()
        if _is_loss(scores, report["different_decisions"], tolerance)
    ]
    is_number = not any(math.isnan(report[name]) for name in limits)
    settle_losses(report, losses, allow_loss=allow_loss and is_number, way_out=_way_out(quantize))


def _is_loss(scores: Mapping[str, Any], different_decisions: int, tolerance: Tolerance) -> bool:
    # A text with many labels is more than its share of micro-F1.
    is_one_text = scores["measure"] == "micro_f1" and different_decisions <= 1
    return scores["lost_points"] > _most_points(tolerance, scores["texts"]) and not is_one_text


def _most_points(tolerance: Tolerance, texts: int) -> float:
    """Return the points that may be lost: those of one text where texts are few, with room for rounding."""
    return max(tolerance.points, 100 / max(texts, 1)) + ROUNDING


def _way_out(quantize: str) -> str:
    if quantize == "none":
        return "please report it"
    return f"use another quantisation than {quantize!r}, such as {'dynamic' if quantize == 'int8' else 'none'!r}"


def _scores_of(
    classifier: TrainedClassifier, head: str, own: Mapping[str, Any], exported: Mapping[str, Any]
) -> dict[str, Any]:
    measure = "accuracy" if classifier.model.heads[head].task.exclusive else "micro_f1"
    found = {
        name: _summary(scores if head == SINGLE_HEAD else scores[head])
        for name, scores in (("classifier", own), ("exported", exported))
    }
    lost = found["classifier"][measure] - found["exported"][measure]
    texts = (own if head == SINGLE_HEAD else own[head])["num_examples"]
    return {"measure": measure, "lost_points": 100 * lost, "texts": texts, **found}


def _summary(scores: Mapping[str, Any]) -> dict[str, float]:
    """Summarize the scores of one head; 0 where no text has a known label."""
    values = {"accuracy": scores["accuracy"], "micro_f1": scores["micro"]["f1"], "macro_f1": scores["macro"]["f1"]}
    return {name: value or 0.0 for name, value in values.items()}
