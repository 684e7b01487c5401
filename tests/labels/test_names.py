import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert._core.checks import shorten
from kerasbert.labels.names import (
    LabelIndex,
    check_label_names,
    is_missing,
    is_number,
    label_key,
    name_of_part,
    sort_label_names,
)


@pytest.mark.parametrize(
    ("name", "key"),
    [("1", "1"), ("1.0", "1"), ("1.000", "1"), ("-2.0", "-2"), ("-0", "0"), ("0.0", "0")]
    + [(name, name) for name in ("007", "1.5", "1e0", "+1", "1.", ".0", "1.0.0", "v1.0", "", "-", "٣")],
)
def test_whole_numbers_share_a_key(name, key):
    assert label_key(name) == key


@pytest.mark.parametrize("names", [["1", "1.0"], ["0", "-0"], ["a", "2", "2.00"]], ids=str)
def test_names_that_are_one_number(names):
    with pytest.raises(ConfigError, match="`label_names` must differ by more than the way a number is written; got"):
        check_label_names(names)


def test_a_name_is_whole_characters():
    with pytest.raises(ConfigError, match=r"half of a surrogate pair in '\\ud800x'"):
        check_label_names(["a", "\ud800x"])


def test_order():
    assert sort_label_names(["10", "9", "-1"]) == ["-1", "9", "10"]
    assert sort_label_names(["10", "9", "x"]) == ["10", "9", "x"]


@pytest.mark.parametrize(
    ("part", "name"),
    [("a", "a"), (3, "3"), (3.0, "3"), (True, "1"), (np.int8(-1), "-1"), (np.bool_(False), "0")],
    ids=str,
)
def test_name_of_a_part(part, name):
    assert name_of_part(part, "row 1") == name


@pytest.mark.parametrize("cell", [None, float("nan"), np.nan, np.float32("nan")], ids=str)
def test_missing(cell):
    assert is_missing(cell)


def test_missing_in_pandas():
    pandas = pytest.importorskip("pandas")
    assert is_missing(pandas.NA) and is_missing(pandas.NaT) and not is_missing("") and not is_missing(0)


@pytest.mark.parametrize(("name", "expected"), [("1e5", True), ("x", False), ("inf", False), ("nan", False)])
def test_numbers(name, expected):
    assert is_number(name) is expected


def index_of(names, part):
    return LabelIndex(names).id_of(part, "data.csv, line 4")


@pytest.mark.parametrize(
    ("names", "part", "expected"),
    [
        (["1", "2", "3", "n/a"], 1, 0),
        (["1", "2", "3", "n/a"], 3.0, 2),
        (["1", "2", "3", "n/a"], "2.0", 1),
        (["1", "0"], True, 0),
        (["0.0", "1.0"], 1, 1),
        (["False", "True"], True, 1),
        (["true", "false"], False, 1),
        (["True", "False"], 1, 0),
        (["True", "False"], "0", 1),
        (["False", "True"], "TRUE", 1),
        (["0", "1"], "True", 1),
        (["0", "1"], "false", 0),
        (["4.0", "4.5"], 4.5, 1),
        (["a", "b"], 1, 1),
        (["a", "b"], "1", 1),
        (["a", "b"], True, 1),
        (["[draft]", "b"], "[draft]", 0),
    ],
    ids=str,
)
def test_names_win_over_places(names, part, expected):
    assert index_of(names, part) == expected


@pytest.mark.parametrize(
    ("names", "part", "message"),
    [
        (["1", "2", "n/a"], 0, "the label 0 is unknown; the labels are '1', '2', 'n/a'"),
        (["1", "2", "n/a"], "0", "the label '0' is unknown"),
        (["a", "b", "c"], True, "the label must be one of 'a', 'b', 'c'; got True"),
        (["a", "b"], 2, "must be from 0 to 1 or one of 'a', 'b'; got 2"),
        (["a", "b"], -1, "must be from 0 to 1 .*; got -1"),
        (["a", "b"], 10**5000, "must be from 0 to 1 .*; got a int that cannot be written out"),
        (["a", "b"], "9" * 5000, "is unknown"),
        (["nan", "b"], float("nan"), "the label is missing"),
        (["a", "b"], "\udc80", r"'\\udc80' holds half of a surrogate pair"),
        (["4.0", "4.5"], 4.25, "must be a name or a whole number; got 4.25. Write it as text"),
    ],
    ids=lambda part: shorten(part, 20),
)
def test_what_is_no_label(names, part, message):
    with pytest.raises(DataError, match=f"^data.csv, line 4: .*{message}"):
        index_of(names, part)
