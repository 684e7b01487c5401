import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.uncertainty.detection import score_detection


def test_the_figures_by_brute_force():
    random = np.random.default_rng(0)
    inside, outside = random.normal(size=60).round(1), random.normal(1.5, 1, 25).round(1)
    found = score_detection(inside, outside, threshold=1.0, resamples=50)
    pairs = np.sign(outside[:, None] - inside[None, :])
    assert found["auroc"] == pytest.approx(((pairs + 1) / 2).mean())
    limits = np.unique(np.concatenate([inside, outside]))[::-1]
    hits = np.array([(outside >= limit).sum() for limit in limits])
    precision = hits / (hits + np.array([(inside >= limit).sum() for limit in limits]))
    assert found["auprc"] == pytest.approx((np.diff(hits, prepend=0) / len(outside) * precision).sum())
    lowest = min(limit for limit in inside if (inside <= limit).mean() >= 0.95)
    assert found["fpr_at_95"] == pytest.approx((outside <= lowest).mean())
    assert (found["kept"], found["rejected"]) == ((inside <= 1).mean(), (outside > 1).mean())
    assert (found["num_in_scope"], found["num_out_of_scope"]) == (60, 25)
    for name in ("auroc", "auprc"):
        low, high = found["intervals"][name]
        assert low < found[name] < high


def test_without_a_threshold_nothing_is_rejected():
    assert "kept" not in score_detection(np.zeros(2), np.ones(2), resamples=2)


@pytest.mark.parametrize(("inside", "outside"), [([], [1.0]), ([1.0], []), ([[1.0]], [1.0])])
def test_texts_of_both_kinds_are_needed(inside, outside):
    with pytest.raises(
        DataError, match="`in_scope` and `out_of_scope` must hold one score for each text, and at least one"
    ):
        score_detection(np.array(inside), np.array(outside))


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(DataError, match="must hold finite numbers; got NaN or infinity"):
        score_detection(np.array([np.nan]), np.ones(2))
    with pytest.raises(ConfigError, match="`resamples` must be an integer >= 1; got 0"):
        score_detection(np.zeros(2), np.ones(2), resamples=0)
