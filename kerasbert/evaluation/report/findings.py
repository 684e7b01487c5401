"""The findings of a report on one head, as plain data for `metrics.json` and the page."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from kerasbert.evaluation.calibration import calibration_of
from kerasbert.evaluation.confusions import (
    confused_pairs,
    confusion_matrix,
    confusions_with_texts,
    surest_mistakes,
)
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.tasks.task import Task
from kerasbert.uncertainty.risk_coverage import risk_coverage

# A larger matrix is left out; `confused_pairs` has its largest cells.
MAX_MATRIX = 200


class Number(NamedTuple):
    """A headline number in [0, 1], None where undefined; `key` is that of its interval, such as `"macro_f1"`."""

    key: str
    title: str
    value: float | None
    meaning: str


def evaluate_head(outcome: Outcome) -> dict[str, Any]:
    """Evaluate one head of at least one text: scores, calibration, risk by coverage, confusions and mistakes, as plain data."""
    confusion = None
    if len(outcome.label_names) <= MAX_MATRIX:
        names, counts = confusion_matrix(outcome)
        cells = [dataclasses.asdict(cell) for cell in confusions_with_texts(outcome)]
        confusion = {"names": names, "counts": counts.tolist(), "texts": cells}
    return {
        "task": outcome.task.name,
        "label_names": list(outcome.label_names),
        "num_examples": len(outcome),
        "scores": outcome.score(),
        "thresholds": dict(zip(outcome.label_names, outcome.label_thresholds, strict=True)),
        "calibration": calibration_of(outcome),
        "risk_coverage": risk_coverage(outcome.confidence(), outcome.task.correct(outcome.y_true, outcome.y_pred)),
        "confusion": confusion,
        "confused_pairs": confused_pairs(outcome),
        "surest_mistakes": surest_mistakes(outcome),
    }


def headline(task: Task, scores: Mapping[str, Any]) -> list[Number]:
    """Return the main numbers of a head, from `Task.score`."""
    return [Number(one.key, one.heading, one.of(scores), one.meaning) for one in task.headline]


def other_numbers(findings: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the other numbers of a head that are defined; per-label ones as means over the labels."""
    scores, macro = findings["scores"], findings["scores"]["macro"]
    named = [
        ("ROC AUC", scores.get("roc_auc", macro["roc_auc"])),
        ("Matthews correlation", scores.get("matthews_correlation", macro.get("matthews_correlation"))),
        ("Cohen’s kappa", scores.get("cohen_kappa", macro.get("cohen_kappa"))),
        ("Hamming loss", scores["hamming_loss"]),
        ("Log loss", scores["log_loss"]),
        ("Expected calibration error", findings["calibration"]["expected_calibration_error"]),
        ("Area under the risk-coverage curve", findings["risk_coverage"]["aurc"]),
    ]
    for coverage, measured in scores.get("sets", {}).items():
        named += [
            (f"Coverage of sets for {float(coverage):.0%}", measured["coverage"]),
            (f"Mean size of sets for {float(coverage):.0%}", measured["size"]),
        ]
    return [(title, value) for title, value in named if value is not None]


def headline_of_levels(scores: Mapping[str, Any]) -> list[Number]:
    """Return the main numbers of all levels of a hierarchy together, from `score_hierarchy`."""
    meaning = "labels of all levels together"
    return [
        Number("accuracy", "Accuracy", scores["accuracy"], "share of texts right at every level"),
        Number("hierarchical_f1", "Hierarchical F1", scores["hierarchical_f1"], meaning),
        Number("hierarchical_precision", "Hierarchical precision", scores["hierarchical_precision"], meaning),
        Number("hierarchical_recall", "Hierarchical recall", scores["hierarchical_recall"], meaning),
    ]


def rows_of_labels(findings: Mapping[str, Any], *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the table of labels: in their order or, of more than a dozen, the `limit` worst by F1."""
    rows = [
        {"name": name, **values, "threshold": findings["thresholds"][name]}
        for name, values in findings["scores"]["per_label"].items()
    ]
    # Labels without a test text, whose F1 says nothing, come last.
    return rows if len(rows) <= 12 else sorted(rows, key=lambda row: (row["support"] == 0, row["f1"]))[:limit]
