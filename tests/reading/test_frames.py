import pytest

from kerasbert import DataError
from kerasbert.reading.readers import read_examples

COLUMNS = {"text": ["a", "b"], "label": [1, 0], "unused": [0.5, 1.5]}


def pandas_frame(columns):
    return pytest.importorskip("pandas").DataFrame(columns, index=range(7, 7 + len(columns["text"])))


def polars_frame(columns):
    return pytest.importorskip("polars").DataFrame(columns, strict=False)


def polars_lazy_frame(columns):
    return polars_frame(columns).lazy()


def pyarrow_table(columns):
    return pytest.importorskip("pyarrow").table(columns)


def hugging_face_dataset(columns):
    return pytest.importorskip("datasets").Dataset.from_dict(columns)


FRAMES = [pandas_frame, polars_frame, polars_lazy_frame, pyarrow_table, hugging_face_dataset]


@pytest.mark.parametrize("build", FRAMES, ids=lambda build: build.__name__)
def test_texts_and_labels(build):
    examples = read_examples(build(COLUMNS), label_columns="label")
    assert (examples.texts, examples.labels, examples.rows) == (["a", "b"], {"label": [1, 0]}, [1, 2])


@pytest.mark.parametrize("build", FRAMES, ids=lambda build: build.__name__)
def test_missing_column(build):
    with pytest.raises(DataError, match="has no column 'txt'; it has 'text', 'label', 'unused'. Did you mean 'text'"):
        read_examples(build(COLUMNS), text_column="txt")


@pytest.mark.parametrize("build", FRAMES, ids=lambda build: build.__name__)
def test_missing_text(build):
    frame = build({"text": ["a", None]})
    with pytest.raises(DataError, match="row 2: 'text' is missing"):
        read_examples(frame)
    assert read_examples(frame, missing="empty").texts == ["a", ""]


@pytest.mark.parametrize("build", FRAMES, ids=lambda build: build.__name__)
def test_column_of_numbers(build):
    with pytest.raises(TypeError, match="row 1: 'label' must be a text; got 1 of type int"):
        read_examples(build(COLUMNS), text_column="label")


def test_pandas_columns_of_one_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(DataError, match="text"):
        read_examples(frame)


def test_several_splits():
    datasets = pytest.importorskip("datasets")
    splits = datasets.DatasetDict(train=datasets.Dataset.from_dict(COLUMNS))
    with pytest.raises(TypeError, match="of type DatasetDict. Of several splits give one"):
        read_examples(splits)


def test_stream():
    stream = hugging_face_dataset(COLUMNS).to_iterable_dataset()
    with pytest.raises(TypeError, match="of type IterableDataset. Read a stream into a Dataset first"):
        read_examples(stream)


@pytest.mark.parametrize("source", [3, None, b"a,b", iter(["a"])], ids=["int", "none", "bytes", "iterator"])
def test_no_source(source):
    with pytest.raises(TypeError, match="`source` must be a path, a frame, .* or a pair .texts, labels.; got"):
        read_examples(source)
