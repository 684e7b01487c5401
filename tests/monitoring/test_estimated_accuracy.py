import numpy as np
import pytest

from kerasbert.monitoring.estimated_accuracy import estimate_accuracy


def test_texts_of_one_confidence_are_right_as_often_as_in_the_reference():
    judged = np.array([[40, 10, 0], [60, 90, 200]])
    estimate, (low, high) = estimate_accuracy(judged, np.array([10, 30, 60]))
    assert estimate == pytest.approx((10 * 0.6 + 30 * 0.9 + 60 * 1.0) / 100) and low < estimate < high


def test_bins_with_few_texts_are_put_together():
    judged = np.array([[1, 0, 9, 0], [0, 4, 16, 70]])
    # 30 texts at least: 1 + 4 + 25 of which 20 are right, and the 70.
    assert estimate_accuracy(judged, np.array([0, 10, 0, 10]))[0] == pytest.approx((10 * 20 / 30 + 10) / 20)
    assert estimate_accuracy(np.array([[1], [1]]), np.array([3]))[0] == 0.5


def test_the_interval_covers_the_accuracy_of_the_window():
    random, rates, covered = np.random.default_rng(0), np.array([0.3, 0.6, 0.95]), 0
    for _ in range(400):
        known, own = random.multinomial(300, [0.3, 0.3, 0.4]), random.multinomial(100, [0.6, 0.3, 0.1])
        right = random.binomial(known, rates)
        low, high = estimate_accuracy(np.array([known - right, right]), own)[1]
        covered += low <= random.binomial(own, rates).sum() / 100 <= high
    assert covered >= 370
