import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, precision_score, recall_score

from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.ranking import MAX_POINTS, average_precisions, curves_to_show


def test_average_precision_equals_scikit_learn(outcome):
    result = average_precisions(outcome)
    for place, name in enumerate(outcome.label_names):
        truth = outcome.truth[:, place]
        expected = average_precision_score(truth, outcome.scores[:, place]) if truth.any() else None
        assert result["per_label"][name] == expected
    known = [value for value in result["per_label"].values() if value is not None]
    assert result["macro"] == pytest.approx(np.mean(known))
    assert result["micro"] == average_precision_score(outcome.truth, outcome.scores, average="micro")


def test_no_label_at_all_has_no_average_precision():
    zeros = np.zeros((3, 2))
    outcome = Outcome("", "multilabel", ("a", "b"), np.arange(3), zeros, zeros, zeros, np.full(2, 0.5))
    assert average_precisions(outcome) == {"per_label": {"a": None, "b": None}, "macro": None, "micro": None}
    assert curves_to_show(outcome, {"a": None, "b": None}) == []


def test_curves_and_the_chosen_point(outcome):
    curves = curves_to_show(outcome, average_precisions(outcome)["per_label"])
    assert [curve.name for curve in curves] == (["yes"] if outcome.task == "binary" else ["a", "b", "c"])
    for curve in curves:
        place = outcome.label_names.index(curve.name)
        truth, chosen = outcome.truth[:, place], outcome.chosen[:, place]
        assert curve.chosen == pytest.approx((recall_score(truth, chosen), precision_score(truth, chosen)))
        assert curve.average_precision == average_precision_score(truth, outcome.scores[:, place])


def many_labels(texts=3000, labels=20):
    random = np.random.default_rng(0)
    truth = (random.random((texts, labels)) < 0.3).astype(float)
    scores = np.clip(truth * np.linspace(0, 0.5, labels) + random.random((texts, labels)) / 2, 0, 1)
    names = tuple(f"label {place}" for place in range(labels))
    chosen = (scores >= 0.5).astype(int)
    return Outcome("", "multilabel", names, np.arange(texts), truth, scores, chosen, np.full(labels, 0.5))


def test_of_many_labels_the_best_and_the_worst_are_shown():
    outcome = many_labels()
    per_label = average_precisions(outcome)["per_label"]
    curves = curves_to_show(outcome, per_label)
    ranked = sorted(per_label, key=lambda name: -per_label[name])
    assert [curve.name for curve in curves] == ["all labels (micro-average)", *ranked[:2], *ranked[-3:]]
    assert all(len(curve.recall) <= MAX_POINTS for curve in curves)
    assert auc(curves[0].recall, curves[0].precision) == pytest.approx(curves[0].average_precision, abs=0.005)
