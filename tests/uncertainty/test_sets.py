import numpy as np
import pytest
from held_out import labels_for, other_texts

import kerasbert as kb
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.single import SingleOutput
from kerasbert.uncertainty.sets import PredictionSets, consistent

HEAD = "probabilities"
FIVE, MANY = SingleOutput(Multiclass(5)), SingleOutput(Multilabel(4))


def drawn(outputs, count, seed):
    """Labels that are as likely as the probabilities say."""
    random = np.random.default_rng(seed)
    if outputs is FIVE:
        shares = random.dirichlet(np.ones(5) * 0.3, count)
        return {HEAD: (shares.cumsum(axis=1) > random.random((count, 1))).argmax(axis=1)}, {HEAD: shares}
    shares = random.random((count, 4))
    return {HEAD: (random.random((count, 4)) < shares).astype("float32")}, {HEAD: shares}


@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
@pytest.mark.parametrize("coverage", [0.7, 0.9, 0.95])
def test_sets_hold_the_truth_as_often_as_promised(method, coverage):
    y_true, probabilities = drawn(FIVE, 4000, 0)
    sets = PredictionSets.fit(FIVE, y_true, probabilities, method=method)
    others, theirs = drawn(FIVE, 20_000, 1)
    flags = sets.flags(FIVE, theirs, coverage, empty=True)[HEAD]
    assert flags[np.arange(20_000), others[HEAD]].mean() == pytest.approx(coverage, abs=0.015)
    filled = sets.flags(FIVE, theirs, coverage)[HEAD]
    assert filled.any(axis=1).all() and (filled >= flags).all()
    assert (filled & ~flags).sum() == (~flags.any(axis=1)).sum()


def test_sets_of_independent_labels_find_the_promised_share():
    y_true, probabilities = drawn(MANY, 4000, 0)
    sets = PredictionSets.fit(MANY, y_true, probabilities)
    others, theirs = drawn(MANY, 20_000, 1)
    true, flags = others[HEAD] > 0, sets.flags(MANY, theirs, 0.9)[HEAD]
    has_one = true.any(axis=1)
    found = ((true & flags).sum(axis=1)[has_one] / true.sum(axis=1)[has_one]).mean()
    assert found == pytest.approx(0.9, abs=0.015)
    measured = sets.measure(MANY, others, theirs, [0.9])[HEAD]["0.9"]
    assert measured["coverage"] == pytest.approx(found) and measured["num_texts"] == has_one.sum()
    assert measured["size"] == pytest.approx(flags[has_one].sum(axis=1).mean())
    assert measured["intervals"]["coverage"][0] < found < measured["intervals"]["coverage"][1]


def test_the_smallest_sets_are_those_of_lac():
    y_true, probabilities = drawn(FIVE, 4000, 0)
    others, theirs = drawn(FIVE, 4000, 1)
    sizes = {}
    for method in ("lac", "aps", "raps"):
        sets = PredictionSets.fit(FIVE, y_true, probabilities, method=method)
        sizes[method] = sets.measure(FIVE, others, theirs, [0.9])[HEAD]["0.9"]["size"]
    assert sizes["lac"] < sizes["raps"] < sizes["aps"]


@pytest.mark.parametrize("outputs", [FIVE, MANY], ids=["exclusive", "independent"])
def test_the_promise_can_be_kept_for_each_label(outputs):
    (y_true, probabilities), (others, theirs) = drawn(outputs, 4000, 0), drawn(outputs, 20_000, 1)
    for shares in (probabilities, theirs):
        shares[HEAD][:, 0] *= 0.2  # a label that is far harder than the others
    sets = [PredictionSets.fit(outputs, y_true, probabilities, each_label=each) for each in (False, True)]
    assert [one.each_label for one in sets] == [False, True] and "texts of each label" in repr(sets[1])
    on_average, each = (one.measure(outputs, others, theirs, [0.8])[HEAD]["0.8"]["per_label"] for one in sets)
    assert next(iter(on_average.values())) < 0.75
    assert list(each.values()) == pytest.approx([0.8] * len(each), abs=0.05)
    again = PredictionSets.from_plain(sets[1].to_plain(), {}, outputs)
    assert np.array_equal(again.flags(outputs, theirs, 0.8)[HEAD], sets[1].flags(outputs, theirs, 0.8)[HEAD])


