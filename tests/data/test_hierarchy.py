import numpy as np
import pytest

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.data.hierarchy import is_unknown, parse_tree
from kerasbert.data.level_labels import collect_subclasses, encode_hierarchy

TREE = {"billing": ["refund", "invoice"], "shipping": ["late"], "other": ["other"]}
DEEP = {"a": {"b": ["c", "d"], "e": ["f"]}, "g": {"h": ["i"]}}


def test_children_stand_in_the_order_of_their_parents():
    tree = parse_tree(TREE)
    assert tree.levels == ("class", "subclass")
    assert tree.names == (("billing", "shipping", "other"), ("refund", "invoice", "late", "other"))
    assert tree.parents == ((0, 0, 1, 2),)


def test_deeper_trees():
    tree = parse_tree(DEEP)
    assert tree.levels == ("class", "subclass", "level_3")
    assert tree.names[2] == ("c", "d", "f", "i") and tree.parents == ((0, 0, 1), (0, 0, 1, 2))


@pytest.mark.parametrize("tree", [TREE, DEEP], ids=["two levels", "three levels"])
def test_a_tree_comes_back(tree):
    assert parse_tree(tree).to_tree() == tree


def endless():
    tree = {}
    tree["a"] = tree
    return tree


BAD_TREES = {
    "shared": ({"a": ["x"], "b": ["x"]}, ConfigError, "'x' stands under 'a' and under 'b'.*Rename one, such as 'b: x'"),
    "twice": ({"a": ["x", "x"]}, ConfigError, "'x' stands under 'a' and under 'a'"),
    "no subclass": ({"a": ["x"], "b": []}, ConfigError, "of 'b' must hold at least one name; got none.*its own name"),
    "empty": ({}, ConfigError, "`subclasses` must hold at least one name"),
    "uneven": ({"a": ["x"], "b": {"c": ["y"]}}, ConfigError, "of 'b' go deeper than `subclasses` of 'a'"),
    "endless": (endless(), ConfigError, "at most 8 levels"),
    "a text": ({"a": "xyz"}, TypeError, "of 'a' must be a list of names or a dict"),
    "a list": ([["x"]], TypeError, "must be a dict of class -> list"),
    "close names": ({"a": ["x"], "b": ["X "]}, ConfigError, "differ by more than case and space"),
    "a number": ({"a": [1]}, TypeError, "must be texts; got 1"),
}


@pytest.mark.parametrize(("tree", "error", "message"), BAD_TREES.values(), ids=BAD_TREES)
def test_what_is_no_tree(tree, error, message):
    with pytest.raises(error, match=message):
        parse_tree(tree)


@pytest.mark.parametrize("cell", [None, "", " ", float("nan"), -1, "-1", [], np.int64(-1)], ids=repr)
def test_unknown_cells(cell):
    assert is_unknown(cell)


@pytest.mark.parametrize("cell", ["x", 0, "0", ["x"], False], ids=repr)
def test_known_cells(cell):
    assert not is_unknown(cell)


def test_a_class_without_sublabels_is_its_own_subclass():
    assert collect_subclasses(["b", "a", "b"], ["y", None, "x"]) == {"a": ["a"], "b": ["x", "y"]}


def test_a_subclass_of_two_classes_names_the_row():
    with pytest.raises(DataError, match="row 3: 'x' stands under 'a' and under 'b'"):
        collect_subclasses(["a", "b", "b"], ["x", "y", "x"])


def test_the_class_of_a_subclass_is_what_all_its_texts_share():
    labels, sublabels = [["a", "b"], ["a"], ["b"]], [["x", "y"], ["x"], ["y"]]
    assert collect_subclasses(labels, sublabels, multilabel=True) == {"a": ["x"], "b": ["y"]}


def test_a_subclass_whose_class_cannot_be_told():
    with pytest.raises(DataError, match="The class of 'x' cannot be told: it always comes with 'a' and 'b'"):
        collect_subclasses([["a", "b"]], [["x"]], multilabel=True)


def test_ids_with_unknowns_and_an_implied_class():
    encoded = encode_hierarchy(
        {"class": ["billing", None, "other"], "subclass": ["invoice", "late", ""]}, parse_tree(TREE)
    )
    assert encoded["class"].tolist() == [0, 1, 2] and encoded["subclass"].tolist() == [1, 2, -1]


def test_multi_label_rows():
    cells = {"class": [["billing", "shipping"], []], "subclass": [["refund"], None]}
    encoded = encode_hierarchy(cells, parse_tree(TREE), multilabel=True)
    assert encoded["class"].tolist() == [[1, 1, 0], [0, 0, 0]]
    # Shipping applies, but none of its subclasses is named: unknown.
    assert encoded["subclass"].tolist() == [[1, 0, -1, 0], [0, 0, 0, 0]]


BAD_ROWS = {
    "another class": (
        {"class": ["shipping"], "subclass": ["refund"]},
        False,
        "'refund' is a subclass of 'billing', not",
    ),
    "unseen": ({"class": ["billing"], "subclass": ["refnd"]}, False, "row 1: the label 'refnd' is unknown.*'refund'"),
    "no class": ({"class": [None], "subclass": [None]}, False, "row 1: the class is missing"),
    "lengths": ({"class": ["other"], "subclass": []}, False, "same number of rows at every level"),
    "levels": ({"label": ["other"]}, False, "must be a dict with the levels class, subclass"),
    "absent class": ({"class": [["other"]], "subclass": [["late"]]}, True, "'late' is a subclass of 'shipping', which"),
}


@pytest.mark.parametrize(("cells", "multilabel", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_rows_that_contradict_the_tree(cells, multilabel, message):
    with pytest.raises(DataError, match=message):
        encode_hierarchy(cells, parse_tree(TREE), multilabel=multilabel)
