from fractions import Fraction

import numpy as np
import pytest
from sklearn.preprocessing import LabelEncoder, MultiLabelBinarizer

from kerasbert import ConfigError, DataError
from kerasbert.labels.encode import (
    check_label_names,
    collect_label_names,
    encode_binary,
    encode_class_ids,
    encode_multi_hot,
    multi_hot_from_columns,
    named_labels,
)
from kerasbert.tasks.table import TASKS

NAMES = ("anger", "joy", "love")


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([10, 9, 10], ["9", "10"]),
        (["10", "9"], ["9", "10"]),
        (["-1", "0.5", "2"], ["-1", "0.5", "2"]),
        (["10", "a", "9"], ["10", "9", "a"]),
        ([True, False], ["0", "1"]),
        ([1.0, 0.0], ["0", "1"]),
        ([["b", "a"], [], ["c"]], ["a", "b", "c"]),
        ([("b",), {"a"}, np.array(["c"])], ["a", "b", "c"]),
        (np.array([2, 1], dtype=np.uint8), ["1", "2"]),
        (np.array(["b", "a"]), ["a", "b"]),
        ([], []),
    ],
    ids="names ints digits numbers mixed bools floats lists others uint8 array none".split(),
)
def test_collect(cells, names):
    found = collect_label_names(cells)
    assert found == names
    assert all(type(name) is str for name in found)


def test_collect_with_delimiter():
    assert collect_label_names(["b| a", "", "c|"], delimiter="|") == ["a", "b", "c"]


def test_collect_agrees_with_scikit_learn():
    cells = np.random.default_rng(0).integers(-50, 50, 200)
    assert collect_label_names(cells) == [str(value) for value in LabelEncoder().fit(cells).classes_]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (None, "the label is missing; fill it or leave the row out"),
        (float("nan"), "the label is missing"),
        ("", "the label is missing"),
        (1.5, "must be a name or a whole number; got 1.5"),
        (float("inf"), "must be a name or a whole number; got inf"),
        (b"a", "must be a name or an id; got b'a' of type bytes"),
        (np.timedelta64(1, "D"), "must be a name or an id; got .* of type timedelta64.*as a text or a whole number"),
        (10**5000, "a whole number of 64 bits; got one of 16610 bits. Write it as text"),
        (Fraction(10**5000, 3), "must be a name or a whole number; got a Fraction that cannot be written out"),
        (2.0**60, "too large a float to be exact. Read the column as integers or text"),
        ("\u200b", "the label is missing"),
        ({"a": 1}, "must be a list; got {'a': 1} of type dict"),
    ],
    ids="none nan empty half infinite bytes time huge fraction float unseen dict".split(),
)
def test_collect_refuses(cell, message):
    with pytest.raises(DataError, match=f"data.csv, row 8: .*{message}"):
        collect_label_names(["a", cell], source="data.csv", first_row=7)


def test_check_names_returns_them_in_order():
    assert check_label_names(["b", "a"]) == ("b", "a")


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        ([], ConfigError, "must hold at least one name; got none"),
        (["a", "a"], ConfigError, "must differ by more than case and space; got 'a' and 'a'"),
        (["Spam", "spam"], ConfigError, "got 'Spam' and 'spam'"),
        (["a b", " a  b"], ConfigError, "got 'a b' and ' a  b'"),
        (["a", " "], ConfigError, "must not be blank; got ' '"),
        (["a", "\u200b"], ConfigError, "must not be blank"),
        (["1", "\uff11"], ConfigError, r"characters that look alike or cannot be seen; got '1' and '\\uff11'"),
        (["a", 1], TypeError, "must be texts; got 1 of type int"),
        ("ab", TypeError, "must be a list of names; got 'ab'"),
        ({"a": 0}, TypeError, "must be a list of names; got {'a': 0}"),
        (3, TypeError, "must be a list of names; got 3 of type int"),
    ],
    ids="none twice case space blank unseen alike number text dict int".split(),
)
def test_check_names_refuses(names, error, message):
    with pytest.raises(error, match=f"`label_names` .*{message}"):
        check_label_names(names)


def test_no_names_are_not_taken_for_unknown_ones():
    with pytest.raises(ConfigError, match="`label_names` must hold at least one name; got none"):
        TASKS["multiclass"].read(["a", "b"], [])


