import numpy as np
import pytest
from sklearn import metrics as sk

from kerasbert._core.errors import ConfigError
from kerasbert.objectives.metrics import F1Score, Precision, Recall

RANDOM = np.random.default_rng(0)
SCORES = RANDOM.random((50, 4)).astype("float32")
MULTI_HOT = {
    "random": RANDOM.random((50, 4)) < [0.5, 0.1, 0.3, 0.9],
    "a label absent": RANDOM.random((50, 4)) < [0.5, 0.1, 0.0, 0.9],
    "all rows zero": np.zeros((50, 4), bool),
    "all rows one": np.ones((50, 4), bool),
}
PREDICTED = {
    "random": SCORES,
    "ties": np.full((50, 4), 0.5, "float32"),
    "nothing": np.zeros((50, 4), "float32"),
}
CLASS_IDS = {
    "random": RANDOM.integers(0, 4, 50),
    "classes absent": RANDOM.integers(0, 2, 50),
    "one class": np.full(50, 3),
}
PAIRS = [(Precision, sk.precision_score), (Recall, sk.recall_score), (F1Score, sk.f1_score)]
AVERAGES = ["macro", "micro", "weighted", "none"]


def streamed(metric, labels, scores, weight=None):
    for start in range(0, len(labels), 7):
        part = slice(start, start + 7)
        metric.update_state(labels[part], scores[part], None if weight is None else weight[part])
    return np.asarray(metric.result())


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("metric", "reference"), PAIRS)
@pytest.mark.parametrize("labels", MULTI_HOT)
@pytest.mark.parametrize("scores", PREDICTED)
def test_multi_label_equals_scikit_learn(metric, reference, average, labels, scores):
    labels, scores = MULTI_HOT[labels], PREDICTED[scores]
    expected = reference(labels, scores >= 0.5, average=None if average == "none" else average, zero_division=0)
    ours = streamed(metric(4, average=average), labels.astype("float32"), scores)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("metric", "reference"), PAIRS)
@pytest.mark.parametrize("labels", CLASS_IDS)
@pytest.mark.parametrize("scores", PREDICTED)
def test_multi_class_equals_scikit_learn(metric, reference, average, labels, scores):
    labels, scores = CLASS_IDS[labels], PREDICTED[scores]
    options = {"labels": range(4)} if average == "none" else {}
    average_name = None if average == "none" else average
    expected = reference(labels, scores.argmax(1), average=average_name, zero_division=0, **options)
    ours = streamed(metric(4, average=average, sparse=True), labels, scores)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize(("metric", "reference"), PAIRS)
def test_weighted_rows_equal_scikit_learn(metric, reference):
    weight, labels = RANDOM.random(50).astype("float32"), MULTI_HOT["random"]
    expected = reference(labels, SCORES >= 0.5, average="macro", sample_weight=weight, zero_division=0)
    ours = streamed(metric(4), labels.astype("float32"), SCORES, weight)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("metric", [Precision, Recall, F1Score])
def test_no_example_gives_zero(metric):
    assert float(metric(3).result()) == 0.0


def test_unknown_average_is_refused():
    with pytest.raises(ConfigError, match="`average` must be one of 'macro', 'micro', 'none', 'weighted'; got 'mean'"):
        F1Score(3, average="mean")


@pytest.mark.parametrize("metric", [Precision, Recall, F1Score])
def test_config_round_trip(metric):
    made = metric(3, average="micro", threshold=0.0, name="m")
    assert metric.from_config(made.get_config()).get_config() == made.get_config()
