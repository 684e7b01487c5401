import enum
import io
from decimal import Decimal

import numpy as np
import pytest

from kerasbert import DataError
from kerasbert.labels.cells import LabelCells, Place, cell_parts, flag_value, label_column
from kerasbert.labels.encode import collect_label_names
from kerasbert.tasks.table import TASKS


def polars_column(values, dtype):
    polars = pytest.importorskip("polars")
    return polars.Series(values, dtype=polars.Enum(["b", "a"]) if dtype == "Enum" else polars.Array(polars.Int8, 2))


COLUMNS = {
    "list": lambda: ["a", "b"],
    "tuple": lambda: ("a", "b"),
    "generator": lambda: (name for name in "ab"),
    "array": lambda: np.array(["a", "b"]),
    "series": lambda: pytest.importorskip("pandas").Series(["a", "b"], index=[7, 3]),
    "categories": lambda: pytest.importorskip("pandas").Series(["a", "b"], dtype="category"),
    "polars": lambda: pytest.importorskip("polars").Series(["a", "b"]),
    "arrow": lambda: pytest.importorskip("pyarrow").chunked_array([["a"], ["b"]]),
    "column": lambda: np.array([["a"], ["b"]]),
    "polars enum": lambda: polars_column(["a", "b"], "Enum"),
    "array of objects": lambda: np.array([["a"], ["b"]], dtype=object),
    "enumeration": lambda: list(enum.Enum("Names", {"first": "a", "second": "b"}, type=str)),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_columns(column):
    assert list(label_column(column(), several=False).cells) == ["a", "b"]
    assert collect_label_names(column()) == ["a", "b"]


def test_tensors():
    torch = pytest.importorskip("torch")
    assert TASKS["multiclass"].read(torch.tensor([7, 3, 7])).names == ("3", "7")
    assert TASKS["multilabel"].read(torch.eye(3)).array.tolist() == np.eye(3).tolist()


NO_COLUMNS = {
    "text": ("ab", TypeError, "`labels` must be a list of labels, one for each text; got 'ab' of type str"),
    "bytearray": (bytearray(b"ab"), TypeError, "must be a list of labels"),
    "file": (io.StringIO("a"), TypeError, "must be a list of labels"),
    "set": ({"a"}, TypeError, "must be a list of labels"),
    "dict": ({"a": 1}, TypeError, "must be a list of labels"),
    "number": (3, TypeError, "must be a list of labels"),
    "none": (None, TypeError, "must be a list of labels"),
    "one-hot": (np.eye(3), DataError, r"shape \(n,\); got an array of shape \(3, 3\).*labels.argmax\(axis=1\)"),
    "cube": (np.zeros((2, 2, 2)), DataError, r"shape \(n,\).*\(2, 2, 2\)"),
}


@pytest.mark.parametrize(("labels", "error", "message"), NO_COLUMNS.values(), ids=NO_COLUMNS)
def test_what_is_no_column(labels, error, message):
    with pytest.raises(error, match=message):
        label_column(labels, several=False)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_is_no_column_of_single_labels(library):
    frame = pytest.importorskip(library).DataFrame({"topic": ["a"], "tone": ["b"]})
    with pytest.raises(
        TypeError, match=r"one column of labels; got a DataFrame with the columns \['topic', 'tone'\].*df\['topic'\]"
    ):
        label_column(frame, several=False)


def frames():
    flags = {"x": [1, 0, 0], "y": [1, 1, 0]}
    yield pytest.importorskip("pandas").DataFrame(flags, index=[5, 6, 7])
    yield pytest.importorskip("polars").DataFrame(flags)
    yield pytest.importorskip("pyarrow").table(flags)


def test_frames_of_flags_bring_their_names():
    for frame in frames():
        column = label_column(frame, several=True)
        assert column.names == ("x", "y") and column.cells == [["x", "y"], ["y"], []]


def test_a_frame_of_something_else():
    frame = pytest.importorskip("pandas").DataFrame({"x": [1, 2]})
    with pytest.raises(DataError, match="labels, row 2: 'x' must be 0 or 1; got 2"):
        label_column(frame, several=True)


def frame_of(columns):
    return pytest.importorskip("pandas").DataFrame([[1, 0], [0, 1]], columns=columns)


def arrow_table_of(columns):
    arrow = pytest.importorskip("pyarrow")
    return arrow.table([arrow.array([1, 0]), arrow.array([0, 1])], names=columns)


@pytest.mark.parametrize(
    ("make", "columns", "message"),
    [
        (frame_of, ["x", "x"], "labels has two columns named 'x'; rename one"),
        (frame_of, [0, "0"], "labels has two columns named '0'"),
        (arrow_table_of, ["x", "x"], "labels has two columns named 'x'"),
        (frame_of, ["x", float("nan")], "columns of a frame of 0 and 1 are the labels, each a text; got nan"),
        (frame_of, [("a", "x"), ("a", "y")], r"each a text; got \('a', 'x'\)"),
    ],
    ids=["twice", "number and text", "twice in arrow", "not a number", "two levels"],
)
def test_columns_that_name_no_labels(make, columns, message):
    with pytest.raises(DataError, match=message):
        label_column(make(columns), several=True)


def test_an_array_of_rows_in_a_column_is_no_column_of_single_labels():
    with pytest.raises(DataError, match=r"labels, row 1: a text must have one label here; got \[1, 0\]"):
        TASKS["multiclass"].read(polars_column([[1, 0], [1, 1]], "Array"))


def test_rows_of_names_in_an_array():
    assert TASKS["multilabel"].read(np.array([["a", "b"], ["b", "c"]])).array.tolist() == [[1, 1, 0], [0, 1, 1]]
    missing = np.array([[1, 0, 0], [None, 1, 1]], dtype=object)
    with pytest.raises(DataError, match="row 2: the labels must be 0 or 1 in every row.*got None"):
        TASKS["multilabel"].read(missing)


def test_numbers_of_other_libraries_in_a_list():
    torch = pytest.importorskip("torch")
    for cells in ([torch.tensor(2), torch.tensor(1)], [Decimal("2.0"), Decimal(1)], [np.array(2), np.array(1)]):
        read = TASKS["multiclass"].read(cells)
        assert (read.names, read.array.tolist(), read.kind) == (("1", "2"), [1, 0], "integers")


@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"])
def test_sparse_matrices(layout):
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(np.eye(3)).asformat(layout)
    assert np.array_equal(label_column(sparse, several=True).cells, np.eye(3))


def parts(cell, **options):
    return cell_parts(cell, "row 1", **options)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("['a', 'b']", ["a", "b"]),
        ('["a"]', ["a"]),
        (" [1, 0] ", [1, 0]),
        ("('a', 'b')", ["a", "b"]),
        ("{'a'}", ["a"]),
        ("[]", []),
        ("(none)", ["(none)"]),
        ("(1)", ["(1)"]),
        ("a", ["a"]),
        ("[", ["["]),
        (["a", "b"], ["a", "b"]),
        (np.array(["a"]), ["a"]),
        (3, [3]),
    ],
    ids=str,
)
def test_parts_of_a_cell(cell, expected):
    assert parts(cell, several=True) == expected