@pytest.mark.parametrize(
    "cells",
    [
        ["ham", "spam", "spam"],
        [0, 1, 1],
        [False, True, True],
        [0.0, 1.0, 1.0],
        ["0", "1", "1"],
        np.array([0, 1, 1]),
        np.array([False, True, True]),
        np.array(["ham", "spam", "spam"]),
        np.array([[0.0], [1.0], [1.0]], dtype=np.float32),
    ],
    ids="names ints bools floats digits int-array bool-array text-array column".split(),
)
def test_binary(cells):
    encoded = encode_binary(cells, ["ham", "spam"])
    assert (encoded.tolist(), encoded.dtype) == ([[0.0], [1.0], [1.0]], np.float32)


def test_binary_bools_are_places_whatever_the_names():
    assert encode_binary([True, False], ["1", "2"]).tolist() == [[1.0], [0.0]]
    assert encode_binary([True, False], collect_label_names([True, False])).tolist() == [[1.0], [0.0]]


def test_binary_needs_two_names():
    with pytest.raises(ConfigError, match=r"two names, \(negative, positive\); got \('a',\)"):
        encode_binary([0], ["a"])


def test_no_rows():
    assert encode_binary([], ["a", "b"]).shape == (0, 1)
    assert encode_class_ids([], NAMES).shape == (0,)
    assert encode_multi_hot([], NAMES).shape == (0, 3)


@pytest.mark.parametrize(
    "cells",
    [
        ["joy", "anger", "love"],
        [1, 0, 2],
        [1.0, 0.0, 2.0],
        ["1", "0", "2"],
        ["joy", 0, np.int64(2)],
        np.array([1, 0, 2], dtype=np.uint8),
        np.array(["joy", "anger", "love"]),
        np.array(["joy", 0, 2.0], dtype=object),
    ],
    ids="names ints floats digits mixed uint8 text-array object-array".split(),
)
def test_class_ids(cells):
    encoded = encode_class_ids(cells, NAMES)
    assert (encoded.tolist(), encoded.dtype) == ([1, 0, 2], np.int32)


@pytest.mark.parametrize("cells", [[10, 5, 5], ["10", "5", "5"], [10.0, 5.0, 5.0]], ids=["ints", "digits", "floats"])
def test_numbers_that_are_names(cells):
    assert encode_class_ids(cells, ["5", "10"]).tolist() == [1, 0, 0]


def test_class_ids_agree_with_scikit_learn():
    cells = np.random.default_rng(0).choice(["x", "y", "z"], 100)
    assert encode_class_ids(cells, collect_label_names(cells)).tolist() == LabelEncoder().fit_transform(cells).tolist()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (3, "must be from 0 to 2 or one of 'anger', 'joy', 'love'; got 3"),
        (-1, "must be from 0 to 2 .*; got -1"),
        ("3", "must be from 0 to 2 .*; got '3'"),
        (1.5, "must be a name or a whole number; got 1.5"),
        (np.float32(0.5), "must be a name or a whole number; got 0.5"),
        (None, "the label is missing"),
        (float("nan"), "the label is missing"),
        (" ", "the label is missing"),
        ("jy", "'jy' is unknown; the labels are 'anger', 'joy', 'love'. Did you mean 'joy'"),
        ("Joy", "'Joy' is unknown; .* Did you mean 'joy'"),
        ("joy,love", "Several in one cell need the delimiter ','"),
        ("x" * 1000, "unknown; the labels are"),
        (["joy", "love"], "a text must have one label here; got .'joy', 'love'."),
        ([0, 1, 0], "must have one label here; got .0, 1, 0.. Give class numbers instead of one-hot rows"),
        (10**400, "must be from 0 to 2"),
    ],
    ids="large negative digits half half32 none nan blank typo case several long list one-hot huge".split(),
)
def test_class_ids_refuse(cell, message):
    with pytest.raises(DataError, match=f"^data.csv, row 11: .*{message}") as caught:
        encode_class_ids(["joy", cell], NAMES, source="data.csv", first_row=10)
    assert len(str(caught.value)) < 300


def test_number_that_is_no_name():
    with pytest.raises(DataError, match="labels, row 1: the label 1 is unknown; the labels are '5', '10'"):
        encode_class_ids([1], ["5", "10"])


def test_many_names_are_not_all_listed():
    with pytest.raises(DataError, match="'h' and 18 more"):
        encode_class_ids(["?"], [chr(97 + number) for number in range(26)])


def test_rows_may_be_given_one_by_one():
    with pytest.raises(DataError, match="labels, row 9"):
        encode_class_ids(["joy", "x"], NAMES, first_row=[4, 9])


