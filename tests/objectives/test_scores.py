import json

import numpy as np
import pytest
from sklearn import metrics

from kerasbert import DataError
from kerasbert.objectives.scores import score_predictions
from kerasbert.tasks.table import TASKS

RANDOM = np.random.default_rng(0)
NAMES = ["a", "b", "c"]


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def case(task, seed=0, ties=False):
    random = np.random.default_rng(seed)
    if task == "multiclass":
        values, labels = softmax(random.normal(size=(60, 3))), random.integers(0, 3, 60)
        decided = values.argmax(axis=1)
    else:
        width = 1 if task == "binary" else 3
        values, labels = random.random((60, width)), random.integers(0, 2, (60, width))
        values = values.round(1) if ties else values
        decided = (values >= 0.5).astype(int)
    return labels, decided, values


def one_vs_rest(task, labels, values):
    if task == "multilabel":
        return labels, values
    if task == "multiclass":
        return np.eye(3, dtype=int)[labels], values
    return np.hstack([1 - labels, labels]), np.hstack([1 - values, values])


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_counts_equal_scikit_learn(task):
    labels, decided, _ = case(task)
    names = ["no", "yes"] if task == "binary" else NAMES
    scores = TASKS[task](names).score(labels, decided)
    flat = (labels.reshape(-1), decided.reshape(-1)) if task == "binary" else (labels, decided)
    report = metrics.classification_report(*flat, target_names=names, output_dict=True, zero_division=0)
    assert scores["accuracy"] == metrics.accuracy_score(*flat)
    assert scores["hamming_loss"] == pytest.approx(metrics.hamming_loss(*flat))
    assert all(scores["per_label"][name]["f1"] == report[name]["f1-score"] for name in names)
    assert scores["macro"]["recall"] == report["macro avg"]["recall"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_agreement_equals_scikit_learn(task, seed):
    labels, decided, _ = case(task, seed)
    scores = TASKS[task](NAMES if task == "multiclass" else NAMES[:2]).score(labels, decided)
    labels, decided = labels.reshape(-1), decided.reshape(-1)
    assert scores["matthews_correlation"] == pytest.approx(metrics.matthews_corrcoef(labels, decided), abs=1e-12)
    assert scores["cohen_kappa"] == pytest.approx(metrics.cohen_kappa_score(labels, decided), abs=1e-12)


def test_agreement_of_each_label_of_a_multilabel_task():
    labels, decided, _ = case("multilabel")
    scores = score_predictions(labels, decided, NAMES)
    expected = [metrics.matthews_corrcoef(labels[:, i], decided[:, i]) for i in range(3)]
    assert [scores["per_label"][name]["matthews_correlation"] for name in NAMES] == pytest.approx(expected)
    kappas = [metrics.cohen_kappa_score(labels[:, i], decided[:, i]) for i in range(3)]
    assert scores["macro"]["cohen_kappa"] == pytest.approx(np.mean(kappas))


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_ranking_equals_scikit_learn(task, ties):
    labels, decided, values = case(task, ties=ties)
    names = ["no", "yes"] if task == "binary" else NAMES
    scores = TASKS[task](names).score(labels, decided, values)
    truth, columns = one_vs_rest(task, labels, values)
    measures = {"average_precision": metrics.average_precision_score, "roc_auc": metrics.roc_auc_score}
    for name, measure in measures.items():
        per_label = [scores["per_label"][label][name] for label in names]
        assert per_label == pytest.approx(measure(truth, columns, average=None), abs=1e-12)
        for average in ("micro", "macro", "weighted"):
            assert scores[average][name] == pytest.approx(measure(truth, columns, average=average), abs=1e-12)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_log_loss_equals_scikit_learn(task, kind):
    labels, decided, values = case(task)
    values[0] = np.eye(3)[(labels[0] + 1) % 3] if task == "multiclass" else 1 - labels[0]  # sure and wrong
    values = values.astype(kind)
    scores = TASKS[task](NAMES if task == "multiclass" else NAMES[:2]).score(labels, decided, values)
    expected = metrics.log_loss(labels.reshape(-1), values if task == "multiclass" else values.reshape(-1))
    assert scores["log_loss"] == pytest.approx(expected, rel=1e-6)


def test_log_loss_of_a_multilabel_task_is_the_mean_over_its_labels():
    labels, decided, values = case("multilabel")
    scores = score_predictions(labels, decided, NAMES, values)
    assert scores["log_loss"] == pytest.approx(
        np.mean([metrics.log_loss(labels[:, i], values[:, i]) for i in range(3)])
    )


def test_binary_f1_is_that_of_the_positive_label():
    scores = TASKS["binary"](["ham", "spam"]).score(np.array([[1], [0]]), np.array([[1], [1]]))
    assert scores["f1"] == scores["per_label"]["spam"]["f1"] == pytest.approx(2 / 3)


def test_a_label_that_never_occurs_scores_zero():
    scores = score_predictions(np.array([0, 0]), np.array([0, 0]), ["a", "b"])
    assert scores["per_label"]["b"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    assert scores["cohen_kappa"] is None and scores["matthews_correlation"] == 0


def test_labels_without_a_ranking_are_named_and_left_out_of_the_means():
    truth = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1]])
    values = RANDOM.random((3, 3))
    scores = score_predictions(truth, (values > 0.5).astype(int), NAMES, values)
    assert scores["undefined"] == {"average_precision": ["b"], "roc_auc": ["b", "c"]}
    kept = metrics.average_precision_score(truth[:, [0, 2]], values[:, [0, 2]], average="macro")
    assert scores["macro"]["average_precision"] == pytest.approx(kept)
    assert scores["macro"]["roc_auc"] == metrics.roc_auc_score(truth[:, 0], values[:, 0])
    json.dumps(scores, allow_nan=False)


@pytest.mark.parametrize("value", [0, 1], ids=["all zeros", "all ones"])
def test_degenerate_labels_give_no_nan(value):
    labels = np.full((4, 3), value)
    scores = score_predictions(labels, labels, NAMES, labels.astype(float))
    assert scores["micro"]["roc_auc"] is None and scores["accuracy"] == 1.0
    json.dumps(scores, allow_nan=False)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_no_texts_give_no_means(task):
    shapes = {"binary": (0, 1), "multiclass": (0,), "multilabel": (0, 3)}
    nothing, names = np.zeros(shapes[task]), ["no", "yes"] if task == "binary" else NAMES
    values = np.zeros((0, 1 if task == "binary" else 3))
    scores = TASKS[task](names).score(nothing, nothing, values)
    assert scores["num_examples"] == 0 and scores["accuracy"] is None and scores["macro"]["f1"] is None
    assert scores["log_loss"] is None


def test_wrong_shapes_are_refused():
    with pytest.raises(DataError, match=r"`probabilities` must have a row for each of the 2 texts and a column for"):
        score_predictions(np.array([0, 1]), np.array([0, 1]), NAMES, np.zeros((2, 2)))
    with pytest.raises(DataError, match="must be of one shape"):
        score_predictions(np.array([0, 1]), np.array([0]), NAMES)
