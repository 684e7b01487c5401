import dataclasses

import numpy as np
import pytest
from toy_drift import texts_of

from kerasbert import ConfigError, DataError
from kerasbert.monitoring.comparison import compare_profiles
from kerasbert.monitoring.drift_monitor import DriftMonitor
from kerasbert.monitoring.profiler import Profiler
from kerasbert.monitoring.reference import make_reference, reference_of
from kerasbert.saving.folder import load_trained


def same(first, second):
    return first.to_dict() == second.to_dict()


def test_full_windows_are_checked_like_their_profiles(monitored):
    monitor, texts = DriftMonitor(monitored, window=40), texts_of(100, start=500)
    found = monitor.update(texts[:30]) + monitor.update(texts[30:])
    assert [check.window_number for check in found] == [1, 2] and monitor.num_texts == 20 and monitor.checks == found
    profiler = Profiler(monitored, sample_size=reference_of(monitored).profile.sample.size)
    expected = compare_profiles(
        reference_of(monitored).profile, profiler.profile(texts[:40]), tokenizer=monitored.tokenizer
    )
    assert same(found[0], expected)


def test_a_window_can_be_checked_before_it_is_full(monitored):
    monitor = DriftMonitor(monitored, window=40)
    with pytest.raises(
        ConfigError, match="The window must hold at least 2 texts to be checked; it holds 0. Call `update`"
    ):
        monitor.check()
    assert monitor.update([]) == []
    monitor.update(texts_of(1))
    with pytest.raises(ConfigError, match="at least 2 texts to be checked; it holds 1"):
        monitor.check()
    monitor.update(texts_of(9, start=1))
    check = monitor.check()
    assert (check.num_texts, check.number, check.window_number, monitor.num_texts) == (10, 1, 1, 10)


def test_one_text_over_and_over_is_an_alarm_and_its_slices_are_named(saved_classifier):
    trained, texts = load_trained(saved_classifier("multilabel")), texts_of(300)
    probabilities = trained.probabilities(texts)["probabilities"]
    # Each label is predicted for half of the texts.
    trained = dataclasses.replace(trained, thresholds={"probabilities": np.median(probabilities, axis=0)})
    order = np.argsort(probabilities[:, 0])
    monitor = DriftMonitor(trained, reference=make_reference(trained, texts), window=60, time_bucket="hour")
    (check,) = monitor.update(
        [texts[row] for row in order[:30]] + [texts[order[-1]]] * 30,
        slices={"source": ["web"] * 30 + ["app"] * 30},
        times=["2026-01-31T10:00:00"] * 30 + ["2026-01-31T11:30:00"] * 30,
    )
    expected = {("source", "app"), ("source", "web"), ("time", "2026-01-31 10 h"), ("time", "2026-01-31 11 h")}
    assert check.alarm and {(one.column, one.value) for one in check.slices} == expected
    assert all(trained.classes[0] in {moved.name for moved in one.moved} for one in check.slices)


def test_the_guarantee_of_ever_spends_the_rate_once(monitored):
    monitor = DriftMonitor(monitored, window=10, false_alarm_rate=0.1, guarantee="ever")
    levels = [check.level for check in monitor.update(texts_of(40))]
    assert levels == pytest.approx([0.1 / 2, 0.1 / 6, 0.1 / 12, 0.1 / 20]) and sum(levels) < 0.1


def test_labels_count_in_the_window_of_their_text_however_late_they_come(monitored):
    monitor, texts = DriftMonitor(monitored, window=20), texts_of(30, start=700)
    true = monitored.predict(texts).tolist()
    wrong = next(name for name in monitored.classes if name != true[0])
    (check,) = monitor.update(texts, [true[0], wrong, *[None] * 28], ids=range(30))
    first_right = 1 + (true[1] == wrong)
    assert (check.accuracy[0].labelled, check.accuracy[0].accuracy) == (2, first_right / 2)
    # Two of the closed window, one of the open one, one that has its label, one that nobody knows.
    assert monitor.add_labels([2, 3, 25, 0, "x"], [true[2], true[3], true[25], true[0], true[0]]) == 3
    (facts,) = monitor.checks[0].accuracy
    assert (facts.labelled, facts.accuracy) == (4, (first_right + 2) / 4) and facts.interval[0] < facts.accuracy
    assert monitor.check().accuracy[0].labelled == 1
    assert monitor.add_labels([2], [true[2]]) == 0


