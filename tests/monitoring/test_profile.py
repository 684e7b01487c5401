import itertools

import numpy as np
import pytest
from toy_profiles import Rows

from kerasbert import Binary, ConfigError, Multiclass, Multilabel
from kerasbert.monitoring.profile import (
    LENGTH_EDGES,
    PROBABILITY_EDGES,
    Profile,
    check_same_classifier,
    histogram,
    length_bins,
    probability_bins,
)

TASKS = {"binary": Binary(), "multiclass": Multiclass(4), "multilabel": Multilabel(3)}


@pytest.mark.parametrize("task", TASKS)
def test_parts_merge_to_the_bit_to_the_profile_of_all_in_any_order_and_grouping(task):
    rows, rng = Rows(TASKS[task], 120, num_distinct=40), np.random.default_rng(1)
    whole = rows.profile(np.arange(120))
    for _ in range(20):
        places = rng.permutation(120)
        cuts = np.sort(rng.integers(0, 121, rng.integers(1, 7)))
        parts = [rows.profile(part) for part in np.split(places, cuts)]
        rng.shuffle(parts)
        while len(parts) > 1:  # a random tree
            one, other = (parts.pop(rng.integers(len(parts))) for _ in range(2))
            parts.append(one + other)
        assert parts[0] == whole and parts[0].to_bytes() == whole.to_bytes()


def test_merge_takes_any_number_of_profiles_and_refuses_none():
    rows = Rows(TASKS["multiclass"], 30)
    whole, parts = rows.profile(range(30)), [rows.profile(range(start, start + 10)) for start in (0, 10, 20)]
    assert Profile.merge([whole]) == whole
    assert all(Profile.merge(order) == whole for order in itertools.permutations(parts))
    with pytest.raises(ConfigError, match="`profiles` must be at least one profile; got none"):
        Profile.merge(iter([]))


def test_a_profile_of_no_text_changes_nothing():
    rows = Rows(TASKS["multilabel"], 12)
    empty, whole = rows.profile([]), rows.profile(range(12))
    assert empty + whole == whole == whole + empty and empty != whole
    assert (empty.unknown_share, empty.truncated_share, empty.length_quantile(0.5)) == (0, 0, 0)


def test_profiles_differ_where_one_count_does():
    rows = Rows(TASKS["multiclass"], 12)
    whole = rows.profile(range(12))
    assert whole != rows.profile(range(11)) and whole != "a profile"
    other = Rows(TASKS["multiclass"], 12, seed=1)
    assert whole != other.profile(range(12))


def test_profiles_of_two_classifiers_are_refused():
    rows = Rows(TASKS["binary"], 5)
    with pytest.raises(
        ConfigError, match="of two classifiers, a and b: weights, tokenizer, labels or thresholds differ"
    ):
        rows.profile(range(5), fingerprint="a") + rows.profile(range(5), fingerprint="b")


@pytest.mark.parametrize("settings", [{"size": 3}, {"keep_texts": False}], ids=lambda one: next(iter(one)))
def test_profiles_that_were_made_in_two_ways_are_refused(settings):
    rows = Rows(TASKS["binary"], 5)
    with pytest.raises(ConfigError, match="made in different ways"):
        check_same_classifier(rows.profile(range(5)), rows.profile(range(5), **settings))


def test_lengths_have_a_bin_each_up_to_128():
    lengths = np.array([0, 1, 127, 128, 139, 140, 10**7])
    assert np.array_equal(length_bins(lengths)[:4], lengths[:4])
    assert all(LENGTH_EDGES[bin_] <= length for bin_, length in zip(length_bins(lengths), lengths, strict=True))
    assert length_bins(lengths)[-1] == len(LENGTH_EDGES) - 1


def test_probabilities_are_told_apart_at_both_ends():
    tiny = np.array([0, 1e-5, 2e-5, 1e-4, 1e-3, 0.01, 0.5, 0.99, 0.999, 0.9999, 1], np.float32)
    bins = probability_bins(tiny)
    assert len(set(bins)) == len(tiny) and bins[0] == 0 and bins[-1] == len(PROBABILITY_EDGES)
    assert bins.tolist() == np.digitize(tiny.astype(np.float64), PROBABILITY_EDGES).tolist()


def test_histograms_equal_those_of_numpy():
    bins = np.random.default_rng(0).integers(0, 9, (50, 3))
    expected = [np.histogram(column, np.arange(10))[0] for column in bins.T]
    assert np.array_equal(histogram(bins, 9), expected) and np.array_equal(histogram(bins[:, 0], 9), expected[0])


def test_quantiles_of_lengths_are_those_of_numpy_where_bins_hold_one_length():
    rows = Rows(TASKS["binary"], 41)
    rows.lengths %= 128
    profile = rows.profile(range(41))
    for share in (0.1, 0.5, 0.95, 1.0):
        assert profile.length_quantile(share) == np.quantile(rows.lengths, share, method="inverted_cdf")


def test_representation():
    assert (
        repr(Rows(TASKS["binary"], 5).profile(range(5))) == "Profile(num_rows=5, 'probabilities': 2 labels, sample=5)"
    )
