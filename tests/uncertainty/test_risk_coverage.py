import itertools

import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.uncertainty.risk_coverage import risk_coverage, without_curve


def brute_force(confidence, wrong):
    """The mean risk over all numbers of answers, over every order of equal confidences."""
    areas = []
    for order in itertools.permutations(range(len(wrong))):
        ordered = [confidence[place] for place in order]
        if ordered == sorted(ordered, reverse=True):
            areas.append(
                np.mean([np.mean([wrong[place] for place in order[:size]]) for size in range(1, len(order) + 1)])
            )
    return np.mean(areas)


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_the_mean_over_every_order_of_equal_confidences(seed):
    random = np.random.default_rng(seed)
    confidence, correct = random.integers(0, 4, 7) / 4, random.random(7) < 0.6
    found = risk_coverage(confidence, correct, resamples=5)
    assert found["aurc"] == pytest.approx(brute_force(confidence, ~correct))
    best = brute_force(correct.astype(float), ~correct)
    assert found["excess_aurc"] == pytest.approx(found["aurc"] - best)


def test_a_perfect_order_has_no_excess_and_no_errors_no_area():
    correct = np.arange(50) % 5 > 0
    assert risk_coverage(correct.astype(float), correct, resamples=5)["excess_aurc"] == pytest.approx(0)
    assert risk_coverage(np.arange(50), np.ones(50, bool), resamples=5)["aurc"] == 0


def test_the_curve_ends_at_the_error_rate_and_has_few_points():
    random = np.random.default_rng(0)
    correct = random.random(1000) < 0.8
    found = risk_coverage(random.random(1000) + correct, correct, resamples=20)
    assert found["coverage"][-1] == 1.0 and found["risk"][-1] == pytest.approx(1 - correct.mean())
    assert len(found["risk"]) == 101 and found["risk"] == sorted(found["risk"])
    low, high = found["interval"]
    assert low < found["aurc"] < high
    assert set(without_curve(found)) == {"aurc", "excess_aurc", "interval"}


def test_without_predictions_or_with_other_shapes_it_is_refused():
    with pytest.raises(
        DataError, match=r"`confidence` and `correct` must be of one shape \(n,\) with n >= 1; got \(0,\)"
    ):
        risk_coverage(np.zeros(0), np.zeros(0, bool))
    with pytest.raises(ConfigError, match=r"`level` must be a number in \(0, 1\); got 1"):
        risk_coverage(np.zeros(1), np.zeros(1, bool), level=1)
