import json

import pytest
from sklearn.metrics import (
    average_precision_score,
    cohen_kappa_score,
    f1_score,
    hamming_loss,
    matthews_corrcoef,
    roc_auc_score,
)

from kerasbert.evaluation.comparison import compare_with_baseline
from kerasbert.evaluation.report.findings import (
    evaluate_head,
    headline,
    other_numbers,
    rows_of_labels,
)


def test_headline_equals_scikit_learn(outcome):
    numbers = {number.key: number.value for number in headline(outcome.task, outcome.score())}
    flat = (outcome.y_true, outcome.y_pred)
    if outcome.task.name == "binary":
        assert numbers["f1"] == f1_score(*flat)
        assert numbers["average_precision"] == average_precision_score(outcome.y_true, outcome.probabilities)
    else:
        assert numbers["macro_f1"] == pytest.approx(f1_score(*flat, labels=range(4), average="macro", zero_division=0))


def test_other_numbers_are_those_of_the_scores(outcome):
    numbers = dict(other_numbers(evaluate_head(outcome)))
    flat = (outcome.y_true.reshape(-1), outcome.y_pred.reshape(-1))
    if outcome.task.name != "multilabel":
        assert numbers["Matthews correlation"] == pytest.approx(matthews_corrcoef(*flat))
        assert numbers["Cohen’s kappa"] == pytest.approx(cohen_kappa_score(*flat))
    assert numbers["Hamming loss"] == pytest.approx(hamming_loss(outcome.y_true, outcome.y_pred))
    known = outcome.true_flags.any(axis=0)
    assert numbers["ROC AUC"] == pytest.approx(
        roc_auc_score(outcome.true_flags[:, known], outcome.label_probabilities[:, known])
    )


def test_rows_hold_threshold_and_average_precision(outcome):
    rows = rows_of_labels(evaluate_head(outcome))
    assert [row["name"] for row in rows] == list(outcome.label_names)
    assert [row["threshold"] for row in rows] == outcome.label_thresholds
    assert rows[-1]["average_precision"] is None or outcome.task.name == "binary"


def test_many_labels_are_shown_from_the_worst_and_those_without_texts_last():
    names = [f"label {place}" for place in range(30)]
    scores = {name: {"f1": (place * 7 % 30) / 30, "support": place % 5} for place, name in enumerate(names)}
    findings = {"scores": {"per_label": scores}, "thresholds": dict.fromkeys(names)}
    rows = rows_of_labels(findings, limit=26)
    assert len(rows) == 26 and [row["support"] for row in rows[24:]] == [0, 0]
    worth = [row["f1"] for row in rows[:24]]
    assert worth == sorted(worth)


def test_gain_over_the_baseline(outcome):
    own, others = outcome.score(), outcome.task.score(outcome.y_true, outcome.y_true)
    rows = {row["title"]: row for row in compare_with_baseline(outcome.task, own, others)["rows"]}
    title = "Exact match" if outcome.task.name == "multilabel" else "Accuracy"
    assert rows[title]["baseline"] == 1.0 and rows[title]["gain"] == own["accuracy"] - 1.0
    assert ("Micro-F1" in rows) == (outcome.task.name == "multilabel")


def test_a_baseline_may_lack_scores(outcome):
    rows = compare_with_baseline(outcome.task, outcome.score(), {"accuracy": 0.5})["rows"]
    assert [row["baseline"] for row in rows] == [0.5]


def test_findings_are_plain_data(outcome):
    assert json.loads(json.dumps(evaluate_head(outcome), allow_nan=False))["num_examples"] == len(outcome)
