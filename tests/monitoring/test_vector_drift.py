import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import rbf_kernel

from kerasbert.monitoring.vector_drift import vector_drift


def discrepancy(kernel, window):
    rest = [row for row in range(len(kernel)) if row not in window]
    within = kernel[np.ix_(window, window)].mean() + kernel[np.ix_(rest, rest)].mean()
    return within - 2 * kernel[np.ix_(window, rest)].mean()


def test_the_p_value_is_the_share_of_all_divisions():
    random = np.random.default_rng(1)
    vectors = np.concatenate([random.normal(size=(6, 3)), random.normal(size=(5, 3)) + 0.9])
    kernel = rbf_kernel(vectors, gamma=1 / np.median(pdist(vectors) ** 2))
    drawn = np.array([discrepancy(kernel, list(one)) for one in itertools.combinations(range(11), 5)])
    expected = (drawn >= discrepancy(kernel, list(range(6, 11))) - 1e-7).mean()
    assert vector_drift(vectors[:6], vectors[6:]).p_value == pytest.approx(expected, abs=0.03)


def test_separation_is_the_area_under_the_curve_of_nearness():
    random = np.random.default_rng(2)
    vectors = np.concatenate([random.normal(size=(60, 3)), random.normal(size=(30, 3)) + 0.7])
    kernel = rbf_kernel(vectors, gamma=1 / np.median(pdist(vectors) ** 2)) * (1 - np.eye(90))
    is_window = np.arange(90) >= 60
    nearness = kernel[:, 60:].sum(axis=1) / (30 - is_window) - kernel[:, :60].sum(axis=1) / (60 - ~is_window)
    found = vector_drift(vectors[:60], vectors[60:])
    assert found.separation == pytest.approx(roc_auc_score(is_window, nearness), abs=1e-3)
    assert found.interval[0] < found.separation < found.interval[1]


def test_what_no_permutation_reaches_has_a_small_p_value():
    random = np.random.default_rng(3)
    found = vector_drift(random.normal(size=(80, 4)), random.normal(size=(40, 4)) + 3)
    assert found.p_value < 1e-6 and found.separation > 0.99


def test_alike_samples_alarm_as_often_as_they_should():
    random = np.random.default_rng(4)
    alarms = sum(
        vector_drift(random.normal(size=(40, 3)), random.normal(size=(12, 3)), seed=seed).p_value <= 0.1
        for seed in range(100)
    )
    assert 1 <= alarms <= 22  # 10, give or take 4 standard deviations of 3


def test_equal_vectors_show_no_change():
    assert vector_drift(np.ones((5, 2)), np.ones((4, 2))).p_value == 1
