import pytest

from kerasbert import DataError
from kerasbert.reading.readers import read_examples

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def write(tmp_path):
    def write_columns(**columns):
        parquet.write_table(pyarrow.table(columns), tmp_path / "data.parquet")
        return tmp_path / "data.parquet"

    return write_columns


@pytest.mark.parametrize(
    "kind",
    [pyarrow.string(), pyarrow.large_string(), pyarrow.dictionary(pyarrow.int32(), pyarrow.string())],
    ids=["string", "large", "dictionary"],
)
def test_texts_and_labels(write, kind):
    file = write(text=pyarrow.array(["a", "b"], kind), label=[["x"], []], unused=[b"1", b"2"])
    examples = read_examples(file, label_columns="label")
    assert (examples.texts, examples.labels, examples.rows) == (["a", "b"], {"label": [["x"], []]}, [1, 2])


@pytest.mark.parametrize(
    ("cells", "kind"),
    [([b"a"], "binary"), ([["a"]], "list<"), ([{"a": 1}], "struct<")],
    ids=["binary", "list", "struct"],
)
def test_column_that_is_no_text(write, cells, kind):
    with pytest.raises(DataError, match=f"'text' must be a column of texts; it is stored as {kind}"):
        read_examples(write(text=cells))


def test_column_of_numbers(write):
    with pytest.raises(TypeError, match="data.parquet, row 1: 'text' must be a text; got 1 of type int"):
        read_examples(write(text=[1, 2]))


def test_missing_text(write):
    with pytest.raises(DataError, match="data.parquet, row 2: 'text' is missing"):
        read_examples(write(text=["a", None]))


def test_missing_column(write):
    with pytest.raises(DataError, match="has no column 'label'; it has 'text', 'labels'. Did you mean 'labels'"):
        read_examples(write(text=["a"], labels=[1]), label_columns="label")


@pytest.mark.parametrize(
    "change", [lambda b: b[:-20], lambda b: b"PAR0" * 10, lambda b: b"x"], ids=["cut", "magic", "tiny"]
)
def test_unreadable_file(write, change):
    file = write(text=["a", "b"])
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(DataError, match="data.parquet is not a readable Parquet file"):
        read_examples(file)