@pytest.mark.parametrize(
    "cells",
    [
        [["love", "anger"], [], ["joy"]],
        [("love", "anger"), (), ("joy",)],
        [{"love", "anger"}, set(), {"joy"}],
        [np.array(["love", "anger"]), np.array([]), np.array(["joy"])],
        [[2, 0], [], [1]],
        [[2, 0, 0], [], ["joy"]],
        [[1, 0, 1], [0, 0, 0], [0, 1, 0]],
        [(True, False, True), (False, False, False), (False, True, False)],
        np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]]),
        np.array([[True, False, True], [False, False, False], [False, True, False]]),
    ],
    ids="names tuples sets arrays ids repeated flags bools matrix bool-matrix".split(),
)
def test_multi_hot(cells):
    encoded = encode_multi_hot(cells, NAMES)
    assert (encoded.tolist(), encoded.dtype) == ([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.float32)


def test_multi_hot_with_delimiter():
    cells = ["love; anger", "", "joy;"]
    assert encode_multi_hot(cells, NAMES, delimiter=";").tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_multi_hot_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    cells = [list(random.choice(NAMES, random.integers(0, 4), replace=False)) for _ in range(50)]
    assert np.array_equal(encode_multi_hot(cells, NAMES), MultiLabelBinarizer(classes=list(NAMES)).fit_transform(cells))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([["joy"], ["hate"]], "row 4: the label 'hate' is unknown"),
        ([["joy"], [3]], "row 4: the label must be from 0 to 2"),
        ([["joy"], [0.3, 1, 0]], "row 4: the label must be a name or a whole number; got 0.3"),
        ([["joy"], None], "row 4: the label is missing"),
        ([["joy"], [None]], "row 4: the label is missing"),
        ([["joy"], "joy|love"], "row 4: .* Several in one cell need the delimiter '|'"),
        (np.array([[0, 1, 0], [0, 2, 0]]), "row 4: the labels must be 0 or 1; got 2"),
        (np.array([[0, 1, 0], [0, -1, 0]]), "row 4: the labels must be 0 or 1; got -1"),
        (np.array([[0, 1, 0], [0, np.nan, 0]]), "row 4: the labels must be 0 or 1; got nan"),
        (np.zeros((2, 4)), "must have 3 columns, one for each label; got 4"),
    ],
    ids="unknown large soft none none-inside delimiter two minus nan wide".split(),
)
def test_multi_hot_refuses(cells, message):
    with pytest.raises(DataError, match=f"^data.csv.*{message}"):
        encode_multi_hot(cells, NAMES, source="data.csv", first_row=3)


def test_columns_in_the_order_asked_for():
    labels = {"b": [1, 0.0, True], "a": ["0", "1.0", "true"], "c": [9, 9, 9]}
    assert multi_hot_from_columns(labels, ["a", "b"]).tolist() == [[0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize("cell", [2, -1, 0.3, None, float("nan"), "", "yes"], ids=str)
def test_columns_refuse(cell):
    with pytest.raises(DataError, match="data.csv, row 3: 'a' must be 0 or 1; got"):
        multi_hot_from_columns({"a": [0, cell]}, ["a"], source="data.csv", first_row=2)


def test_missing_column():
    with pytest.raises(DataError, match="labels has no column 'jy'; it has 'joy'. Did you mean 'joy'"):
        multi_hot_from_columns({"joy": [1]}, ["jy"])


def test_columns_of_unequal_length():
    with pytest.raises(DataError, match="the same number of rows; got {'a': 1, 'b': 2}"):
        multi_hot_from_columns({"a": [1], "b": [1, 0]}, ["a", "b"])


def test_no_columns():
    with pytest.raises(ConfigError, match="`columns` must name at least one column"):
        multi_hot_from_columns({"a": [1]}, [])


NAMED = {
    "numbers": ([1.0, 1, "1"], {}, ["1", "1", "1"]),
    "booleans": ([True, False], {}, ["1", "0"]),
    "unknown": (["a", None, float("nan"), " ", -1], {"unknown": True}, ["a", None, None, None, None]),
    "lists": ([["b", "a"], []], {"several": None}, [["b", "a"], []]),
    "names where lists may be": (["b", "a"], {"several": None}, ["b", "a"]),
    "rows of flags": (np.eye(2), {"several": None}, [["0"], ["1"]]),
    "none": ([], {}, []),
}


@pytest.mark.parametrize(("labels", "options", "expected"), NAMED.values(), ids=NAMED)
def test_named_labels(labels, options, expected):
    assert named_labels(labels, **options) == expected


def test_named_labels_refuse_what_fit_refuses():
    with pytest.raises(DataError, match="sublabels, row 2: the label is missing"):
        named_labels(["a", float("nan")], source="sublabels")
