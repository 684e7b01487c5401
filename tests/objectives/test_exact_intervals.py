import numpy as np
import pytest
from scipy.stats import binomtest

from kerasbert.objectives.exact_intervals import settled_intervals, wilson_interval


def settled(true, decided, exclusive=False):
    true, decided = np.array(true, bool), np.array(decided, bool)
    return settled_intervals(true, decided, np.ones(len(true), int), exclusive=exclusive, level=0.95)


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
    assert settled(right, right, exclusive=True)["accuracy"] == pytest.approx(exact(texts, texts))
    assert settled(right, right, exclusive=True)["micro_f1"] == pytest.approx(exact(texts, texts))
    assert settled(right, 1 - right, exclusive=True)["accuracy"] == pytest.approx(exact(0, texts))


def test_labels_that_are_as_common_make_a_mean_of_all_texts_together():
    right = np.eye(4)[np.arange(20) % 4]
    found = settled(right, right)
    assert found["macro_f1"] == found["weighted_f1"] == pytest.approx(exact(20, 20))
    assert found["f1"] == pytest.approx(exact(5, 5))


def test_a_rare_label_widens_the_macro_mean_and_not_the_weighted_one():
    right = np.eye(2)[[0] * 99 + [1]]
    found = settled(right, right)
    effective = 4 / (1 / 99 + 1)
    assert found["macro_f1"][0] == pytest.approx(0.025 ** (1 / effective))
    assert found["weighted_f1"] == pytest.approx(exact(100, 100))


def test_a_label_that_is_never_found_and_one_that_always_is():
    true = np.array([[1, 1]] * 8)
    low, high = settled(true, true * [1, 0])["macro_f1"]
    share = exact(0, 8)[1]
    assert low == pytest.approx(exact(8, 8)[0] / 2) and high == pytest.approx(0.5 + share / (1 + share))


def test_a_label_without_texts_adds_nothing_to_the_mean():
    right = np.array([[1, 0]] * 10)
    assert settled(right, right)["macro_f1"] == pytest.approx((exact(10, 10)[0] / 2, 0.5))
    assert settled(right, right)["f1"] == (0.0, 1.0)


def test_what_drawing_changes_is_not_settled():
    true = np.eye(2)[[0, 0, 1]]
    assert settled(true, np.eye(2)[[0, 1, 1]], exclusive=True) == {}


@pytest.mark.parametrize("rate", [0.7, 0.9, 0.97])
def test_a_perfect_score_covers_the_truth_as_often_as_it_says(rate):
    random, missed = np.random.default_rng(0), 0
    for _ in range(1000):
        decided = random.random(12) < rate
        if decided.all():
            missed += settled(np.ones((12, 1)), decided[:, None])["accuracy"][0] > rate
    assert missed / 1000 <= 0.05
