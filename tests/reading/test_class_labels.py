"""Class ids whose names a data set knows come as names, from every place that `datasets` writes them to."""

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from kerasbert import DataError, KerasbertWarning
from kerasbert.data import encode_class_ids, read_examples
from kerasbert.reading.class_labels import class_names
from kerasbert.reading.readers import stream_rows
from kerasbert.reading.sources import find_sources

NAMES = ["entail", "neutral", "contra"]
CLASS = datasets.ClassLabel(names=NAMES)


def data_set(cells, feature):
    features = datasets.Features({"text": datasets.Value("string"), "label": feature})
    rows = {"text": [f"text {number}" for number in range(len(cells))], "label": cells}
    return datasets.Dataset.from_dict(rows, features=features)


def as_parquet(source, folder):
    source.to_parquet(folder / "data.parquet")
    return folder / "data.parquet"


def as_table(source, folder):
    return source.with_format("arrow")[:]


SOURCES = {"data set": lambda source, folder: source, "parquet": as_parquet, "table": as_table}


@pytest.mark.parametrize("form", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize(
    ("feature", "cells", "names"),
    [
        (CLASS, [2, 0, -1, None], ["contra", "entail", None, None]),
        (datasets.List(CLASS), [[0, 1], [], [2]], [["entail", "neutral"], [], ["contra"]]),
        (datasets.Sequence(CLASS), [[0, 1], [-1]], [["entail", "neutral"], [None]]),
        (datasets.Value("int64"), [2, -1], [2, -1]),
    ],
    ids=["class", "list", "sequence", "plain numbers"],
)
def test_names_for_ids(form, feature, cells, names, tmp_path):
    source = form(data_set(cells, feature), tmp_path)
    assert read_examples(source, label_columns="label").labels == {"label": names}


@pytest.mark.parametrize("format_", ["numpy", "pandas", "arrow"])
def test_whatever_format_the_data_set_gives(format_):
    source = data_set([2, -1], CLASS).with_format(format_)
    assert read_examples(source, label_columns="label").labels == {"label": ["contra", None]}


@pytest.mark.parametrize("form", SOURCES.values(), ids=SOURCES)
def test_a_row_without_label_is_named_or_left_out(form, tmp_path):
    source = form(data_set([0, -1, 2], CLASS), tmp_path)
    with pytest.raises(DataError, match="row 2: the label is missing"):
        encode_class_ids(read_examples(source, label_columns="label").labels["label"], NAMES)
    with pytest.warns(KerasbertWarning, match="1 row was left out, such as .* row 2: the label is missing"):
        kept = read_examples(source, label_columns="label", on_error="skip")
    assert (kept.labels["label"], kept.rows) == (["entail", "contra"], [1, 3])


def test_a_stream_gives_the_same(tmp_path):
    [file] = find_sources(as_parquet(data_set([1, -1], CLASS), tmp_path))
    assert [row["label"] for _, row in stream_rows(file, ["text", "label"])] == ["neutral", None]


def write_with_features(folder, cells, features):
    table = pyarrow.table({"text": ["a"] * len(cells), "label": cells})
    pyarrow.parquet.write_table(
        table.replace_schema_metadata({b"huggingface": features.encode()}), folder / "data.parquet"
    )
    return folder / "data.parquet"


def test_an_id_without_name(tmp_path):
    features = '{"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}}'
    with pytest.raises(DataError, match="row 2: the class id must be from 0 to 1, or -1 for none; got 2"):
        read_examples(write_with_features(tmp_path, [1, 2], features), label_columns="label")


@pytest.mark.parametrize("features", ["{", '{"info": 3}', '{"info": {}, "info": {}}'], ids=["cut", "number", "twice"])
def test_features_that_cannot_be_read(features, tmp_path):
    with pytest.raises(DataError, match="the features that `datasets` wrote into it cannot be read; write it again"):
        read_examples(write_with_features(tmp_path, [1], features), label_columns="label")


def test_how_older_versions_write_lists():
    own = {"names": ["a"], "_type": "ClassLabel"}
    assert class_names({"x": [own], "y": {"feature": own, "_type": "Sequence"}, "z": {"dtype": "int8"}}) == {
        "x": ["a"],
        "y": ["a"],
    }
