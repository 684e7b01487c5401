import numpy as np
import pytest
from sklearn.metrics import f1_score

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.objectives.thresholds import tune_thresholds

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_is_better(seed):
    random = np.random.default_rng(seed)
    labels = (random.random((60, 1)) < 0.2).astype(int)
    scores = np.round(0.4 * labels + 0.6 * random.random((60, 1)), 2)
    best = max(f1_score(labels[:, 0], scores[:, 0] >= cut, zero_division=0) for cut in np.unique(scores))
    tuned = f1_score(labels[:, 0], scores[:, 0] >= tune_thresholds(labels, scores, strength=0)[0])
    assert tuned == pytest.approx(best)


def test_a_label_without_positives_keeps_the_default():
    assert tune_thresholds(np.zeros((5, 2)), RANDOM.random((5, 2))).tolist() == [0.5, 0.5]


def test_equal_scores_are_not_split():
    assert tune_thresholds(np.array([[1], [0]]), np.array([[0.3], [0.3]]), strength=0)[0] <= 0.3


def test_of_equally_good_cuts_the_one_next_to_the_default():
    thresholds = tune_thresholds(np.array([[0], [1]]), np.array([[0.1], [0.9]]), strength=0)
    assert thresholds[0] == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(0, 2), (4, 3)], ids=["no rows", "other shape"])
def test_shapes_are_checked(shape):
    with pytest.raises(DataError, match=r"must be of one shape \(n, C\), n >= 1; got"):
        tune_thresholds(np.zeros(shape), np.zeros((0, 2)))


def test_a_rare_label_is_drawn_to_the_common_threshold():
    labels, scores = np.zeros((100, 2), int), np.full((100, 2), 0.1)
    labels[:50, 0], scores[:50, 0], scores[50:, 0] = 1, 0.8, 0.4
    labels[0, 1], scores[0, 1] = 1, 0.2
    own, mixed = (tune_thresholds(labels, scores, strength=strength) for strength in (0, 10))
    assert own[1] == pytest.approx(0.2, abs=0.06) and mixed[0] == pytest.approx(0.5, abs=0.1)
    common = (mixed[1] * 11 - own[1]) / 10
    assert mixed[0] == pytest.approx((50 * own[0] + 10 * common) / 60)


@pytest.mark.parametrize("strength", [-1, float("nan")], ids=repr)
def test_strength_is_checked(strength):
    with pytest.raises(ConfigError, match="`strength` must be a number"):
        tune_thresholds(np.ones((1, 1)), np.ones((1, 1)), strength=strength)
