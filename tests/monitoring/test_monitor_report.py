import dataclasses

import pytest
from toy_profiles import Rows

from kerasbert import Multiclass
from kerasbert.monitoring import Bucket, DriftCheck, MonitorReport, Profile, Reference

ROWS = Rows(Multiclass(["x", "y", "z"]), 40)
SAME = DriftCheck(False, 0.4, 0.025, "same", 40, 40, [])
LABELS = DriftCheck(True, 0.001, 0.025, "labels", 40, 40, [], advice=["Look at texts."])


def report_of(check, *checks):
    profiles = [ROWS.profile(range(start, start + 10)) for start in range(0, 40, 10)]
    buckets = [Bucket(f"day {n}", profile, one) for n, (profile, one) in enumerate(zip(profiles, checks, strict=False))]
    reference = Reference(profiles[0], "2026-01-31", "texts", 10)
    return MonitorReport(check, Profile.merge(profiles), reference, buckets, 0.05, "day" if checks else None)


def test_the_verdict_is_that_of_all_texts_where_these_give_an_alarm():
    report = report_of(LABELS, SAME, LABELS)
    assert report.alarm and report.verdict == "The shares of labels have changed; the texts are of the same kind."
    assert report.telling is report.check and report.advice == ["Look at texts."]
    assert repr(report).split("\n")[2] == "alarm on day 1"


def test_times_alone_give_an_alarm_of_which_the_surest_tells():
    surest = dataclasses.replace(LABELS, p_value=1e-6, advice=["Read them."])
    report = report_of(SAME, LABELS, surest, None, SAME)
    assert report.alarm and [bucket.name for bucket in report.alarms] == ["day 0", "day 1"]
    assert report.telling is surest and report.advice == ["Read them."]
    assert report.verdict == "Some times differ from the reference, day 0, day 1; all texts together do not."


@pytest.mark.parametrize("checks", [(), (SAME, SAME, None)], ids=["without times", "with times"])
def test_without_an_alarm_there_is_no_advice(checks):
    report = report_of(SAME, *checks)
    assert not report.alarm and report.advice == [] and report.verdict == "No change is seen."
    assert ("3 times, none gives an alarm" in repr(report)) == bool(checks)


def test_plain_data_counts_what_the_profiles_count():
    plain = report_of(SAME, SAME, None).to_dict()
    assert plain["texts"]["num_texts"] == 40 and sum(plain["texts"]["predicted"]["probabilities"].values()) == 40
    assert plain["buckets"][1]["check"] is None and plain["buckets"][0]["check"]["kind"] == "same"
    assert plain["reference"]["source"] == "texts" and plain["reference"]["num_texts"] == 10