def test_a_label_with_few_texts_promises_little():
    y_true, probabilities = drawn(FIVE, 400, 0)
    y_true[HEAD][y_true[HEAD] == 3] = 0
    with pytest.raises(kb.DataError, match=r"`each_label` must be False where a label has no text .*\['3'\]"):
        PredictionSets.fit(FIVE, y_true, probabilities, each_label=True)
    y_true[HEAD][:9] = 3
    sets = PredictionSets.fit(FIVE, y_true, probabilities, each_label=True)
    assert sets.largest_coverage == 0.9
    with pytest.raises(kb.ConfigError, match="at most 0.9 for sets that were fitted on 9 texts with '3'"):
        sets.check(FIVE, 0.95)
    with pytest.raises(ValueError, match="must have scores of 1 or 5 labels; got 2"):
        PredictionSets.from_plain({"method": "lac", "heads": {HEAD: sets.to_plain()["heads"][HEAD][:2]}}, {}, FIVE)


TREE = parse_tree({"a": ["a1", "a2"], "b": ["b1"], "c": ["c1", "c2"]})


def test_levels_agree():
    flags = {"class": np.array([[True, False, False]]), "subclass": np.array([[False, False, True, False, False]])}
    shares = {"class": np.array([[0.6, 0.3, 0.1]]), "subclass": np.array([[0.2, 0.4, 0.3, 0.05, 0.05]])}
    upwards = consistent(TREE, flags, shares, complete=False)
    assert upwards["class"].tolist() == [[True, True, False]] and (upwards["subclass"] == flags["subclass"]).all()
    complete = consistent(TREE, flags, shares, complete=True)
    assert complete["class"].tolist() == [[True, True, False]]
    assert complete["subclass"].tolist() == [[False, True, True, False, False]]


@pytest.mark.parametrize("kind", ["hierarchical", "summed", "independent levels"])
def test_a_label_never_stands_without_its_parents(kind, classifier_of):
    trained = classifier_of(kind)
    probabilities = trained.probabilities(other_texts())
    y_true = trained.encode_labels(labels_for(trained.outputs))
    sets = PredictionSets.fit(trained.outputs, y_true, probabilities)
    parents = np.array(trained.outputs.hierarchy.parents[0])
    for coverage in (0.3, 0.6, 0.9):
        flags = sets.flags(trained.outputs, probabilities, coverage)
        assert not (flags["subclass"] & ~flags["class"][:, parents]).any()
        for level, measured in sets.measure(trained.outputs, y_true, probabilities, [coverage]).items():
            assert measured[f"{coverage:g}"]["coverage"] >= coverage - 0.01, level


def test_an_evaluation_leaves_out_what_cannot_be_promised():
    y_true, probabilities = drawn(FIVE, 30, 0)
    sets = PredictionSets.fit(FIVE, y_true, probabilities)
    assert list(sets.measure(FIVE, y_true, probabilities)[HEAD]) == ["0.9", "0.95"]
    assert repr(sets) == "Prediction sets (lac) from 30 texts: coverage up to 0.9677" and sets._repr_html_()


def test_an_evaluation_of_covered_texts_alone_is_not_certain():
    y_true, probabilities = {HEAD: np.zeros(40, int)}, {HEAD: np.eye(5)[np.zeros(40, int)]}
    sets = PredictionSets.fit(FIVE, y_true, probabilities)
    low, high = sets.measure(FIVE, y_true, probabilities, [0.9])[HEAD]["0.9"]["intervals"]["coverage"]
    assert low < 0.95 and high == 1


def test_bad_input():
    y_true, probabilities = drawn(FIVE, 30, 0)
    with pytest.raises(kb.DataError, match="Prediction sets need texts with a known label; got none"):
        PredictionSets.fit(MANY, {HEAD: np.zeros((5, 4))}, {HEAD: np.ones((5, 4))})
    with pytest.raises(kb.ConfigError, match="`method` must be one of"):
        PredictionSets.fit(FIVE, y_true, probabilities, method="top")
    sets = PredictionSets.fit(FIVE, y_true, probabilities)
    for wrong in (0, 1, -0.5, 1.5):
        with pytest.raises(kb.ConfigError, match="`coverage` must be"):
            sets.flags(FIVE, probabilities, wrong)
    with pytest.raises(ValueError, match="the heads must be probabilities; got other"):
        PredictionSets.from_plain({"method": "lac", "heads": {"other": {}}}, {}, FIVE)
    plain = sets.to_plain()
    assert PredictionSets.from_plain(plain, {}, FIVE).to_plain() == plain
