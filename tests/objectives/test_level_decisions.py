import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from kerasbert.labels.hierarchy import parse_tree
from kerasbert.objectives.level_decisions import decide_levels, score_hierarchy

TREE = parse_tree({"a": ["a1", "a2", "a3"], "b": ["b1", "b2"], "c": ["c1"]})
PARENTS = np.array(TREE.parents[0])
RANDOM = np.random.default_rng(0)


def exclusive(n):
    subclass = RANDOM.dirichlet(np.ones(6) * 0.5, size=n)
    return {"class": np.stack([subclass[:, PARENTS == c].sum(axis=1) for c in range(3)], axis=1), "subclass": subclass}


def test_exclusive_decisions_go_from_the_class_down():
    probabilities = exclusive(200)
    decided = decide_levels(probabilities, TREE)
    for row in range(200):
        chosen = int(probabilities["class"][row].argmax())
        inside = np.flatnonzero(PARENTS == chosen)
        assert decided["class"][row] == chosen
        assert decided["subclass"][row] == inside[probabilities["subclass"][row][inside].argmax()]


def test_independent_decisions_need_their_parent():
    probabilities = {"class": np.array([[0.9, 0.4, 0.6]]), "subclass": np.array([[0.8, 0.1, 0.6, 0.39, 0.2, 0.3]])}
    thresholds = {"class": np.full(3, 0.5), "subclass": np.full(6, 0.3)}
    decided = decide_levels(probabilities, TREE, several=True, thresholds=thresholds)
    assert decided["class"].tolist() == [[1, 0, 1]] and decided["subclass"].tolist() == [[1, 0, 1, 0, 0, 1]]


def test_no_decision_contradicts_itself():
    for multilabel in (False, True):
        probabilities = exclusive(500)
        decided = decide_levels(probabilities, TREE, several=multilabel)
        assert score_hierarchy(decided, decided, TREE, several=multilabel)["inconsistent"] == 0


def test_contradictions_are_counted():
    labels = {"class": np.array([0, 1]), "subclass": np.array([0, 3])}
    predicted = {"class": np.array([1, 1]), "subclass": np.array([0, 3])}
    assert score_hierarchy(labels, predicted, TREE)["inconsistent"] == 1


def test_hierarchical_scores_are_those_of_the_label_sets():
    labels = {"class": RANDOM.integers(0, 2, (50, 3)), "subclass": RANDOM.integers(-1, 2, (50, 6))}
    predicted = decide_levels(exclusive(50), TREE, several=True, thresholds={"class": 0.2, "subclass": 0.1})
    scores = score_hierarchy(labels, predicted, TREE, several=True)
    actual, decided = (np.concatenate([part["class"], part["subclass"]], axis=1) for part in (labels, predicted))
    known = actual >= 0
    expected = precision_recall_fscore_support(actual[known], decided[known], average="binary")
    names = ("hierarchical_precision", "hierarchical_recall", "hierarchical_f1")
    assert np.allclose([scores[name] for name in names], expected[:3])
    assert np.isclose(scores["accuracy"], ((actual == decided) | ~known).all(axis=1).mean())
