import json

import numpy as np
import pytest
from toy_drift import SHARES, TASKS, draw
from toy_profiles import VOCABULARY

from kerasbert import ConfigError
from kerasbert.monitoring.comparison import compare_profiles
from kerasbert.monitoring.drift_check import DriftCheck


def alarming(check):
    return {test.name for test in check.tests if test.alarm}


@pytest.mark.parametrize("task", TASKS)
def test_windows_like_the_reference_alarm_as_often_as_they_should(task):
    # 40 windows at 20 %: 8, give or take 4 standard deviations of 2.5.
    checks = [
        compare_profiles(draw(task, 400, seed=2 * seed), draw(task, 60, seed=2 * seed + 1), false_alarm_rate=0.2)
        for seed in range(40)
    ]
    assert 1 <= sum(check.alarm for check in checks) <= 18
    assert all(check.kind == "same" and not alarming(check) for check in checks if not check.alarm)


@pytest.mark.parametrize("task", TASKS)
def test_a_label_whose_share_doubles_is_named_with_its_estimated_share(task):
    changed = (0.4, 0.6) if task == "binary" else (SHARES[0], SHARES[1], 0.4)
    check = compare_profiles(draw(task, 2000, seed=0), draw(task, 800, seed=1, shares=changed, labelled=False))
    (labels,) = [test for test in check.tests if test.name == "labels"]
    last = TASKS[task].label_names[-1]
    assert check.alarm and check.kind == "labels" and "labels" in alarming(check)
    moved = {one.name: one for one in labels.moved}
    assert moved[last].effect > 0 and moved[last].interval[0] > 0 and moved[last].p_value < 0.05
    share = next(one for one in check.shares if one.label == last)
    total = sum(changed) if TASKS[task].exclusive else 1
    assert share.interval[0] <= changed[-1] / total <= share.interval[1]
    assert any(last in sentence for sentence in check.advice)


def test_another_kind_of_text_is_named():
    words = np.where(np.arange(VOCABULARY) < 10, 0.6, 0.02)
    reference = draw("multilabel", 2000, seed=0, words=words)
    check = compare_profiles(reference, draw("multilabel", 50, seed=1, shift=3, length=25, words=words[::-1]))
    assert check.kind == "other_text" and {"vectors", "words", "lengths"} <= alarming(check)
    assert check.advice[0].startswith("Do not use the predictions of this window")
    tests = {test.name: test for test in check.tests}
    assert {one.name for one in tests["words"].moved} <= {str(word) for word in range(VOCABULARY)}
    assert tests["vectors"].effect > 0.9 and tests["words"].effect > 2
    assert "tokens and more" in tests["lengths"].moved[0].name


def test_longer_texts_are_a_change_of_the_input():
    check = compare_profiles(draw("multiclass", 2000, seed=0), draw("multiclass", 400, seed=1, length=15))
    assert check.kind == "input" and alarming(check) == {"lengths"} and "other lengths" in check.advice[0]


def test_accuracy_is_told_where_labels_are_known_and_estimated_everywhere():
    reference, window = draw("multiclass", 2000, seed=0), draw("multiclass", 500, seed=1, errors=0.9)
    check = compare_profiles(reference, window)
    (facts,) = check.accuracy
    (head,) = window.heads.values()
    assert facts.accuracy == head.num_right / 500 and facts.interval[0] < facts.accuracy < facts.interval[1]
    assert check.alarm and "accuracy" in alarming(check) and facts.estimated < facts.reference
    (facts,) = compare_profiles(reference, draw("multiclass", 500, seed=1, labelled=False)).accuracy
    assert (facts.labelled, facts.accuracy) == (0, None) and facts.estimated == pytest.approx(facts.reference, abs=0.05)


def test_a_reference_without_labels_estimates_nothing():
    check = compare_profiles(draw("multilabel", 200, seed=0, labelled=False), draw("multilabel", 100, seed=1))
    assert all(share.estimated is None for share in check.shares)
    assert check.accuracy[0].reference is None and "accuracy" not in {test.name for test in check.tests}


def test_a_check_comes_back_from_json():
    check = compare_profiles(draw("multilabel", 300, seed=0), draw("multilabel", 200, seed=1, shares=(0.1, 0.1, 0.1)))
    assert DriftCheck.from_dict(json.loads(json.dumps(check.to_dict()))).to_dict() == check.to_dict()
    assert check.to_dict()["summary"] and "ALARM" in repr(check) and len(check.to_frame()) == len(check.tests)


def test_profiles_that_cannot_be_compared_are_refused():
    reference = draw("multilabel", 100, seed=0)
    with pytest.raises(ConfigError, match="`window` must hold at least 2 texts to be compared; got 1. Add more texts."):
        compare_profiles(reference, draw("multilabel", 1, seed=1))
    with pytest.raises(ConfigError, match="`window` must hold at least 2 texts to be compared; got 0"):
        compare_profiles(reference, draw("multilabel", 0, seed=1))
    with pytest.raises(ConfigError, match=r"`false_alarm_rate` must be a number in \(0, 1\); got 1"):
        compare_profiles(reference, reference, false_alarm_rate=1)
    with pytest.raises(ConfigError, match="made in different ways"):
        compare_profiles(reference, draw("multiclass", 100, seed=1))
