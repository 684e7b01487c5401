import itertools

import numpy as np
import pytest
from scipy.stats import fisher_exact, hypergeom, mannwhitneyu, permutation_test

from kerasbert.monitoring.permutation import rank_scores, score_p_values, share_p_values


def exact_p_value(reference, window, scores):
    """Twice the smaller tail of all divisions of the texts, the observed sum counted half."""
    texts, size = np.repeat(scores, reference + window), window.sum()
    observed = (window * scores).sum()
    sums = np.array([texts[list(one)].sum() for one in itertools.combinations(range(len(texts)), size)])
    equal = np.isclose(sums, observed)
    below = (sums[~equal] < observed).sum() / len(sums) + equal.mean() / 2
    return min(2 * min(below, 1 - below), 1)


@pytest.mark.parametrize("seed", range(6))
def test_the_saddlepoint_is_close_to_all_divisions(seed):
    random = np.random.default_rng(seed)
    scores = random.random(18) ** 3
    is_window = random.permutation(18) < 8
    scores_of_window = scores + 0.0
    p_value = score_p_values((~is_window).astype(int), is_window.astype(int), scores_of_window)[0]
    assert p_value == pytest.approx(exact_p_value((~is_window).astype(int), is_window.astype(int), scores), rel=0.05)


def test_small_tails_have_a_small_relative_error():
    scores = np.arange(20.0)
    window = (np.arange(20) > 11).astype(int)
    window[[11, 12]] = window[[12, 11]]  # the second largest sum of all
    p_value = score_p_values(1 - window, window, scores)[0]
    assert p_value == pytest.approx(exact_p_value(1 - window, window, scores), rel=0.5) and p_value < 1e-4


def test_the_ends_of_the_range_are_exact():
    # None of 40 texts of the window is among the 5 of 100 whose score is not 0.
    reference, window = np.array([55, 3, 2]), np.array([40, 0, 0])
    expected = hypergeom.pmf(0, 100, 5, 40)
    assert score_p_values(reference, window, np.array([0, 1, 7])).item() == pytest.approx(expected)
    # Bins of one score are one bin.
    split = score_p_values(np.array([30, 25, 5]), np.array([20, 20, 0]), np.array([0, 0, 7]))
    assert split.item() == pytest.approx(hypergeom.pmf(0, 100, 5, 40))


def test_ranks_give_the_p_values_of_scipy():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 30, 300), random.integers(2, 30, 120)
    counts = [np.bincount(values, minlength=30) for values in (first, second)]
    ranks = rank_scores(counts[0] + counts[1])
    expected = mannwhitneyu(first, second, use_continuity=False, method="asymptotic").pvalue
    assert score_p_values(*counts, ranks).item() == pytest.approx(expected, rel=0.03)
    drawn = permutation_test((ranks[first], ranks[second]), lambda a, b: a.mean() - b.mean(), n_resamples=4999, rng=0)
    assert score_p_values(*counts, ranks).item() == pytest.approx(drawn.pvalue, abs=0.02)


def test_rows_are_tested_by_themselves_and_a_constant_has_no_p_value_but_1():
    random = np.random.default_rng(1)
    reference, window = random.integers(0, 9, (4, 6)), random.integers(0, 5, (4, 6))
    reference[3], window[3] = [0, 0, 7, 0, 0, 0], [0, 0, 3, 0, 0, 0]
    scores = np.linspace(0, 1, 6) ** 2
    together = score_p_values(reference, window, scores)
    assert together == pytest.approx(
        [score_p_values(a, b, scores).item() for a, b in zip(reference, window, strict=True)]
    )
    assert together[3] == 1 and score_p_values(reference[:1], 0 * window[:1], scores).item() == 1


def test_shares_have_the_mid_p_value_of_fishers_test():
    reference, window = np.array([54, 0, 9, 3]), np.array([10, 4, 0, 2])
    found = share_p_values(reference, 900, window, 100)
    for hits, own, p_value in zip(reference, window, found, strict=True):
        table = [[own, 100 - own], [hits, 900 - hits]]
        half = hypergeom.pmf(own, 1000, hits + own, 100) / 2
        tails = [fisher_exact(table, alternative=side).pvalue - half for side in ("less", "greater")]
        assert p_value == pytest.approx(min(2 * min(tails), 1))


@pytest.mark.parametrize("size", [20, 200])
def test_p_values_of_no_change_are_as_small_as_they_say(size):
    # 2,000 tests at 5 %: 100 alarms, give or take 4 standard deviations of 10; mid-p values of small counts alarm less.
    random = np.random.default_rng(size)
    reference = random.multinomial(500, [0.9, 0.06, 0.03, 0.01], 2000)
    window = random.multinomial(size, [0.9, 0.06, 0.03, 0.01], 2000)
    of_scores = score_p_values(reference, window, np.array([0, 1, 3, 9]))
    of_shares = share_p_values(500 - reference[:, 0], 500, size - window[:, 0], size)
    assert 55 <= (of_scores <= 0.05).sum() <= 140 and 30 <= (of_shares <= 0.05).sum() <= 140
