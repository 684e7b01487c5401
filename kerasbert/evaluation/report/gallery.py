"""The pictures of a head, with titles, sentences, captions and alternative texts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.ranking import Curve, curves_to_show
from kerasbert.evaluation.report.pictures import draw_curves, draw_matrix, draw_reliability, draw_risk

# A difference of mean probability and frequency below this is none to speak of.
CALIBRATED = 0.02
# The share of answers at which the risk is told beside that of all.
HALF = 0.5


class Picture(NamedTuple):
    """A figure of a report with its words.

    Args:
        name: of its file, without suffix.
        figure: of matplotlib.
        title: a heading.
        sentence: what it says here.
        caption: how to read it.
        alt: its content, for those who cannot see it.
        links: address of a link in it -> what it leads to.
    """

    name: str
    figure: Any
    title: str
    sentence: str
    caption: str
    alt: str
    links: Mapping[str, str] = {}


def cell_address(place: int, true: int, predicted: int) -> str:
    """Name the texts of a cell of the confusion matrix of the head at a place, as an id of the page."""
    return f"texts-{place}-{true}-{predicted}"


def pictures_of_head(outcome: Outcome, findings: Mapping[str, Any], prefix: str = "", place: int = 1) -> list[Picture]:
    """Draw one head: matrix (unless it has too many labels), precision-recall curves, reliability diagram and risk by coverage.

    Args:
        outcome: of the head.
        findings: what `evaluate_head` gives for it.
        prefix: of the names of the files.
        place: of the head on the page, from 1, for the links of the matrix.
    """
    pictures = []
    if findings["confusion"] is not None:
        pictures.append(_matrix(outcome, findings, prefix, place))
    per_label = findings["scores"]["per_label"]
    curves = curves_to_show(outcome, {name: values["average_precision"] for name, values in per_label.items()})
    if curves:
        pictures.append(_curves(curves, prefix))
    reliability = _reliability(findings["calibration"], prefix, findings.get("uncalibrated"))
    return [*pictures, reliability, _risk(findings["risk_coverage"], prefix)]


def _curves(curves: Sequence[Curve], prefix: str) -> Picture:
    return Picture(
        f"{prefix}precision_recall",
        draw_curves(curves),
        "Precision and recall",
        _sentence_of_curves(curves),
        "Each curve goes through all thresholds; its dot is the classifier's own predictions. The number is the average "
        "precision. Grey lines join points of equal F1.",
        "Precision-recall curves. Average precision: "
        + ", ".join(f"{curve.name} {curve.average_precision:.3f}" for curve in curves),
    )


def _sentence_of_curves(curves: Sequence[Curve]) -> str:
    # The curve of all labels comes first where only some labels have one.
    labels = curves[1:] if len(curves) > 1 and curves[0].is_micro else curves
    if len(labels) == 1:
        (curve,) = labels
        if curve.operating_point is None:
            return f"{curve.name} is never predicted."
        recall, precision = curve.operating_point
        return f"{recall:.0%} of the texts with {curve.name} are found, and {precision:.0%} of what is found is right."
    ranked = sorted(labels, key=lambda curve: -curve.average_precision)
    best, worst = ranked[0], ranked[-1]
    return (
        f"{best.name} is told best from the rest ({best.average_precision:.3f}), {worst.name} worst "
        f"({worst.average_precision:.3f})."
    )


def _reliability(calibration: Mapping[str, Any], prefix: str, before: Mapping[str, Any] | None = None) -> Picture:
    error = calibration["expected_calibration_error"]
    was = "" if before is None else f", {before['expected_calibration_error']:.3f} before it was calibrated (crosses)"
    return Picture(
        f"{prefix}reliability",
        draw_reliability(calibration, before),
        "Can the probabilities be believed?",
        _sentence_of_calibration(calibration),
        f"On the dashed line they can: of texts given 80\u00a0%, 80\u00a0% are right. Expected calibration error {error:.3f}{was}. The "
        "larger a point, the more predictions it stands for, as counted below; hollow ones stand for fewer than ten. The "
        "lines are 95\u00a0% confidence intervals.",
        f"Reliability diagram. Expected calibration error {error:.3f}{was} over {sum(calibration['count'])} predictions.",
    )


def _sentence_of_calibration(calibration: Mapping[str, Any]) -> str:
    said, true = (np.average(calibration[name], weights=calibration["count"]) for name in ("predicted", "observed"))
    if abs(said - true) < CALIBRATED:
        return f"On average they can: it says {said:.0%}, and {true:.0%} came true."
    verdict = "more sure than right" if said > true else "more often right than sure"
    return f"It is {verdict}: on average it says {said:.0%}, and {true:.0%} came true."


def _risk(measured: Mapping[str, Any], prefix: str) -> Picture:
    low, high = measured["interval"]
    coverage, risk = np.array(measured["coverage"]), np.array(measured["risk"])
    half = int(np.argmax(coverage >= HALF))
    return Picture(
        f"{prefix}risk_coverage",
        draw_risk(measured),
        "Does it know when it does not know?",
        f"Answering everything, {risk[-1]:.1%} are wrong; of the surer {coverage[half]:.0%}, {risk[half]:.1%}.",
        f"The share of errors where only the surest predictions are answered and the rest is left to a person; the dashed line "
        f"is that of all. The area below the curve is {measured['aurc']:.4f} (95\u00a0% interval {low:.4f} to {high:.4f}), of "
        f"which {measured['excess_aurc']:.4f} would be gone if every error were less sure than every right answer.",
        f"Risk-coverage curve. Area {measured['aurc']:.4f}; {risk[-1]:.1%} errors where all is answered, {risk[half]:.1%} at "
        f"{coverage[half]:.0%}.",
    )


def _matrix(outcome: Outcome, findings: Mapping[str, Any], prefix: str, place: int) -> Picture:
    names, counts = findings["confusion"]["names"], np.array(findings["confusion"]["counts"])
    several = not outcome.task.exclusive
    support = outcome.true_flags.sum(axis=0)
    if several:
        support = np.append(support, (~outcome.true_flags.any(axis=1)).sum())
    share = np.trace(counts) / max(counts.sum(), 1)
    caption = "Rows are what texts are, columns what they were given; the stronger the colour, the larger the share of the row."
    if several:
        caption += " A text counts once for each pair of a label it has and a label it was given."
    cells = findings["confusion"]["texts"]
    links = {
        (cell["true"], cell["predicted"]): f"#{cell_address(place, cell['true'], cell['predicted'])}" for cell in cells
    }
    caption += " A cell off the diagonal leads to its texts." if links else ""
    kind = "co-occurrence" if several else "confusion"
    return Picture(
        f"{prefix}{kind.replace('-', '_')}",
        draw_matrix(names, counts, support, links=links),
        "True labels and predicted ones" if several else "What was taken for what",
        _sentence_of_matrix(names, support, cells),
        caption,
        f"{kind.capitalize()} matrix of {len(names)} rows and columns; {share:.0%} of the counts lie on the diagonal.",
        {
            links[
                cell["true"], cell["predicted"]
            ]: f"{names[cell['true']]} \N{RIGHTWARDS ARROW} {names[cell['predicted']]}: {cell['count']}"
            for cell in cells
        },
    )


def _sentence_of_matrix(names: Sequence[str], support: np.ndarray, cells: Sequence[Mapping[str, Any]]) -> str:
    if not cells:
        return "No label was taken for another."
    most = cells[0]
    true, predicted = names[most["true"]], names[most["predicted"]]
    return f"The commonest mistake: {most['count']} of {support[most['true']]} texts with {true} were wrongly given {predicted}."
