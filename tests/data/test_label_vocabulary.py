import numpy as np
import pytest

from kerasbert import ConfigError, DataError, KerasbertWarning
from kerasbert.data.label_vocabulary import LabelVocabulary


def filled(task, cells, **options):
    vocabulary = LabelVocabulary(task, ["tags"], **options)
    rows = [vocabulary.numbers({"tags": cell}, f"row {number}") for number, cell in enumerate(cells, start=1)]
    for row in rows:
        vocabulary.count(row)
    return vocabulary, rows


def test_numbers_follow_the_rows_and_order_the_names():
    vocabulary, rows = filled("multiclass", ["b", "c", "b", "a"])
    assert rows == [[0], [1], [0], [2]] and vocabulary.names == ("a", "b", "c")
    assert vocabulary.order.tolist() == [1, 2, 0] and vocabulary.counts.tolist() == [1, 2, 1]


@pytest.mark.parametrize("cells", [["1.0", "1", "0"], ["1", "1.0", "0.0", "0"], [1.0, "1", 0]], ids=str)
def test_the_shortest_spelling_names_a_number_and_is_told(cells):
    vocabulary, _ = filled("multiclass", cells)
    with (
        pytest.warns(
            KerasbertWarning, match="the column 'tags': labels that are equal numbers .* such as '.' and '..0'"
        )
        if "1.0" in cells
        else warned()
    ):
        vocabulary.check()
    assert vocabulary.names == ("0", "1")


def warned():
    import contextlib

    return contextlib.nullcontext()


def test_one_spelling_is_kept():
    assert filled("multiclass", ["1.0", "0.0"])[0].names == ("0.0", "1.0")


def test_a_missing_value_as_text_is_told():
    with pytest.warns(KerasbertWarning, match="'NaN', 'n/a' is read as the name of a label"):
        filled("multiclass", ["n/a", "NaN", "x"])[0].check()


def test_booleans_beside_other_labels():
    with pytest.raises(DataError, match="the column 'tags' holds booleans beside other labels"):
        filled("multiclass", [True, "maybe"])[0].check()


TOGETHER = {
    "parts that are labels": (["joy; love", "joy"], "';'"),
    "parts that recur": (["a|b", "b|c", "d"], "'[|]'"),
    "nearly all": (["a,b", "c,d"], "','"),
}


@pytest.mark.parametrize(("cells", "delimiter"), TOGETHER.values(), ids=TOGETHER)
def test_several_names_in_a_cell_are_refused(cells, delimiter):
    with pytest.raises(
        DataError, match=f"several names in one cell, such as .*label_delimiter={delimiter}.*label_names"
    ):
        filled("multilabel", cells)[0].check()


def test_names_that_hold_a_comma_are_names():
    filled("multilabel", ["trade, finance", "law", "sport", "law"])[0].check()
    filled("multilabel", ["a;b", "a"], names=["a", "a;b"])[0].check()


def test_several_names_of_a_single_label_are_told():
    with pytest.warns(
        KerasbertWarning, match="'a;b' is read as one label, .* task 'multilabel' and label_delimiter=';'"
    ):
        filled("multiclass", ["a;b", "a", "b"])[0].check()


def test_measurements_are_no_labels():
    cells = [str(value / 8) for value in range(30)]
    with pytest.raises(DataError, match="holds 30 different numbers such as .* look like measurements"):
        filled("multiclass", cells)[0].check()
    filled("multiclass", [str(value / 2) for value in range(10)])[0].check()


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


def test_lists_of_numbers_are_no_flags():
    vocabulary, rows = filled("multilabel", [[27], [0, 1], [1]])
    assert (vocabulary.names, rows) == (("0", "1", "27"), [[0], [1, 2], [2]])


def test_columns_of_flags():
    vocabulary = LabelVocabulary("multilabel", ["x", "y"])
    assert vocabulary.numbers({"x": "1", "y": True}, "row 1") == [0, 1]
    with pytest.raises(DataError, match="row 2: 'y' must be 0 or 1; got 'maybe'"):
        vocabulary.numbers({"x": 0, "y": "maybe"}, "row 2")


def test_columns_of_flags_in_the_order_of_the_names():
    vocabulary = LabelVocabulary("multilabel", ["x", "y"], names=["y", "x"])
    assert vocabulary.numbers({"x": 1, "y": 0}, "row 1") == [1]


FEW = {
    "multiclass": (["a"], "'tags' must hold at least two different labels for task 'multiclass'; got .'a'."),
    "binary": (["a", "b", "c"], "must hold two different labels for task 'binary'"),
    "multilabel": ([], "must hold at least one different labels for task 'multilabel'; got"),
}


@pytest.mark.parametrize("task", FEW)
def test_too_few_labels(task):
    cells, message = FEW[task]
    with pytest.raises(DataError, match=message):
        filled(task, cells)[0].check()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_delimiter_goes_with_several_labels(task):
    with pytest.raises(ConfigError, match="`label_delimiter` goes with one column of task 'multilabel'"):
        LabelVocabulary(task, ["label"], delimiter=";")


def test_a_bad_row_leaves_no_name():
    vocabulary = LabelVocabulary("multilabel", ["tags"])
    with pytest.raises(DataError, match="the label is missing"):
        vocabulary.numbers({"tags": ["x", ""]}, "row 1")
    assert vocabulary.names == ()
