import datetime

import numpy as np
import pandas
import pytest
from toy_drift import draw

from kerasbert import DataError
from kerasbert.monitoring.window_slices import add_slices, checked_slices, count_slices, slice_facts, time_buckets


def test_slices_count_labels_and_parts_add_up():
    random = np.random.default_rng(0)
    flags, source = random.random((40, 3)) < 0.4, random.choice(["app", "web"], 40).tolist()
    whole = count_slices({"source": source}, {"head": flags})
    parts = [count_slices({"source": source[rows]}, {"head": flags[rows]}) for rows in (slice(0, 7), slice(7, 40))]
    summed = add_slices(*parts)
    for value in ("app", "web"):
        inside = np.array(source) == value
        assert whole["source", value].predicted["head"].tolist() == flags[inside].sum(axis=0).tolist()
        assert summed["source", value].num_rows == whole["source", value].num_rows == inside.sum()
        assert np.array_equal(summed["source", value].predicted["head"], whole["source", value].predicted["head"])


def test_the_slice_that_holds_a_label_is_named_and_others_are_not():
    window = draw("multilabel", 400, seed=0)
    (head,) = window.heads
    predicted = window.heads[head].num_predicted
    total = int(predicted[2])
    others = np.array([predicted[0] // 2, predicted[1] // 2, total])
    slices = count_slices({"source": ["app"] * 200 + ["web"] * 200}, {head: np.zeros((400, 3), bool)})
    slices["source", "app"].predicted[head][:] = others
    slices["source", "web"].predicted[head][:] = predicted - others
    facts = {one.value: one for one in slice_facts(slices, window)}
    assert [one.name for one in facts["app"].moved] == ["c"] and facts["app"].moved[0].window == total / 200
    assert facts["web"].moved[0].effect < 0 and facts["web"].texts == 200


def test_slices_without_a_difference_or_of_all_texts_are_not_named():
    window, random = draw("multilabel", 300, seed=0), np.random.default_rng(0)
    (head,) = window.heads
    flags = np.zeros((300, 3), bool)
    for place, number in enumerate(window.heads[head].num_predicted):
        flags[random.choice(300, number, replace=False), place] = True
    columns = {"source": random.choice(list("abcdef"), 300).tolist(), "same": ["x"] * 300}
    assert slice_facts(count_slices(columns, {head: flags}), window) == []
    assert slice_facts({}, window) == []


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [("hour", "2026-01-31 23 h"), ("day", "2026-01-31"), ("week", "2026-W05"), ("month", "2026-01")],
)
def test_times_of_all_kinds_have_a_bucket(bucket, expected):
    moment = datetime.datetime(2026, 1, 31, 23, 5, tzinfo=datetime.UTC)
    times = [
        moment,
        moment.isoformat(),
        moment.timestamp(),
        np.datetime64("2026-01-31T23:05"),
        pandas.Timestamp(moment),
    ]
    assert time_buckets(times, bucket) == [expected] * 5
    assert time_buckets([datetime.date(2026, 1, 31)], "day") == ["2026-01-31"]


@pytest.mark.parametrize("value", ["yesterday", None, float("nan"), 1e300])
def test_what_is_no_time_is_refused_by_its_row(value):
    with pytest.raises(DataError, match=r"`times` must hold times such as '2026-01-31T12:00:00'.*; row 2 is"):
        time_buckets([0, value], "day")


def test_columns_that_cannot_be_used_are_refused():
    assert checked_slices(None, 3) == {} and checked_slices({"a": (1, None)}, 2) == {"a": ["1", "None"]}
    with pytest.raises(TypeError, match=r"`slices` must be a dict of columns, such as .*; got \['app'\] of type list"):
        checked_slices(["app"], 1)
    with pytest.raises(DataError, match="`slices` column 'a' must have a value for each of 2 texts; got 1"):
        checked_slices({"a": [1]}, 2)
    with pytest.raises(
        DataError, match="`slices` must have no column 'time', which `times` fills; give it another name"
    ):
        checked_slices({"time": [1]}, 1)
    with pytest.raises(DataError, match="`slices` column 'a' must hold values of at most 200 characters; got 'xxx"):
        checked_slices({"a": ["x" * 201]}, 1)
    counts = count_slices({"user": [str(number) for number in range(1001)]}, {"head": np.zeros((1001, 1), bool)})
    with pytest.raises(
        DataError, match="`slices` column 'user' has more than 1,000 values in a window, .* a coarser one"
    ):
        add_slices({}, counts)
