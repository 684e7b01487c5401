import json

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.production.plain_answers import plain_answers

TEXTS = ["good card", "bad parcel!", "thanks"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_answers_of_one_head_are_what_predict_gives(saved_classifier, task):
    classifier = kb.load(saved_classifier(task))
    answers = plain_answers(classifier.trained_, classifier.trained_.probabilities(TEXTS))
    expected = classifier.predict(TEXTS)
    assert [one["labels"] for one in answers] == [own if isinstance(own, list) else [str(own)] for own in expected]
    assert [list(one["scores"]) for one in answers] == [[str(name) for name in classifier.classes_]] * 3
    scores = [list(one["scores"].values()) for one in answers]
    np.testing.assert_allclose(scores, classifier.predict_proba(TEXTS), atol=1e-6)
    assert json.loads(json.dumps(answers)) == answers


@pytest.mark.parametrize("task", ["multitask", "hierarchical", "independent levels"])
def test_answers_of_several_heads_stand_under_their_names(saved_classifier, task):
    classifier = kb.load(saved_classifier(task))
    answers = plain_answers(classifier.trained_, classifier.trained_.probabilities(TEXTS))
    labels, shares = classifier.predict(TEXTS), classifier.predict_proba(TEXTS)
    for place, answer in enumerate(answers):
        assert list(answer["heads"]) == list(shares)
        for head, values in answer["heads"].items():
            own = labels[head][place]
            assert values["labels"] == (own if isinstance(own, list) else [str(own)])
            np.testing.assert_allclose(list(values["scores"].values()), shares[head][place], atol=1e-6)


def test_the_highest_scores_are_kept(saved_classifier):
    trained = kb.load(saved_classifier("multiclass")).trained_
    probabilities = trained.probabilities(TEXTS)
    every = plain_answers(trained, probabilities)
    for some, whole in zip(plain_answers(trained, probabilities, top=2), every, strict=True):
        best = sorted(whole["scores"].items(), key=lambda item: -item[1])[:2]
        assert list(some["scores"].items()) == best and some["labels"] == whole["labels"]
    assert plain_answers(trained, probabilities, top=9) == every
    assert plain_answers(trained, probabilities, top=0) == [{"labels": one["labels"]} for one in every]
