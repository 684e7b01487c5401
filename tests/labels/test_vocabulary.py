import pytest
from label_columns import filled

from kerasbert import ConfigError, DataError
from kerasbert.tasks.table import TASKS


def test_numbers_follow_the_rows_and_order_the_names():
    vocabulary, rows = filled("multiclass", ["b", "c", "b", "a"])
    assert rows == [[0], [1], [0], [2]] and vocabulary.names == ("a", "b", "c")
    assert vocabulary.order.tolist() == [1, 2, 0] and vocabulary.counts.tolist() == [1, 2, 1]


def test_columns_of_flags():
    vocabulary = TASKS["multilabel"].vocabulary(["x", "y"])
    assert vocabulary.numbers({"x": "1", "y": True}, "row 1") == [0, 1]
    with pytest.raises(DataError, match="row 2: 'y' must be 0 or 1; got 'maybe'"):
        vocabulary.numbers({"x": 0, "y": "maybe"}, "row 2")


def test_columns_of_flags_that_are_numbers():
    assert TASKS["multilabel"].vocabulary(["1.0", "2"]).numbers({"1.0": 0, "2": 1}, "row 1") == [1]


def test_columns_of_flags_are_the_names():
    with pytest.raises(
        ConfigError, match=r"`label_names` must be the columns of 0 and 1, x, y, in some order; got \['a', 'b'\]"
    ):
        TASKS["multilabel"].vocabulary(["x", "y"], names=["a", "b"])


def test_columns_of_flags_in_the_order_of_the_names():
    vocabulary = TASKS["multilabel"].vocabulary(["x", "y"], names=["y", "x"])
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
        TASKS[task].vocabulary(["label"], delimiter=";")


@pytest.mark.parametrize("delimiter", ["", 1, b";"], ids=str)
def test_a_delimiter_is_a_text(delimiter):
    with pytest.raises(ConfigError, match="`label_delimiter` must be a text such as ';', or None; got"):
        TASKS["multilabel"].vocabulary(["label"], delimiter=delimiter)


def test_a_bad_row_leaves_no_name():
    vocabulary = TASKS["multilabel"].vocabulary(["tags"])
    with pytest.raises(DataError, match="the label is missing"):
        vocabulary.numbers({"tags": ["x", ""]}, "row 1")
    assert vocabulary.names == ()