def test_late_labels_leave_the_counts_of_labels_at_once(monitored):
    texts = texts_of(12, start=900)
    true = monitored.predict(texts).tolist()
    at_once, late = DriftMonitor(monitored, window=50), DriftMonitor(monitored, window=50)
    at_once.update(texts, true)
    late.update(texts, ids=texts)
    late.add_labels(texts, true)
    assert same(at_once.check(), late.check())


@pytest.mark.parametrize("changed", ["window", "guarantee"])
def test_a_state_goes_on_where_the_last_monitor_stopped(monitored, tmp_path, changed):
    texts, ids = texts_of(70, start=300), list(range(70))
    whole = DriftMonitor(monitored, window=30)
    expected = whole.update(texts, ids=ids, slices={"a": ids})
    found = []
    for start in range(0, 70, 14):
        rows = slice(start, start + 14)
        monitor = DriftMonitor(monitored, window=30, state=tmp_path / "state")
        found += monitor.update(texts[rows], ids=ids[rows], slices={"a": ids[rows]})
    assert len(found) == 2 and all(map(same, found, expected)) and all(map(same, monitor.checks, expected))
    assert monitor.num_texts == whole.num_texts == 10 and same(monitor.check(), whole.check())
    settings = {"window": 30, "guarantee": "each", changed: {"window": 31, "guarantee": "ever"}[changed]}
    with pytest.raises(ConfigError, match=f"`{changed}` must be .*, with which the state .* was begun; got"):
        DriftMonitor(monitored, state=tmp_path / "state", **settings)


def test_a_batch_is_counted_once(monitored, tmp_path):
    monitor = DriftMonitor(monitored, window=50, state=tmp_path / "state")
    for _ in range(2):
        monitor.update(texts_of(5), batch="part 1")
    assert monitor.num_texts == 5


def test_an_error_counts_nothing(monitored, tmp_path):
    for state in (None, tmp_path / "state"):
        monitor = DriftMonitor(monitored, window=4, state=state)
        monitor.update(texts_of(2), slices={"a": [1, 2]})
        with pytest.raises(
            DataError, match=r"must be the same columns for all texts of a window: \['a'\] so far; got \[\]"
        ):
            monitor.update(texts_of(3))
        assert monitor.num_texts == 2 and not monitor.checks


def test_what_cannot_be_used_is_refused(monitored, tmp_path):
    monitor = DriftMonitor(monitored, window=10)
    with pytest.raises(DataError, match="`ids` must be 2 different ones, one a text; got 2, 1 different"):
        monitor.update(texts_of(2), ids=["a", "a"])
    with pytest.raises(DataError, match="`times` must have one for each of 2 texts; got 1"):
        monitor.update(texts_of(2), times=[0])
    with pytest.raises(DataError, match="`labels` must have one row for each of 2 ids; got 1"):
        monitor.add_labels([1, 2], [monitored.classes[0]])
    with pytest.raises(TypeError, match="`reference` must be a Reference, as `make_reference` makes it; got"):
        DriftMonitor(monitored, reference=reference_of(monitored).profile)
    with pytest.raises(ConfigError, match="`guarantee` must be one of 'each', 'ever'; got 'always'"):
        DriftMonitor(monitored, guarantee="always")
    with pytest.raises(ConfigError, match="`window` must be an integer >= 2; got 1"):
        DriftMonitor(monitored, window=1)
    with pytest.raises(ConfigError, match="The classifier has no reference to compare with; make one"):
        DriftMonitor(dataclasses.replace(monitored, attachments={}))


def test_a_reference_or_a_state_of_another_classifier_is_refused(monitored, tmp_path):
    other = dataclasses.replace(
        monitored, thresholds={"probabilities": np.full(len(monitored.classes), 0.4)}, attachments={}
    )
    with pytest.raises(ConfigError, match="The reference is of another classifier"):
        DriftMonitor(other, reference=reference_of(monitored))
    DriftMonitor(monitored, state=tmp_path / "state")
    with pytest.raises(ConfigError, match="is of another classifier: weights, tokenizer, labels or thresholds differ"):
        DriftMonitor(other, reference=make_reference(other, texts_of(5)), state=tmp_path / "state", window=1000)


def test_a_folder_is_watched_too(monitored, tmp_path):
    monitored.save(tmp_path / "classifier")
    monitor = DriftMonitor(tmp_path / "classifier", window=20)
    assert same(monitor.update(texts_of(20))[0], DriftMonitor(monitored, window=20).update(texts_of(20))[0])
