import logging
import pickle
import threading

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.production.served_classifier import RefusedClassifier, ServedClassifier, resident_megabytes

TEXTS = ["good card", "bad parcel!", "thanks"]


def scores(answers):
    return [list(one["scores"].values()) for one in answers]


@pytest.fixture(scope="module")
def served(saved_classifier):
    return ServedClassifier.load(saved_classifier("multiclass"), "models/one")


def test_it_answers_texts_and_pairs(served, saved_classifier):
    classifier = kb.load(saved_classifier("multiclass"))
    np.testing.assert_allclose(scores(served.answers(TEXTS)), classifier.predict_proba(TEXTS), atol=1e-6)
    pairs = [(text, "late") for text in TEXTS]
    expected = classifier.trained_.predict_proba(TEXTS, ["late"] * 3)
    np.testing.assert_allclose(scores(served.answers(pairs)), expected, atol=1e-6)
    assert served.answers([]) == [] and served.model_id() == "models/one"


def test_threads_get_their_own_answers(served):
    expected = {text: served.answers([text]) for text in TEXTS}
    got = {}

    def ask(text):
        got[text] = [served.answers([text]) for _ in range(3)]

    threads = [threading.Thread(target=ask, args=(text,)) for text in TEXTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {text: [answer] * 3 for text, answer in expected.items()}


def test_answers_are_plain(served):
    answers = served.answers(TEXTS)
    assert pickle.loads(pickle.dumps(answers)) == answers
    assert {type(one) for answer in answers for one in answer["scores"].values()} == {float}


def test_loading_tells_the_memory(saved_classifier, caplog):
    with caplog.at_level(logging.INFO, "kerasbert"):
        ServedClassifier.load(saved_classifier("multiclass"), "models/one")
    assert "loaded models/one: this process holds" in caplog.text and resident_megabytes() > 0


def test_a_refused_one_answers_nothing():
    refused = RefusedClassifier("its labels differ", "models/two")
    with pytest.raises(kb.ArtifactError, match="its labels differ"):
        refused.answers(TEXTS)
    assert refused.model_id() == "models/two"
