"""Two classifiers on the same texts, and one on two data sets."""

import dataclasses

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.evaluation.comparison import Judged
from kerasbert.evaluation.paired import paired_p_values
from kerasbert.evaluation.side_by_side import OtherSide, compare_sides, judge_other_side

NAMES = ("mine", "theirs")


def another(outcome, flipped=20):
    """The same texts, of which the first ones are predicted as the texts after them."""
    y_pred = outcome.y_pred.copy()
    y_pred[:flipped] = outcome.y_pred[1 : flipped + 1]
    return dataclasses.replace(outcome, y_pred=y_pred)


def beside(outcome, other, same_texts=True):
    return compare_sides({"head": outcome}, OtherSide(Judged({"head": other}, {}), NAMES, same_texts))["head"]


def test_the_same_texts_are_compared_text_by_text(outcome):
    other = another(outcome)
    found = beside(outcome, other)
    p_values = paired_p_values(outcome, other)
    assert [row["p_value"] for row in found["rows"]] == [p_values[row["key"]] for row in found["rows"]]
    own, theirs = outcome.score()["accuracy"], other.score()["accuracy"]
    assert found["rows"][0]["values"] == [own, theirs] or found["rows"][1]["values"] == [own, theirs]
    right, other_right = ((one.true_flags == one.predicted_flags).all(axis=1) for one in (outcome, other))
    assert found["gained"]["count"] == (right & ~other_right).sum()
    assert found["lost"]["count"] == (~right & other_right).sum()
    for text in found["lost"]["texts"]:
        assert text["other"] == text["true"] != text["predicted"]
    assert "mine" in found["verdict"] and "theirs" in found["verdict"] and "baseline" not in found["verdict"]


def test_the_labels_that_differ_most_come_first(outcome):
    rows = beside(outcome, another(outcome))["labels"]
    gains = [abs(row["gain"]) for row in rows]
    assert gains == sorted(gains, reverse=True) and all(gains)
    assert all(row["gain"] == row["f1"][0] - row["f1"][1] for row in rows)


def test_other_texts_are_compared_by_intervals(outcome):
    half = dataclasses.replace(
        outcome, **{name: getattr(outcome, name)[:30] for name in ("rows", "y_true", "y_pred", "probabilities")}
    )
    found = beside(outcome, half, same_texts=False)
    assert found["gained"] is None and found["num_examples"] == [60, 30]
    assert found["rows"][0]["intervals"][1] == half.task.intervals(half.y_true, half.y_pred)[found["rows"][0]["key"]]
    assert found["verdict"].startswith("No clear difference") and not any(row["is_clear"] for row in found["rows"])


def test_intervals_that_are_apart_tell_a_difference(outcome):
    right = dataclasses.replace(outcome, y_pred=outcome.y_true)
    found = beside(outcome, right, same_texts=False)
    assert found["verdict"].startswith("The data sets are not equally hard") and found["rows"][0]["is_clear"]


@pytest.fixture(scope="module")
def classifiers(saved_classifier):
    return {task: kb.load(saved_classifier(task)) for task in ("multiclass", "multilabel")}


TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"]


def labels_of(classifier):
    return [classifier.classes_[place % 2] for place in range(len(TEXTS))]


def test_a_classifier_beside_itself_differs_in_nothing(classifiers):
    classifier = classifiers["multiclass"].trained_
    side = judge_other_side(
        classifier, classifiers["multiclass"], TEXTS, labels_of(classifiers["multiclass"]), names=NAMES
    )
    found = compare_sides(side.judged.outcomes, side)["probabilities"]
    assert [row["gain"] for row in found["rows"]] == [0] * len(found["rows"]) and found["gained"]["count"] == 0
    assert found["labels"] == [] and found["verdict"].startswith("No clear winner")


def test_what_cannot_stand_beside_is_refused(classifiers):
    own, labels = classifiers["multiclass"].trained_, labels_of(classifiers["multiclass"])
    with pytest.raises(
        kb.ConfigError, match="`compare` must have the heads of the classifier.*Compare classifiers of one task"
    ):
        judge_other_side(own, classifiers["multilabel"], TEXTS, labels)
    with pytest.raises(kb.ConfigError, match=r"`compare` must be a classifier, or \(texts, labels\) .* got 1 values"):
        judge_other_side(own, (TEXTS,), TEXTS, labels)
    with pytest.raises(kb.ConfigError, match="`compare_names` must be two different names; got"):
        judge_other_side(own, own, TEXTS, labels, names=("a", "a"))
    with pytest.raises(kb.DataError, match="`labels` must be as many as `texts`, 4; got 1"):
        judge_other_side(own, (TEXTS, labels[:1]), TEXTS, labels)
    with pytest.raises(kb.DataError, match="`compare` cannot be judged by these texts and labels: .*unheard"):
        judge_other_side(own, own, TEXTS, [*labels[:3], "unheard"])
    with pytest.raises(TypeError, match="`classifier` must be a trained TextClassifier"):
        judge_other_side(own, np.zeros(3), TEXTS, labels)
