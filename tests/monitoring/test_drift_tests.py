import numpy as np
import pytest
from scipy.stats import hypergeom

from kerasbert.monitoring.drift_tests import comparable_vectors, discrete_bonferroni, word_rarity
from kerasbert.monitoring.permutation import share_p_values
from kerasbert.monitoring.vector_sample import VectorSample


def sample(numbers, size=5):
    """Texts with these keys, each with a vector of its key."""
    keys = np.array(numbers, np.uint64)
    return VectorSample.of(size, keys, keys[:, None].astype(np.float32))


def test_words_too_rare_to_tell_anything_cost_nothing():
    window, reference = np.array([9, 1, 1, 1]), np.array([20, 0, 0, 0])
    p_values = share_p_values(reference, 400, window, 100)
    # Words of one text have at best the p-value of that text in the window.
    assert hypergeom.pmf(1, 500, 1, 100) > p_values[0]
    found = discrete_bonferroni(p_values, window + reference, 400, 100)
    assert found[0] == pytest.approx(p_values[0]) and found[1] == pytest.approx(min(4 * p_values[1], 1))
    assert len(discrete_bonferroni(np.zeros(0), np.zeros(0, int), 4, 1)) == 0


def test_corrected_words_alarm_no_more_often_than_they_say():
    random, shares, alarms = np.random.default_rng(0), 0.5 ** np.arange(1, 11).repeat(20), 0
    for _ in range(200):
        window, reference = random.binomial(50, shares), random.binomial(500, shares)
        p_values = share_p_values(reference, 500, window, 50)
        alarms += discrete_bonferroni(p_values, window + reference, 500, 50).min() <= 0.2
    assert alarms <= 60  # 40 at most, and 4 standard deviations of 5.7


def test_words_of_one_source_are_as_rare_whatever_the_size_of_the_window():
    random, shares = np.random.default_rng(0), np.geomspace(0.3, 0.0005, 400)
    found = []
    for size in (20, 2000):
        first = random.binomial(500, shares, (200, 400))
        same, other = random.binomial(size, shares, (200, 400)), random.binomial(size, shares[::-1], (200, 400))
        found += [np.mean([word_rarity(a, 500, b) for a, b in zip(first, one, strict=True)]) for one in (same, other)]
    assert found[0] == pytest.approx(1, abs=0.02) and found[2] == pytest.approx(1, abs=0.01)
    assert min(found[1], found[3]) > 2
    assert word_rarity(np.zeros(3, int), 5, np.zeros(3, int)) == 1


def test_vectors_of_few_repeated_texts_are_all_compared():
    first, second = sample([1, 2, 3, 4, 5, 6]), sample([7, 8, 9])
    found = comparable_vectors(first, second)
    assert found[0][:, 0].tolist() == [1, 2, 3, 4, 5] and found[1][:, 0].tolist() == [7, 8, 9]


def test_repeated_texts_are_compared_as_often_as_they_come_where_both_samples_would_hold_them():
    first, second = sample([1, 1, 1, 2, 3, 4, 5, 6, 9]), sample([1, 1, 3, 7, 8])
    found = comparable_vectors(first, second)
    # The first sample holds keys up to 5 only.
    assert found[0][:, 0].tolist() == [1, 1, 1, 2, 3, 4, 5] and found[1][:, 0].tolist() == [1, 1, 3]
