import numpy as np
import pytest
from sklearn.metrics import accuracy_score, classification_report

from kerasbert.evaluation.scores import score_predictions

RANDOM = np.random.default_rng(0)
CASES = {
    "binary": (RANDOM.integers(0, 2, (40, 1)), RANDOM.integers(0, 2, (40, 1)), ["no", "yes"]),
    "multiclass": (RANDOM.integers(0, 3, 40), RANDOM.integers(0, 3, 40), ["a", "b", "c"]),
    "multilabel": (RANDOM.integers(0, 2, (40, 3)), RANDOM.integers(0, 2, (40, 3)), ["a", "b", "c"]),
}


@pytest.mark.parametrize("task", CASES)
def test_equals_scikit_learn(task):
    labels, predicted, names = CASES[task]
    scores = score_predictions(task, labels, predicted, names)
    flat = (labels.reshape(-1), predicted.reshape(-1)) if task == "binary" else (labels, predicted)
    report = classification_report(*flat, target_names=names, output_dict=True, zero_division=0)
    assert scores["accuracy"] == accuracy_score(*flat)
    assert all(scores["per_label"][name]["f1"] == report[name]["f1-score"] for name in names)
    assert scores["macro"]["recall"] == report["macro avg"]["recall"]


def test_binary_f1_is_that_of_the_positive_label():
    scores = score_predictions("binary", np.array([[1], [0]]), np.array([[1], [1]]), ["ham", "spam"])
    assert scores["f1"] == scores["per_label"]["spam"]["f1"] == pytest.approx(2 / 3)


def test_a_label_that_never_occurs_scores_zero():
    scores = score_predictions("multiclass", np.array([0, 0]), np.array([0, 0]), ["a", "b"])
    assert scores["per_label"]["b"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
