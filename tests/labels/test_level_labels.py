"""Labels of the levels of a hierarchy in memory; `test_level_vocabulary` compares them with those of a stream."""

import pytest

from kerasbert import DataError, KerasbertWarning
from kerasbert.labels.cells import LabelCells
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy, read_levels

TREE = {"billing": ["refund", "invoice"], "shipping": ["late"], "other": ["other"]}


def test_a_class_without_sublabels_is_its_own_subclass():
    assert collect_subclasses(["b", "a", "b"], ["y", None, "x"]) == {"a": ["a"], "b": ["x", "y"]}


def test_a_subclass_of_two_classes_names_the_row():
    with pytest.raises(DataError, match="row 3: 'x' stands under 'a' and under 'b'"):
        collect_subclasses(["a", "b", "b"], ["x", "y", "x"])


def test_the_class_of_a_subclass_is_what_all_its_texts_share():
    labels, sublabels = [["a", "b"], ["a"], ["b"]], [["x", "y"], ["x"], ["y"]]
    assert collect_subclasses(labels, sublabels, several=True) == {"a": ["x"], "b": ["y"]}


def test_a_subclass_whose_class_cannot_be_told():
    with pytest.raises(DataError, match="The class of 'x' cannot be told: it always comes with 'a' and 'b'"):
        collect_subclasses([["a", "b"]], [["x"]], several=True)


def test_ids_with_unknowns_and_an_implied_class():
    encoded = encode_hierarchy(
        {"class": ["billing", None, "other"], "subclass": ["invoice", "late", ""]}, parse_tree(TREE)
    )
    assert encoded["class"].tolist() == [0, 1, 2] and encoded["subclass"].tolist() == [1, 2, -1]


def test_multi_label_rows():
    cells = {"class": [["billing", "shipping"], []], "subclass": [["refund"], None]}
    encoded = encode_hierarchy(cells, parse_tree(TREE), several=True)
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
        encode_hierarchy(cells, parse_tree(TREE), several=multilabel)


def test_a_class_follows_from_its_subclass():
    assert collect_subclasses(["a", None, "b"], ["x", "x", "y"]) == {"a": ["x"], "b": ["y"]}
    with pytest.raises(DataError, match="labels, row 1: the class is missing"):
        collect_subclasses([None, "a", "b"], ["x", "x", "y"])


def test_equal_numbers_are_one_label():
    with pytest.warns(KerasbertWarning, match="equal numbers are read as one label, such as '1' and '1.0'"):
        assert collect_subclasses(["1", "1.0", 2], ["x", "y", "z"]) == {"1": ["x", "y"], "2": ["z"]}


@pytest.mark.parametrize("multilabel", [False, True], ids=["one class", "several"])
def test_messages_name_file_and_line(multilabel):
    wrap = (lambda cell: [cell]) if multilabel else (lambda cell: cell)
    cells = {name: LabelCells(map(wrap, part), "data.csv", [2, 5], "line") for name, part in CONFLICT.items()}
    with pytest.raises(DataError, match="^data.csv, line 5: 'late'"):
        encode_hierarchy(cells, parse_tree(TREE), several=multilabel)


CONFLICT = {"class": ["shipping", "billing"], "subclass": ["late", "late"]}


def test_generators_are_read_once():
    assert collect_subclasses(iter(["a", "b"]), iter(["x", "y"])) == {"a": ["x"], "b": ["y"]}


def test_a_class_of_several_names_needs_the_task():
    with pytest.raises(DataError, match="class, row 1|labels, row 1"):
        collect_subclasses([["a", "b"]], ["x"])


def test_levels_are_read_once_and_by_name():
    read = read_levels({"subclass": iter("b"), "class": iter("a")}, ("class", "subclass"), several=False)
    assert read == {"class": ["a"], "subclass": ["b"]}
    for labels in (["a"], {"class": ["a"]}):
        with pytest.raises(
            DataError, match="must be a dict with the levels class, subclass .give `subclasses` for more"
        ):
            read_levels(labels, ("class", "subclass"), several=False)


def test_no_sublabel_at_all():
    for multilabel in (False, True):
        assert collect_subclasses(["a", "b"], [None, None], several=multilabel) == {"a": ["a"], "b": ["b"]}


@pytest.mark.parametrize("missing", [None, float("nan"), -1, " "], ids=str)
def test_a_class_of_several_is_never_unknown(missing):
    with pytest.raises(DataError, match="row 2: the label"):
        collect_subclasses([["a"], missing], [["x"], []], several=True)
    with pytest.raises(DataError, match="row 2: the label"):
        encode_hierarchy({"class": [["a"], missing], "subclass": [["x"], []]}, parse_tree({"a": ["x"]}), several=True)


@pytest.mark.parametrize("unknown", [[], None, [-1], [None]], ids=str)
def test_unknown_subclasses_of_several(unknown):
    labels, sublabels = [["a"], ["b"], ["b"]], [["x"], ["y"], unknown]
    tree = collect_subclasses(labels, sublabels, several=True)
    encoded = encode_hierarchy({"class": labels, "subclass": sublabels}, parse_tree(tree), several=True)
    assert tree == {"a": ["x"], "b": ["y"]} and encoded["subclass"].tolist() == [[1, 0], [0, 1], [0, -1]]
