import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from kerasbert.uncertainty.combination import (
    cross_fitted,
    standardise,
    weights_with_examples,
    weights_without_examples,
)


def drawn(number=500):
    """Three scores, of which the first two say nearly the same."""
    random = np.random.default_rng(0)
    shared, own = random.normal(size=(number, 1)), random.normal(size=(number, 3))
    scores = np.concatenate([shared + 0.2 * own[:, :2], own[:, 2:]], axis=1)
    middle, spread = standardise(scores)
    return (scores - middle) / spread


def test_without_examples_the_weights_have_the_best_ratio_of_shift_to_spread():
    scores = drawn()
    weights = weights_without_examples(scores)
    covariance = np.cov(scores.T) + 0.05 * np.eye(3)

    def spread_per_shift(values):
        return values @ covariance @ values / values.sum() ** 2

    best = minimize(spread_per_shift, np.ones(3), bounds=[(0, None)] * 3)
    assert spread_per_shift(weights) == pytest.approx(best.fun, rel=1e-5)
    assert weights.sum() == pytest.approx(1) and weights[2] > weights[0]


def test_no_weight_is_negative_and_one_score_has_all():
    scores = drawn()
    twins = np.concatenate([scores[:, :1], 0.9 * scores[:, :1] + 0.1 * scores[:, 1:]], axis=1)
    assert (weights_without_examples(twins) >= 0).all()
    assert weights_without_examples(scores[:, :1]).tolist() == [1.0]


def test_with_examples_they_are_those_of_a_logistic_regression():
    inside = drawn()
    outside = inside[:40] + [2.0, 0.0, 1.0]
    model = LogisticRegression().fit(np.concatenate([inside, outside]), np.repeat([0, 1], [500, 40]))
    weights = weights_with_examples(inside, outside)
    np.testing.assert_allclose(weights, model.coef_[0] / np.abs(model.coef_[0]).sum())


def test_each_score_is_of_weights_that_were_fitted_without_it():
    inside = drawn(50)
    scores = cross_fitted(inside, None, weights_without_examples)
    others = np.arange(50) % 5 != 2
    middle, spread = standardise(inside[others])
    weights = weights_without_examples((inside[others] - middle) / spread)
    np.testing.assert_allclose(scores[~others], ((inside[~others] - middle) / spread) @ weights)


def test_a_score_that_never_changes_is_not_divided_by_nothing():
    assert standardise(np.ones((4, 1)))[1].tolist() == [1.0]
