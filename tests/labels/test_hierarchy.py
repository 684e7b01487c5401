import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.labels.hierarchy import is_unknown, parse_tree

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
