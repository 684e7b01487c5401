"""The pictures of a report, with titles, captions and alternative texts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.names import RATE_KEY
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.ranking import curves_to_show
from kerasbert.evaluation.report.pictures import draw_curves, draw_history, draw_matrix, draw_reliability


class Picture(NamedTuple):
    """A figure, the name of its file without suffix, a heading, how to read it, and an alternative text."""

    name: str
    figure: Any
    title: str
    caption: str
    alt: str


def pictures_of_history(history: Mapping[str, Sequence[float]], heads: Sequence[str] = ()) -> list[Picture]:
    """Draw learning curves: the loss, the scores of each head, and the learning rate; none without a history."""
    names = [name for name in history if not name.startswith("val_") and name != RATE_KEY]
    scores = [name for name in names if not name.endswith("loss")]
    groups = [("Loss", "loss", [name for name in names if name == "loss"])]
    if not heads:
        groups.append(("Scores while training", "scores", scores))
    for head in heads:
        own = [name for name in scores if name.startswith(f"{head}_")]
        groups.append((f"Scores of {head}", f"scores_{head}", own))
    rate = [_picture_of_rate(history)] if RATE_KEY in history else []
    pictures = [
        Picture(
            f"history_{key}",
            draw_history(history, group),
            title,
            "By epoch; dashed on training data, solid on validation data.",
            f"Learning curve. {_last_values(history, group)}",
        )
        for title, key, group in groups
        if group
    ]
    return pictures + rate


def _picture_of_rate(history: Mapping[str, Sequence[float]]) -> Picture:
    rates = history[RATE_KEY]
    return Picture(
        f"history_{RATE_KEY}",
        draw_history(history, [RATE_KEY]),
        "Learning rate",
        "Of the encoder, at the end of each epoch.",
        f"Learning rate at the end of each of {len(rates)} epochs, from {rates[0]:.3g} to {rates[-1]:.3g}",
    )


def pictures_of_head(outcome: Outcome, findings: Mapping[str, Any], prefix: str = "") -> list[Picture]:
    """Draw one head: matrix (unless it has too many labels), precision-recall curves and reliability diagram."""
    pictures = []
    if findings["confusion"] is not None:
        pictures.append(_matrix(outcome, findings, prefix))
    per_label = findings["scores"]["per_label"]
    curves = curves_to_show(outcome, {name: values["average_precision"] for name, values in per_label.items()})
    if curves:
        pictures.append(
            Picture(
                f"{prefix}precision_recall",
                draw_curves(curves),
                "Precision and recall",
                "Each curve goes through all thresholds; its dot is the classifier's own predictions. The number is the average "
                "precision. Grey lines join points of equal F1.",
                "Precision-recall curves. Average precision: "
                + ", ".join(f"{curve.name} {curve.average_precision:.3f}" for curve in curves),
            )
        )
    calibration = findings["calibration"]
    error = calibration["expected_calibration_error"]
    pictures.append(
        Picture(
            f"{prefix}reliability",
            draw_reliability(calibration),
            "Can the probabilities be believed?",
            f"On the dashed line they can: of texts given 80\u00a0%, 80\u00a0% are right. Expected calibration error {error:.3f}. The "
            "larger a point, the more predictions it stands for, as counted below; hollow ones stand for fewer than ten. The "
            "lines are 95\u00a0% confidence intervals.",
            f"Reliability diagram. Expected calibration error {error:.3f} over {sum(calibration['count'])} predictions.",
        )
    )
    return pictures


def _matrix(outcome: Outcome, findings: Mapping[str, Any], prefix: str) -> Picture:
    names, counts = findings["confusion"]["names"], np.array(findings["confusion"]["counts"])
    several = not outcome.task.exclusive
    support = outcome.true_flags.sum(axis=0)
    if several:
        support = np.append(support, (~outcome.true_flags.any(axis=1)).sum())
    share = np.trace(counts) / max(counts.sum(), 1)
    caption = "Rows are what texts are, columns what they were given; the stronger the colour, the larger the share of the row."
    if several:
        caption += " A text counts once for each pair of a label it has and a label it was given."
    kind = "co-occurrence" if several else "confusion"
    return Picture(
        f"{prefix}{kind.replace('-', '_')}",
        draw_matrix(names, counts, support),
        "True labels and predicted ones" if several else "What was taken for what",
        caption,
        f"{kind.capitalize()} matrix of {len(names)} rows and columns; {share:.0%} of the counts lie on the diagonal.",
    )


def _last_values(history: Mapping[str, Sequence[float]], names: Sequence[str]) -> str:
    keys = [key for name in names for key in (name, f"val_{name}") if len(history.get(key, ()))]
    return "After the last epoch: " + ", ".join(f"{key} {history[key][-1]:.3f}" for key in keys)
