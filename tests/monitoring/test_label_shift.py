import numpy as np
import pytest

from kerasbert.monitoring.label_shift import exclusive_shares, independent_shares


def test_independent_shares_solve_the_equation():
    # 80 % of 100 texts are found, 10 % of 900 others too; a share of 30 % would be predicted for 31 %.
    confusion = np.array([[[810, 90], [20, 80]]])
    estimate, low, high = independent_shares(confusion, np.array([31]), 100)
    assert estimate.item() == pytest.approx(0.3) and low.item() < 0.3 < high.item()


def test_what_cannot_be_estimated_is_nan():
    confusion = np.array([[[0, 0], [20, 80]], [[50, 50], [50, 50]], [[100, 0], [0, 0]]])
    assert np.isnan(independent_shares(confusion, np.array([5, 5, 5]), 10)).all()


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_intervals_of_independent_shares_cover(share):
    random, times = np.random.default_rng(0), 1000
    true = random.binomial(800, 0.1, times)
    hits, passes = random.binomial(true, 0.6), random.binomial(800 - true, 0.95)
    confusion = np.moveaxis(np.array([[passes, 800 - true - passes], [true - hits, hits]]), 2, 0)
    predicted = random.binomial(300, share * 0.6 + (1 - share) * 0.05, times)
    _, low, high = independent_shares(confusion, predicted, 300)
    assert 0.93 <= ((low <= share) & (share <= high)).mean() <= 0.995


def test_exclusive_shares_are_the_solution_of_the_linear_equations_where_it_is_a_distribution():
    confusion = np.array([[900, 50, 50], [20, 170, 10], [30, 30, 140]])
    rates = confusion / confusion.sum(axis=1, keepdims=True)
    predicted = 10_000 * (np.array([0.2, 0.5, 0.3]) @ rates)
    estimate, low, high = exclusive_shares(confusion, predicted)
    assert estimate == pytest.approx([0.2, 0.5, 0.3], abs=0.005)
    assert (low < estimate).all() and (estimate < high).all()


def test_exclusive_shares_stay_a_distribution_where_the_equations_have_none():
    confusion = np.array([[90, 10, 0], [10, 90, 0], [0, 0, 0]])
    estimate, low, high = exclusive_shares(confusion, np.array([100, 0, 0]))
    assert estimate[:2] == pytest.approx([1, 0], abs=1e-3) and np.isnan([estimate[2], low[2], high[2]]).all()
    assert exclusive_shares(confusion, np.array([0, 0, 5]))[0][:2].sum() == pytest.approx(1)


def test_intervals_of_exclusive_shares_cover():
    random = np.random.default_rng(0)
    rates = np.array([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    true, covered = np.array([0.2, 0.5, 0.3]), []
    for _ in range(200):
        confusion = np.stack(
            [random.multinomial(number, row) for number, row in zip((500, 300, 100), rates, strict=True)]
        )
        _, low, high = exclusive_shares(confusion, random.multinomial(400, true @ rates))
        covered.append((low <= true) & (true <= high))
    assert 0.92 <= np.mean(covered) <= 0.99
