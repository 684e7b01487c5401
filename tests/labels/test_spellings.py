import pytest
from label_columns import filled

from kerasbert import DataError, KerasbertWarning


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
    with pytest.warns(KerasbertWarning, match="'NaN', 'None', 'n/a' is read as the name of a label"):
        filled("multiclass", ["n/a", "NaN", "None", "x"])[0].check()


def test_booleans_beside_other_labels():
    with pytest.raises(DataError, match="the column 'tags' holds booleans beside other labels"):
        filled("multiclass", [True, "maybe"])[0].check()


TOGETHER = {
    "parts that are labels": (["joy; love", "joy"], "';'"),
    "parts that recur": (["a|b", "b|c", "d"], "'[|]'"),
    "nearly all": (["a,b", "c,d"], "','"),
    "lines": (["a\nb", "a"], r"'\\n'"),
    "tabs": (["a\tb", "a"], r"'\\t'"),
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
