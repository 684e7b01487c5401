import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from kerasbert.subclasses.terms import class_tf_idf, group_terms

TEXTS = ["refund card money", "refund refund money", "parcel lost money", "parcel late"]
GROUPS = np.array([0, 0, 1, 1])


def test_weights_are_those_of_the_formula():
    counts = CountVectorizer().fit_transform([" ".join(TEXTS[:2]), " ".join(TEXTS[2:])]).toarray()
    average = counts.sum() / 2
    for group, term in np.ndindex(*counts.shape):
        share = counts[group, term] / counts[group].sum()
        expected = share * np.log(1 + average / counts[:, term].sum())
        assert np.isclose(class_tf_idf(counts)[group, term], expected)


def test_the_best_terms_come_first():
    first, second = group_terms(TEXTS, GROUPS, count=2)
    assert first[0] == "refund" and second[0] == "parcel" and len(first) == 2


def test_texts_without_terms():
    assert group_terms(["!", "the"], np.array([0, 1])) == [[], []]


def test_halves_of_contractions_are_no_terms():
    assert group_terms(["I've paid, don't ask", "isn’t late"], np.array([0, 1])) == [["ask", "paid"], ["late"]]


def test_terms_of_all_groups_alike_set_none_apart():
    assert group_terms(["text paid", "text late"], np.array([0, 1])) == [["paid"], ["late"]]
    assert group_terms(["text", "text"], np.array([0, 0])) == [["text"]]
