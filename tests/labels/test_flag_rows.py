import numpy as np
import pytest
from label_columns import filled

from kerasbert import DataError

FLAG_ROWS = {
    "stray": ([[1, 0, 0], [0, 2, 0]], "row 2: the labels must be 0 or 1 in every row, as before .row 1.; got 2 in"),
    "missing": ([[1, 0, 0], [0, None, 0]], "row 2: the labels must be 0 or 1 in every row.*got None"),
    "shorter": ([[1, 0, 0], [0, 1]], r"row 2: the labels must be a row of 3 values, .*got 2: \[0, 1\]"),
    "empty": ([[1, 0, 0], []], "row 2: the labels must be a row of 3 values, .*got 0"),
    "names after flags": ([[1, 0, 0], ["a"]], "row 2: the labels must be a row of 3 values"),
    "flags after names": ([["a"], [1, 0, 0]], "row 2: the labels are a row of 0 and 1 here, .* lists of labels before"),
    "flags after numbers": ([[7], [1, 1]], "row 2: the labels are a row of 0 and 1 here"),
    "as text": ([["1", "0", "0"], ["2", "0", "0"]], "row 2: the labels must be 0 or 1 in every row"),
}


@pytest.mark.parametrize(("cells", "message"), FLAG_ROWS.values(), ids=FLAG_ROWS)
@pytest.mark.parametrize("names", [None, ("x", "y", "z")], ids=["collected", "known"])
def test_rows_of_flags_are_all_or_none(cells, message, names):
    if names and message.startswith("row 2: the labels are"):
        cells = [["x" if part == "a" else 2 if part == 7 else part for part in row] for row in cells]
    with pytest.raises(DataError, match=message):
        filled("multilabel", cells, names=names)


@pytest.mark.parametrize(
    "cast",
    [list, tuple, np.array, lambda row: [bool(part) for part in row], str],
    ids=["list", "tuple", "array", "bools", "text"],
)
def test_rows_of_flags(cast):
    vocabulary, rows = filled("multilabel", [cast([0, 1]), cast([1, 1]), cast([0, 0])])
    assert (vocabulary.names, rows, vocabulary.has_flags) == (("0", "1"), [[1], [0, 1], []], True)


ONE_LABEL = {
    "lists": [[0], [1]],
    "numbers": [0, 1],
    "text": ["0", "1"],
    "array": list(np.array([[0], [1]])),
}


@pytest.mark.parametrize("cells", ONE_LABEL.values(), ids=ONE_LABEL)
def test_flags_of_one_label(cells):
    assert filled("multilabel", cells, names=["toxic"])[1] == [[], [0]]


def test_a_name_wins_over_the_flag_of_one_label():
    assert filled("multilabel", [["toxic"], []], names=["toxic"])[1] == [[0], []]
    assert filled("multilabel", [0], names=["0"])[1] == [[0]]


def test_flags_as_text_where_no_name_is_a_number():
    assert filled("multilabel", [["1", "1"], ["0", "1"]], names=["x", "y"])[1] == [[0, 1], [1]]
    assert filled("multilabel", ["1", "0;1"], names=["x", "y"], delimiter=";")[1] == [[1], [0, 1]]
    for cell, delimiter in ((["0", "1"], None), ("0;1", ";")):
        with pytest.raises(DataError, match=r"row 1: \['0', '1'\] may be a row of 0 and 1 or a list of label numbers"):
            filled("multilabel", [cell], names=["x", "y"], delimiter=delimiter)


@pytest.mark.parametrize("cast", [set, frozenset, lambda row: str(set(row))], ids=["set", "frozenset", "text"])
def test_a_set_is_no_row_of_flags(cast):
    assert filled("multilabel", [cast([0, 1]), cast([1])])[1] == [[0, 1], [1]]
    with pytest.raises(DataError, match="row 2: the labels must be a row of 2 values"):
        filled("multilabel", [[0, 1], cast([0, 1])])


UNCLEAR = {
    "two texts": ([["1", "0"], ["0", "1"]], r"rows such as \['0', '1'\], which may be flags or names"),
    "a single one": ([[1], [1]], "'tags' holds the one label '1'. Where it is a column of 0 and 1, give the name"),
    "ids of one label": ([[1], []], "'tags' holds the one label '1'"),
}


@pytest.mark.parametrize(("cells", "message"), UNCLEAR.values(), ids=UNCLEAR)
def test_flags_or_names(cells, message):
    with pytest.raises(DataError, match=message):
        filled("multilabel", cells)[0].check()


def test_no_label_before_a_row_of_flags():
    with pytest.raises(DataError, match=r"row 2: the labels are a row of 0 and 1 here, \[0\], and a list of no label"):
        filled("multilabel", [[], [0]], names=["toxic"])


def test_lists_of_numbers_are_no_flags():
    vocabulary, rows = filled("multilabel", [[27], [0, 1], [1]])
    assert (vocabulary.names, rows) == (("0", "1", "27"), [[0], [1, 2], [2]])
