import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

import kerasbert as kb
from kerasbert.evaluation.calibration import calibration_of, reliability


@pytest.mark.parametrize("bins", [1, 4, 10])
def test_bins_equal_scikit_learn(bins):
    random = np.random.default_rng(bins)
    probabilities = random.random(200).round(1)  # on the edges too
    y_true = random.random(200) < probabilities
    observed, predicted = calibration_curve(y_true, probabilities, n_bins=bins)
    result = reliability(y_true, probabilities, bins=bins)
    assert np.allclose(result["observed"], observed) and np.allclose(result["predicted"], predicted)
    assert sum(result["count"]) == 200


def test_few_predictions_have_a_wide_interval():
    result = reliability(np.array([1] + [0, 0, 0, 0, 1] * 100), np.array([0.9] + [0.2] * 500))
    for place, (hits, trials) in enumerate([(100, 500), (1, 1)]):
        expected = binomtest(hits, trials).proportion_ci(method="wilson")
        assert (result["low"][place], result["high"][place]) == pytest.approx((expected.low, expected.high))
    assert result["high"][1] - result["low"][1] > 10 * (result["high"][0] - result["low"][0])


def test_error_is_the_mean_gap_of_the_texts():
    result = reliability(np.array([1, 0, 0, 1]), np.array([0.9, 0.9, 0.9, 0.2]))
    assert result["expected_calibration_error"] == pytest.approx((3 * (0.9 - 1 / 3) + (1 - 0.2)) / 4)


def test_a_multiclass_head_is_measured_by_its_predictions(outcome):
    result = calibration_of(outcome)
    if outcome.task.name == "multiclass":
        right = (outcome.y_pred == outcome.y_true).mean()
        assert np.average(result["observed"], weights=result["count"]) == pytest.approx(right)
        assert np.average(result["predicted"], weights=result["count"]) == pytest.approx(
            outcome.probabilities.max(axis=1).mean()
        )
    else:
        assert sum(result["count"]) == outcome.y_true.size


def test_nothing_has_no_error():
    assert reliability(np.zeros(0), np.zeros(0))["expected_calibration_error"] is None


def test_shapes_must_agree():
    with pytest.raises(kb.DataError, match=r"must be of one shape \(n,\); got \(2,\) and \(3,\)"):
        reliability(np.zeros(2), np.zeros(3))
    with pytest.raises(kb.ConfigError, match="`bins` must be an integer >= 1; got 0"):
        reliability(np.zeros(2), np.zeros(2), bins=0)
