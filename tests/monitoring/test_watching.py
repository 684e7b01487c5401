import numpy as np
import pytest
from trained_classifiers import LABELS, TEXTS

from kerasbert import ConfigError, DataError, load
from kerasbert.monitoring import (
    Profile,
    Profiler,
    compare_profiles,
    make_reference,
    monitor_texts,
    reference_of,
    watching,
)

DAYS = ["2026-03-01", "2026-03-02T10:00", "2026-03-03 23:59:59", "2026-03-04"] * 20
OTHER = ["? " * 25] * 80


def test_texts_like_those_of_the_reference_give_no_alarm(watched):
    report = monitor_texts(watched, TEXTS * 10)
    assert not report.alarm and report.verdict == "No change is seen." and report.advice == []
    assert report.check == compare_profiles(
        reference_of(watched).profile, Profiler(watched).profile(TEXTS * 10), tokenizer=watched.tokenizer
    )
    assert report.buckets == [] and report.time_bucket is None


def test_other_texts_give_an_alarm_and_advice(watched):
    report = monitor_texts(watched, OTHER)
    assert report.alarm and report.check.kind == "input" and report.verdict == "The texts have changed."
    assert report.advice == list(report.check.advice) != []


def test_each_time_is_compared_by_itself_at_its_part_of_half_of_the_rate(watched):
    report = monitor_texts(watched, TEXTS * 10, LABELS * 10, times=DAYS, false_alarm_rate=0.08)
    assert [bucket.name for bucket in report.buckets] == [f"2026-03-0{day}" for day in (1, 2, 3, 4)]
    assert report.check.level == 0.04 and [bucket.check.level for bucket in report.buckets] == [0.01] * 4
    assert Profile.merge(bucket.profile for bucket in report.buckets) == report.window
    assert report.window == Profiler(watched).profile(TEXTS * 10, LABELS * 10) and report.time_bucket == "day"


def test_a_time_that_differs_gives_the_alarm(watched):
    texts = TEXTS * 60
    rows = [place for place in range(480) if place % 48 == 5]
    for row in rows:
        texts[row] = OTHER[0]
    times = ["2026-03-02" if row in rows else "2026-03-01" for row in range(480)]
    report = monitor_texts(watched, texts, times=times)
    assert report.alarm and [bucket.name for bucket in report.alarms] == ["2026-03-02"]
    if not report.check.alarm:
        assert "2026-03-02; all texts together do not" in report.verdict and report.telling.num_texts == len(rows)


def test_a_time_of_one_text_is_counted_and_not_compared(watched):
    report = monitor_texts(watched, TEXTS * 2, times=["2026-03-01"] * 15 + ["2026-03-09"])
    assert [bucket.check is None for bucket in report.buckets] == [False, True]
    assert report.buckets[0].check.level == 0.025 and report.buckets[1].profile.num_rows == 1


def test_pieces_make_no_difference(watched, monkeypatch):
    options = {"times": DAYS, "slices": {"source": ["app", "web"] * 40}}
    whole = monitor_texts(watched, OTHER[:40] + TEXTS * 5, **options)
    monkeypatch.setattr(watching, "PIECE", 17)
    assert monitor_texts(watched, OTHER[:40] + TEXTS * 5, **options).to_dict() == whole.to_dict()


def test_an_alarm_is_looked_for_in_slices(saved_classifier):
    classifier = load(saved_classifier("multilabel"))
    flags = classifier.trained_.y_pred(classifier.trained_.probabilities(TEXTS))["probabilities"]
    one, other = TEXTS[0], TEXTS[int(np.flatnonzero((flags != flags[0]).any(axis=1))[0])]
    slices = {"source": ["app"] * 40 + ["web"] * 40}
    reference = make_reference(classifier, TEXTS * 10)
    report = monitor_texts(classifier, [one] * 40 + [other] * 40, slices=slices, reference=reference)
    assert report.alarm and {(own.column, own.value) for own in report.check.slices} == {
        ("source", "app"),
        ("source", "web"),
    }


def test_plain_data_and_representation(watched):
    report = monitor_texts(watched, OTHER, ["x"] * 40 + [None] * 40, times=DAYS)
    plain = report.to_dict()
    assert (
        plain["alarm"] and plain["texts"]["num_texts"] == 80 and plain["texts"]["num_labelled"] == {"probabilities": 40}
    )
    assert plain["reference"]["fingerprint"] == Profiler(watched).fingerprint and len(plain["buckets"]) == 4
    assert repr(report).startswith("MonitorReport: ALARM; 80 texts against 80, p = ")


def test_what_cannot_be_compared_is_refused(watched, saved_classifier):
    for texts in ([], ["one"]):
        with pytest.raises(
            DataError, match=f"must hold at least 2 texts to be compared with the reference; got {len(texts)}"
        ):
            monitor_texts(watched, texts)
    with pytest.raises(DataError, match="`times` must have one for each of 2 texts; got 1"):
        monitor_texts(watched, TEXTS[:2], times=["2026-01-01"])
    with pytest.raises(DataError, match="`times` must hold times .* row 2 is 'yesterday'"):
        monitor_texts(watched, TEXTS[:2], times=["2026-01-01", "yesterday"])
    with pytest.raises(ConfigError, match="`time_bucket` must be one of .*; got 'dya'. Did you mean 'day'"):
        monitor_texts(watched, TEXTS[:2], time_bucket="dya")
    with pytest.raises(ConfigError, match="`false_alarm_rate` must be"):
        monitor_texts(watched, TEXTS[:2], false_alarm_rate=0)
    with pytest.raises(ConfigError, match="has no reference to compare with"):
        monitor_texts(saved_path(saved_classifier), TEXTS)


def test_a_given_reference_is_used_and_another_classifiers_refused(watched, saved_classifier):
    reference = make_reference(watched, OTHER)
    assert monitor_texts(watched, TEXTS * 10, reference=reference).alarm
    with pytest.raises(ConfigError, match="The reference is of another classifier"):
        monitor_texts(saved_path(saved_classifier), TEXTS, reference=reference)


def saved_path(saved_classifier):
    return load(saved_classifier("binary"))
