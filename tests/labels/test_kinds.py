import numpy as np
import pytest

from kerasbert.labels.kinds import classes_as, kind_for, label_kind, labels_as

KINDS = {
    "names": ["a", "b"],
    "integers": [2, np.int64(3)],
    "floats": [1.0, 2],
    "booleans": [True, np.bool_(False)],
}


@pytest.mark.parametrize(("kind", "cells"), KINDS.items(), ids=KINDS)
@pytest.mark.parametrize(
    "cast",
    [list, tuple, lambda cells: np.array(cells), lambda cells: [[cell] for cell in cells]],
    ids=["list", "tuple", "array", "lists"],
)
def test_kinds(kind, cells, cast):
    assert label_kind(cast(cells)) == kind


@pytest.mark.parametrize("cells", [[1, "a"], [True, 1], [], [[1], ["a"]], ["1"]], ids=str)
def test_mixed_labels_are_names(cells):
    assert label_kind(cells) == "names"


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("integers", ["1", "-2.0"], "integers"),
        ("integers", ["a", "1"], "names"),
        ("floats", ["0.5"], "names"),
        ("booleans", ["0", "1"], "booleans"),
        ("booleans", ["False", "True"], "booleans"),
        ("booleans", ["no", "yes"], "names"),
        ("unheard-of", ["a"], "unheard-of"),
    ],
)
def test_a_kind_fits_all_names(kind, names, expected):
    assert kind_for(kind, names) == expected


@pytest.mark.parametrize(
    ("kind", "names", "classes"),
    [
        ("booleans", ["0", "1"], np.array([False, True])),
        ("booleans", ["False", "True"], np.array([False, True])),
        ("floats", ["0", "1.0"], np.array([0.0, 1.0])),
        ("integers", ["1.0", "3"], np.array([1, 3])),
        ("names", ["1", "a"], np.array(["1", "a"], dtype=object)),
    ],
)
def test_classes_have_the_dtype_of_the_labels(kind, names, classes):
    found = classes_as(kind, names)
    assert found.dtype == classes.dtype and found.tolist() == classes.tolist()


def test_decisions_as_labels():
    assert labels_as("integers", ["2", "5"], np.array([1, 0])).tolist() == [5, 2]
    assert labels_as("booleans", ["0", "1"], np.array([[1], [0]])).tolist() == [True, False]
    assert labels_as("integers", ["2", "5"], np.array([[1, 1], [0, 0]])) == [[2, 5], []]
    assert labels_as("indicator", ["a", "b"], np.array([[1, 0]])).tolist() == [[1, 0]]


def test_integers_of_64_bits_keep_their_digits():
    assert classes_as("integers", ["-1", str(2**63)]).tolist() == [-1, 2**63]
