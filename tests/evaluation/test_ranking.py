import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, precision_score, recall_score

from kerasbert import Multilabel
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.ranking import MAX_POINTS, curves_to_show


def precisions(outcome):
    columns = zip(outcome.label_names, outcome.true_flags.T, outcome.label_probabilities.T, strict=True)
    return {name: average_precision_score(truth, scores) if truth.any() else None for name, truth, scores in columns}


def test_without_a_label_there_is_no_curve(outcome):
    assert curves_to_show(outcome, dict.fromkeys(outcome.label_names)) == []


def test_curves_and_the_operating_point(outcome):
    curves = curves_to_show(outcome, precisions(outcome))
    assert [curve.name for curve in curves] == (["yes"] if outcome.task.name == "binary" else ["a", "b", "c"])
    for curve in curves:
        place = outcome.label_names.index(curve.name)
        y_true, y_pred = outcome.true_flags[:, place], outcome.predicted_flags[:, place]
        assert curve.operating_point == pytest.approx((recall_score(y_true, y_pred), precision_score(y_true, y_pred)))
        assert curve.average_precision == pytest.approx(
            average_precision_score(y_true, outcome.label_probabilities[:, place])
        )


def many_labels(texts=3000, labels=20):
    random = np.random.default_rng(0)
    y_true = (random.random((texts, labels)) < 0.3).astype(float)
    scores = np.clip(y_true * np.linspace(0, 0.5, labels) + random.random((texts, labels)) / 2, 0, 1)
    names = tuple(f"label {place}" for place in range(labels))
    y_pred = (scores >= 0.5).astype(int)
    return Outcome("", Multilabel(names), np.arange(texts), y_true, scores, y_pred, np.full(labels, 0.5))


def test_of_many_labels_the_best_and_the_worst_are_shown():
    outcome = many_labels()
    per_label = precisions(outcome)
    curves = curves_to_show(outcome, per_label)
    ranked = sorted(per_label, key=lambda name: -per_label[name])
    assert [curve.name for curve in curves] == ["all labels (micro-average)", *ranked[:2], *ranked[-3:]]
    assert all(len(curve.recall) <= MAX_POINTS for curve in curves)
    assert auc(curves[0].recall, curves[0].precision) == pytest.approx(curves[0].average_precision, abs=0.005)
