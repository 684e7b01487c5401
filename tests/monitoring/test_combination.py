import numpy as np
import pytest
from scipy.stats import combine_pvalues, false_discovery_control

from kerasbert.monitoring.combination import combined_p_value, holm


def test_small_p_values_decide():
    assert combined_p_value([0.01]) == pytest.approx(0.01)
    assert combined_p_value([0.03, 0.03, 0.03]) == pytest.approx(0.03)
    # About Bonferroni's where one is far smaller than the others.
    assert combined_p_value([1e-6, 0.4, 0.6, 0.5]) == pytest.approx(4e-6, rel=0.01)
    assert combined_p_value([1e-200, 0.5]) == pytest.approx(2e-200)
    assert combined_p_value([0.0, 1.0]) < 1e-200 and combined_p_value([]) == 1


def test_weights_share_the_rate():
    assert combined_p_value([1e-5, 0.5], [3, 1]) == pytest.approx(1e-5 / 0.75, rel=0.01)
    assert combined_p_value([0.5, 1e-5], [3, 1]) == pytest.approx(4e-5, rel=0.01)


def test_a_p_value_of_1_does_not_outweigh_a_small_one():
    assert combined_p_value([0.001, 1.0, 1.0]) < 0.01


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_the_rate_holds_whatever_the_dependence(correlation):
    from scipy.stats import norm

    random = np.random.default_rng(0)
    shared = random.normal(size=(4000, 1))
    z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * random.normal(size=(4000, 10))
    alarms = np.mean([combined_p_value(row) <= 0.05 for row in 2 * norm.sf(np.abs(z))])
    assert 0.03 <= alarms <= 0.07


def test_holm_is_between_bonferroni_and_none():
    values = np.array([0.01, 0.04, 0.03, 0.9])
    assert holm(values) == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert (holm(values) >= false_discovery_control(values)).all() and len(holm([])) == 0
    assert combine_pvalues(values, "tippett").pvalue <= holm(values).min()
