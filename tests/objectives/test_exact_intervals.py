import numpy as np
import pytest
from scipy.stats import binomtest

from kerasbert.objectives.exact_intervals import constant_score_intervals, wilson_interval


def intervals(y_true, y_pred, exclusive=False):
    y_true, y_pred = np.array(y_true, bool), np.array(y_pred, bool)
    return constant_score_intervals(y_true, y_pred, np.ones(len(y_true), int), exclusive=exclusive, level=0.95)


def exact(hits, trials):
    return tuple(binomtest(hits, trials).proportion_ci(method="exact"))


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (3, 7), (500, 500), (17, 20)])
def test_wilson_is_that_of_scipy(hits, trials):
    expected = binomtest(hits, trials).proportion_ci(method="wilson")
    found = wilson_interval(np.array([hits]), np.array([trials]))
    assert [float(end[0]) for end in found] == pytest.approx([expected.low, expected.high])


@pytest.mark.parametrize("texts", [1, 7, 20, 3000])
def test_all_right_and_all_wrong_are_clopper_and_pearson(texts):
    right = np.eye(2)[np.arange(texts) % 2]
    assert intervals(right, right, exclusive=True)["accuracy"] == pytest.approx(exact(texts, texts))
    assert intervals(right, right, exclusive=True)["micro_f1"] == pytest.approx(exact(texts, texts))
    assert intervals(right, 1 - right, exclusive=True)["accuracy"] == pytest.approx(exact(0, texts))


def test_labels_that_are_as_common_make_a_mean_of_all_texts_together():
    right = np.eye(4)[np.arange(20) % 4]
    found = intervals(right, right)
    assert found["macro_f1"] == found["weighted_f1"] == pytest.approx(exact(20, 20))
    assert found["f1"] == pytest.approx(exact(5, 5))


def test_a_rare_label_widens_the_macro_mean_and_not_the_weighted_one():
    right = np.eye(2)[[0] * 99 + [1]]
    found = intervals(right, right)
    effective = 4 / (1 / 99 + 1)
    assert found["macro_f1"][0] == pytest.approx(0.025 ** (1 / effective))
    assert found["weighted_f1"] == pytest.approx(exact(100, 100))


def test_a_label_that_is_never_found_and_one_that_always_is():
    y_true = np.array([[1, 1]] * 8)
    low, high = intervals(y_true, y_true * [1, 0])["macro_f1"]
    share = exact(0, 8)[1]
    assert low == pytest.approx(exact(8, 8)[0] / 2) and high == pytest.approx(0.5 + share / (1 + share))


def test_a_label_without_texts_adds_nothing_to_the_mean():
    right = np.array([[1, 0]] * 10)
    assert intervals(right, right)["macro_f1"] == pytest.approx((exact(10, 10)[0] / 2, 0.5))
    assert intervals(right, right)["f1"] == (0.0, 1.0)


def test_scores_that_vary_have_none():
    y_true = np.eye(2)[[0, 0, 1]]
    assert intervals(y_true, np.eye(2)[[0, 1, 1]], exclusive=True) == {}


@pytest.mark.parametrize("rate", [0.7, 0.9, 0.97])
def test_a_perfect_score_covers_the_truth_as_often_as_it_says(rate):
    random, missed = np.random.default_rng(0), 0
    for _ in range(1000):
        y_pred = random.random(12) < rate
        if y_pred.all():
            missed += intervals(np.ones((12, 1)), y_pred[:, None])["accuracy"][0] > rate
    assert missed / 1000 <= 0.05
