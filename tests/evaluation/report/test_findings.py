import json

import pytest
from sklearn.metrics import average_precision_score, f1_score

from kerasbert.evaluation.report.findings import compare_with_baseline, headline, judge_head, rows_of_labels
from kerasbert.evaluation.scores import score_predictions


def test_headline_equals_scikit_learn(outcome):
    numbers = {number.key: number.value for number in headline(judge_head(outcome))}
    flat = (outcome.labels, outcome.decisions)
    if outcome.task == "binary":
        assert numbers["f1"] == f1_score(*flat)
        assert numbers["average_precision"] == average_precision_score(outcome.labels, outcome.probabilities)
    else:
        assert numbers["macro_f1"] == pytest.approx(f1_score(*flat, labels=range(4), average="macro", zero_division=0))


def test_rows_hold_threshold_and_average_precision(outcome):
    rows = rows_of_labels(judge_head(outcome))
    assert [row["name"] for row in rows] == list(outcome.label_names)
    assert [row["threshold"] for row in rows] == outcome.limits
    assert rows[-1]["average_precision"] is None or outcome.task == "binary"


def test_many_labels_are_shown_from_the_worst_and_those_without_texts_last():
    names = [f"label {place}" for place in range(30)]
    scores = {name: {"f1": (place * 7 % 30) / 30, "support": place % 5} for place, name in enumerate(names)}
    ranking = {"per_label": dict.fromkeys(names)}
    findings = {"scores": {"per_label": scores}, "average_precision": ranking, "thresholds": dict.fromkeys(names)}
    rows = rows_of_labels(findings, limit=26)
    assert len(rows) == 26 and [row["support"] for row in rows[24:]] == [0, 0]
    worth = [row["f1"] for row in rows[:24]]
    assert worth == sorted(worth)


def test_gain_over_the_baseline(outcome):
    findings = judge_head(outcome)
    others = score_predictions(outcome.task, outcome.labels, outcome.labels, outcome.label_names)
    rows = {row["title"]: row for row in compare_with_baseline(findings, others)}
    assert rows["Accuracy"]["baseline"] == 1.0
    assert rows["Accuracy"]["gain"] == findings["scores"]["accuracy"] - 1.0
    assert ("Micro-F1" in rows) == (outcome.task == "multilabel")


def test_a_baseline_may_lack_scores(outcome):
    assert [row["title"] for row in compare_with_baseline(judge_head(outcome), {"accuracy": 0.5})] == ["Accuracy"]


def test_findings_are_plain_data(outcome):
    assert json.loads(json.dumps(judge_head(outcome), allow_nan=False))["num_examples"] == len(outcome)
