"""Texts whose label is doubted, beside scikit-learn's nearest neighbours."""

import dataclasses

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from kerasbert.evaluation import label_errors
from kerasbert.evaluation.label_errors import likely_label_errors
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.tasks.table import TASKS

VECTORS = np.random.default_rng(5).normal(size=(60, 6)).astype("float32")


def test_each_error_is_a_mistake_and_the_most_suspicious_come_first(outcome):
    errors = likely_label_errors(outcome, VECTORS, limit=100)
    wrong = np.flatnonzero((outcome.true_flags != outcome.predicted_flags).any(axis=1)) + 1
    assert sorted(error["row"] for error in errors) == wrong.tolist()
    suspicion = [error["suspicion"] for error in errors]
    assert suspicion == sorted(suspicion, reverse=True) and 0 <= min(suspicion) <= max(suspicion) <= 1
    assert likely_label_errors(outcome, VECTORS, limit=2) == errors[:2]


def test_neighbours_are_those_of_scikit_learn(outcome):
    errors = likely_label_errors(outcome, VECTORS, limit=100)
    search = NearestNeighbors(n_neighbors=6, metric="cosine").fit(VECTORS)
    true = outcome.true_flags
    for error in errors:
        row, column = error["row"] - 1, outcome.label_names.index(error["label"])
        distances, places = (part[0] for part in search.kneighbors(VECTORS[row : row + 1]))
        kept = places != row
        near, cosines = places[kept][:5], 1 - distances[kept][:5]
        differs = (
            (true[near] != true[row]).any(axis=1) if outcome.task.exclusive else true[near, column] != true[row, column]
        )
        assert error["disagreeing"] == pytest.approx(differs.mean())
        shown = [neighbour["row"] - 1 for neighbour in error["neighbours"]]
        assert shown == near[differs][:3].tolist()
        assert [one["similarity"] for one in error["neighbours"]] == pytest.approx(
            cosines[differs][:3].tolist(), abs=1e-4
        )


def test_candidates_are_asked_in_parts(outcome, monkeypatch):
    whole = likely_label_errors(outcome, VECTORS, limit=100)
    monkeypatch.setattr(label_errors, "CANDIDATES_AT_ONCE", 7)
    assert [error["row"] for error in likely_label_errors(outcome, VECTORS, limit=100)] == [
        error["row"] for error in whole
    ]


def test_the_suspicion_is_the_mean_of_margin_and_disagreement():
    task = TASKS["multiclass"].of(("a", "b"))
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
    outcome = Outcome("h", task, np.arange(4), np.array([1, 0, 0, 1]), probabilities, probabilities.argmax(axis=1))
    vectors = np.array([[1, 0.0], [1, 0.1], [1, 0.2], [0, 1.0]])
    (error,) = likely_label_errors(outcome, vectors, neighbours=2)
    assert error["given"] == ["b"] and error["predicted"] == ["a"] and error["disagreeing"] == 1
    assert error["probability"] == pytest.approx(0.1) and error["suspicion"] == pytest.approx((0.8 + 1) / 2)
    assert [one["row"] for one in error["neighbours"]] == [2, 3]


def test_rows_of_a_head_whose_labels_are_partly_unknown_are_those_of_all_texts(outcome):
    rows = np.arange(1, 121, 2)
    spread = np.zeros((120, 6), "float32")
    spread[rows] = VECTORS
    moved = likely_label_errors(dataclasses.replace(outcome, rows=rows), spread)
    assert [error["row"] for error in moved] == [2 * error["row"] for error in likely_label_errors(outcome, VECTORS)]


def test_nothing_is_doubted_where_all_is_right(outcome):
    assert likely_label_errors(dataclasses.replace(outcome, y_pred=outcome.y_true), VECTORS) == []
