import numpy as np
import pytest
from sklearn.metrics import f1_score

from kerasbert._core.errors import ConfigError
from kerasbert.objectives.metrics import F1Score

RANDOM = np.random.default_rng(0)
MULTI_HOT = (RANDOM.random((50, 4)) < [0.5, 0.1, 0.0, 0.9]).astype("float32")
SCORES = RANDOM.random((50, 4)).astype("float32")


def streamed(metric, labels, scores):
    for start in range(0, len(labels), 7):
        metric.update_state(labels[start : start + 7], scores[start : start + 7])
    return float(metric.result())


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_multi_label_equals_scikit_learn(average):
    expected = f1_score(MULTI_HOT, SCORES >= 0.5, average=average, zero_division=0)
    assert streamed(F1Score(4, average=average), MULTI_HOT, SCORES) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("average", ["macro", "micro"])
def test_multi_class_equals_scikit_learn_with_an_absent_class(average):
    labels, scores = RANDOM.integers(0, 3, 50), SCORES * [1, 1, 1, 0]
    expected = f1_score(labels, scores.argmax(1), average=average)
    assert streamed(F1Score(4, average=average, sparse=True), labels, scores) == pytest.approx(expected, abs=1e-6)


def test_weighted_rows_equal_scikit_learn():
    weight = RANDOM.random(50)
    metric = F1Score(4)
    metric.update_state(MULTI_HOT, SCORES, sample_weight=weight)
    expected = f1_score(MULTI_HOT, SCORES >= 0.5, average="macro", sample_weight=weight, zero_division=0)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_no_example_gives_zero():
    assert float(F1Score(3).result()) == 0.0


def test_unknown_average_is_refused():
    with pytest.raises(ConfigError, match="`average` must be one of 'macro', 'micro'; got 'mean'"):
        F1Score(3, average="mean")


def test_config_round_trip():
    metric = F1Score(3, average="micro", threshold=0.0, name="m")
    assert F1Score.from_config(metric.get_config()).get_config() == metric.get_config()