UNREADABLE = [
    "['a' 'b']",
    "[1 0 1]",
    "[a, b]",
    "[draft]",
    '{"choices": ["a"]}',
    "[['a']]",
    "['a'",
    "{a,b}",
    "{a}",
    "set()",
    "np.int64(1)",
    "tensor([1, 0])",
    "array(['a'], dtype=object)",
    "b'a'",
    "<Color.RED: 1>",
    "[" * 5000 + "]" * 5000,
]


@pytest.mark.parametrize("cell", [cell for cell in UNREADABLE if cell != "['a'"], ids=lambda cell: cell[:12])
def test_lists_that_cannot_be_read(cell):
    with pytest.raises(
        DataError, match="row 1: the cell .* holds a list or an object written as text.*label_delimiter"
    ):
        parts(cell, several=True)


def test_brackets_in_a_single_label():
    assert parts("[draft]", several=False) == ["[draft]"]
    assert parts("['a']", several=False) == ["a"]
    with pytest.raises(DataError, match="must have one label here; got .*'a', 'b'"):
        parts("['a', 'b']", several=False)
    for cell in ("[1 0 0]", "[np.int64(1)]", "tensor(1)"):
        with pytest.raises(DataError, match="written as text"):
            parts(cell, several=False)


def test_known_names_are_taken_as_they_are():
    assert parts("[a, b]", several=True, known=["[a, b]"]) == ["[a, b]"]


def test_a_delimiter_splits_where_several_labels_may_be():
    assert parts("a; b;", several=True, delimiter=";") == ["a", "b"]
    assert parts("a; b;", several=False, delimiter=";") == ["a; b;"]
    assert parts("", several=True, delimiter=";") == []
    assert parts("(none); (b)", several=True, delimiter=";") == ["(none)", "(b)"]
    with pytest.raises(DataError, match="written as text"):
        parts("(a, b)", several=True, delimiter=",")


def test_a_cell_is_no_table():
    with pytest.raises(DataError, match=r"row 1: the labels must be a list; got an array of shape \(1, 2\)"):
        parts(np.array([[1, 0]]), several=True)


@pytest.mark.parametrize(
    ("cell", "value"), [("1.0", 1.0), (False, 0.0), (1, 1.0), ("true", 1.0), (2, None), ("x", None), (None, None)]
)
def test_flags(cell, value):
    assert flag_value(cell) == value


def test_cells_know_their_places():
    cells = LabelCells(["a", "b", "c"], "data.csv", [2, 5, 9], "line")
    assert str(Place(cells, "labels", 1, 1)) == "data.csv, line 5"
    assert cells.take([2]).place(0) == "data.csv, line 9"
    assert str(Place(["a"], "labels", [4], 0)) == "labels, row 4"
