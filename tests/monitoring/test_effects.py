from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats.contingency import relative_risk

from kerasbert.monitoring.effects import mean_effects, rank_effect, share_effects


def test_shares_have_newcombes_interval():
    # The example of Newcombe's paper: 56 of 70 and 48 of 80.
    first, second, effect, low, high = share_effects(np.array([48]), 80, np.array([56]), 70)
    assert (first[0], second[0], effect[0]) == pytest.approx((0.6, 0.8, 0.2))
    assert (low[0], high[0]) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert relative_risk(56, 70, 48, 80).relative_risk == pytest.approx(second[0] / first[0])


def test_means_of_bins_have_welchs_interval():
    random = np.random.default_rng(0)
    middles = np.array([0.0, 0.5, 2.0])
    first, second = random.multinomial(400, [0.5, 0.3, 0.2]), random.multinomial(90, [0.2, 0.4, 0.4])
    values = [np.repeat(middles, counts) for counts in (first, second)]
    means = [one.mean() for one in values]
    width = NormalDist().inv_cdf(0.975) * np.sqrt(sum(one.var(ddof=1) / len(one) for one in values))
    found = [column[0] for column in mean_effects(first[None], second[None], middles)]
    assert found == pytest.approx(
        [*means, means[1] - means[0], means[1] - means[0] - width, means[1] - means[0] + width]
    )


def test_cliffs_delta_counts_pairs():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 6, 40), random.integers(1, 7, 25)
    pairs = np.sign(second[:, None] - first)
    delta, (low, high) = rank_effect(np.bincount(first, minlength=7), np.bincount(second, minlength=7))
    assert delta == pytest.approx(pairs.mean()) and low < delta < high
    assert rank_effect(np.array([5, 0]), np.array([0, 5])) == (1.0, (1.0, 1.0))


def test_the_interval_of_cliffs_delta_covers():
    random, covered = np.random.default_rng(1), 0
    for _ in range(300):
        counts = [np.bincount(random.integers(low, low + 5, number), minlength=8) for low, number in ((0, 80), (1, 40))]
        low, high = rank_effect(*counts)[1]
        true = np.sign(np.arange(1, 6)[:, None] - np.arange(5)).mean()
        covered += low <= true <= high
    assert covered >= 270
