import gzip
import os
import time

import numpy as np
import pandas
import pytest

from kerasbert import ConfigError, DataError, KerasbertWarning
from kerasbert.labels.encode import encode_class_ids
from kerasbert.reading.readers import read_examples

ROWS = [{"text": "a", "other": "b", "label": 1, "extra": 0.5}, {"text": "", "other": "d", "label": 2, "extra": 1.5}]


def test_list_of_dicts():
    examples = read_examples(ROWS, text_pair_column="other", label_columns=["label", "extra"])
    assert (examples.texts, examples.text_pairs) == (["a", ""], ["b", "d"])
    assert examples.labels == {"label": [1, 2], "extra": [0.5, 1.5]}


def test_list_of_texts():
    examples = read_examples(["a", "b"])
    assert (examples.texts, examples.labels, examples.rows) == (["a", "b"], {}, [1, 2])


def test_tuple_of_two_texts_is_no_pair():
    assert read_examples(("a", "b")).texts == ["a", "b"]


@pytest.mark.parametrize(
    "pair",
    [
        (["a", "b"], [0, 1]),
        (np.array(["a", "b"]), np.array([0, 1])),
        (pandas.Series(["a", "b"]), pandas.Series([0, 1])),
    ],
    ids=["lists", "arrays", "series"],
)
@pytest.mark.parametrize(("labels", "name"), [(None, "label"), ("y", "y")], ids=["default", "named"])
def test_pair_of_texts_and_labels(pair, labels, name):
    examples = read_examples(pair, label_columns=labels)
    assert (examples.texts, examples.labels) == (["a", "b"], {name: [0, 1]})
    assert all(type(text) is str for text in examples.texts)


def test_empty_list():
    assert len(read_examples([], label_columns="label")) == 0


def test_pair_of_unequal_lengths():
    with pytest.raises(DataError, match="one label for each text; got 2 and 3"):
        read_examples((["a", "b"], [0, 1, 2]))


def test_pair_with_several_label_columns():
    with pytest.raises(ConfigError, match="are one column; got 2 names"):
        read_examples((["a"], [0]), label_columns=["x", "y"])


def test_labels_of_a_list_of_texts():
    with pytest.raises(ConfigError, match=r"no column 'label'; give a list of dicts, or a pair \(texts, labels\)"):
        read_examples(["a"], label_columns="label")


def test_mixed_rows():
    with pytest.raises(DataError, match="the given rows, row 2: must be a dict as the others are; got 'b'"):
        read_examples([{"text": "a"}, "b"])


def test_missing_column_is_suggested():
    with pytest.raises(
        DataError, match="has no column 'txt'; it has 'text', 'other', 'label', 'extra'. Did you mean 'text'"
    ):
        read_examples(ROWS, text_column="txt")


@pytest.mark.parametrize(
    "cell", [None, float("nan"), np.float32("nan"), pandas.NA, pandas.NaT], ids=["none", "nan", "float32", "na", "nat"]
)
def test_missing_text(cell):
    with pytest.raises(DataError, match="the given texts, row 2: 'text' is missing; fill it, or pass missing='empty'"):
        read_examples(["a", cell])
    assert read_examples(["a", cell], missing="empty").texts == ["a", ""]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [(3, "int"), (1.5, "float"), (b"x", "bytes"), (["x"], "list"), (True, "bool")],
    ids=lambda v: str(v),
)
def test_text_of_another_type(cell, kind):
    with pytest.raises(TypeError, match=f"the given texts, row 2: 'text' must be a text; got .* of type {kind}"):
        read_examples(["a", cell])


def test_lone_surrogate():
    with pytest.raises(DataError, match="row 2: 'text' holds half of a surrogate pair at character 1"):
        read_examples(["a", "b\ud800"])


def test_message_shows_little_of_a_text():
    with pytest.raises(TypeError, match="of type bytes") as caught:
        read_examples(["a", b"secret" * 1000])
    assert len(str(caught.value)) < 220


def test_unknown_choice_for_missing():
    with pytest.raises(
        ConfigError, match="`missing` must be one of 'empty', 'error'; got 'emtpy'. Did you mean 'empty'"
    ):
        read_examples(["a"], missing="emtpy")


def test_label_column_that_is_no_name():
    with pytest.raises(TypeError, match="`label_columns` must be a column name or several; got 3 of int"):
        read_examples(ROWS, label_columns=[3])


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="none.csv does not exist"):
        read_examples(tmp_path / "none.csv")


def test_folder(tmp_path):
    with pytest.raises(DataError, match="is a folder; give a data file"):
        read_examples(tmp_path)


def test_empty_file(tmp_path):
    (tmp_path / "data.csv").touch()
    with pytest.raises(DataError, match=r"data.csv is empty \(0 bytes\)"):
        read_examples(str(tmp_path / "data.csv"))


def test_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="pipe.csv is not a regular file"):
        read_examples(tmp_path / "pipe.csv")


def test_device():
    with pytest.raises(DataError, match="/dev/zero is not a regular file"):
        read_examples("/dev/zero")


@pytest.mark.parametrize(
    ("path", "message"),
    [("a\0b.csv", "A path must hold no NUL character"), ("x" * 5000, "cannot be read")],
    ids=["nul", "long"],
)
def test_impossible_path(path, message):
    with pytest.raises(DataError, match=message):
        read_examples(path)


def test_unknown_suffix(tmp_path):
    (tmp_path / "data.xml").write_text("x")
    with pytest.raises(
        DataError, match="must end in one of .csv, .json, .jsonl, .* or one of these and .gz; got 'data.xml'"
    ):
        read_examples(tmp_path / "data.xml")


def test_rows_reach_the_label_messages(tmp_path):
    (tmp_path / "data.csv").write_text('text,label\n"two\nlines",a\nx,c\n')
    examples = read_examples(tmp_path / "data.csv", label_columns="label")
    with pytest.raises(DataError, match="data.csv, row 4: the label 'c' is unknown"):
        encode_class_ids(examples.labels["label"], ["a", "b"], source=examples.source, first_row=examples.rows)


BAD_FILES = {
    "csv": ("a.csv", b"text,label\nx,a\nonly\n,b\nz,b\n", [2, 4, 5]),
    "tsv": ("a.tsv", b"text\tlabel\nx\ta\nonly\nz\tb\n", [2, 4]),
    "quote": ("a.csv", b'text,label\nx,a\n"y"y,b\nz,b\n', [2, 4]),
    "no label": ("a.csv", b"text,label\nx,a\ny, \nz,b\n", [2, 4]),
    "jsonl": ("a.jsonl", b'{"text": "x", "label": 1}\n{"text"\n{"text": 3}\n{"text": "z", "label": null}\n', [1]),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("name", "content", "rows"), BAD_FILES.values(), ids=BAD_FILES)
def test_rows_that_cannot_be_used_are_left_out_and_told(name, content, rows, packed, tmp_path):
    path = tmp_path / (name + ".gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.warns(KerasbertWarning, match=rf"{path.name}: \d rows? w.* left out, such as .*{path.name}, line \d: "):
        examples = read_examples(path, label_columns="label", on_error="skip")
    assert examples.rows == rows
    with pytest.raises(DataError, match="line .: "):
        encode_class_ids(read_examples(path, label_columns="label").labels["label"], ["a", "b"])


@pytest.mark.parametrize(
    "source",
    [
        [{"text": "a", "label": 1}, {"text": None, "label": 2}, {"text": "c", "label": ""}],
        pandas.DataFrame({"text": ["a", None, "c"], "label": [1, 2, None]}),
        (["a", None, "c"], [1, 2, None]),
    ],
    ids=["dicts", "frame", "pair"],
)
def test_rows_in_memory_are_left_out_too(source):
    with pytest.warns(KerasbertWarning, match="2 rows were left out"):
        examples = read_examples(source, label_columns="label", on_error="skip")
    assert (examples.texts, examples.labels, examples.rows) == (["a"], {"label": [1]}, [1])


def test_one_label_of_several_is_enough():
    rows = [{"text": "a", "x": 1, "y": None}, {"text": "b", "x": 2, "y": 3}]
    assert read_examples(rows, label_columns=["x", "y"], on_error="skip").labels["y"] == [None, 3]


def test_unknown_policy():
    with pytest.raises(ConfigError, match="`on_error` must be one of 'skip', 'stop'; got 'skp'. Did you mean 'skip'"):
        read_examples(["a"], on_error="skp")


def test_a_hundred_thousand_rows_take_seconds(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n" + "where is my parcel,a\n" * 100_000)
    begin = time.process_time()
    assert len(read_examples(tmp_path / "a.csv", label_columns="label")) == 100_000
    assert time.process_time() - begin < 10


def test_records_of_tokens_are_no_texts(tmp_path):
    import tensorflow as tf

    ids = tf.train.Feature(int64_list=tf.train.Int64List(value=[2, 3]))
    example = tf.train.Example(features=tf.train.Features(feature={"input_ids": ids}))
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        writer.write(example.SerializeToString())
    with pytest.raises(DataError, match="row 1: holds token ids in place of a text, which `prepare` reads"):
        read_examples(tmp_path / "a.tfrecord")
