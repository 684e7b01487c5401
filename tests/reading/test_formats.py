"""Rows of files of every format, and what becomes of those that cannot be used."""

import gzip
import json

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import tensorflow as tf

from kerasbert import DataError
from kerasbert.data import read_examples
from kerasbert.reading import readers
from kerasbert.reading._csv import text_lines
from kerasbert.reading.formats import FORMATS, Format
from kerasbert.reading.readers import stream_rows
from kerasbert.reading.sources import find_sources

ROWS = [("hello", "a"), ('two\nlines, "quoted"', "b"), ("Grüße, Welt", "a")]


def write_csv(path, delimiter=","):
    quoted = [[cell.replace('"', '""') for cell in row] for row in ROWS]
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in quoted]
    return (delimiter.join(("text", "label")) + "\n" + "\n".join(lines) + "\n").encode()


def write_jsonl():
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS).encode()


def write_tfrecord(path, examples):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for features in examples:
            kinds = {
                name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
                if isinstance(value, str)
                else tf.train.Feature(int64_list=tf.train.Int64List(value=value))
                for name, value in features.items()
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=kinds)).SerializeToString())


def rows_of(path, wanted=("text", "label")):
    [file] = find_sources(path)
    return list(stream_rows(file, wanted))


def cells_of(path):
    return [(row["text"], row["label"]) for _, row in rows_of(path)]


@pytest.mark.parametrize(
    ("name", "content"),
    {
        "csv": ("a.csv", write_csv("")),
        "tsv": ("a.tsv", write_csv("", "\t")),
        "jsonl": ("a.jsonl", write_jsonl()),
    }.values(),
    ids=["csv", "tsv", "jsonl"],
)
@pytest.mark.filterwarnings("ignore:.*rows have a tab or a line end inside a quoted cell")
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_text_files(name, content, packed, tmp_path):
    path = tmp_path / (name + ".gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert cells_of(path) == ROWS


def test_a_stream_gives_what_the_reader_in_memory_gives(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" + write_csv(path).replace(b"\n", b"\r\n"))
    examples = read_examples(path, label_columns="label")
    assert [row["text"] for _, row in rows_of(path)] == examples.texts
    assert [number for number, _ in rows_of(path)] == examples.rows


def test_parquet_and_tfrecord(tmp_path):
    pyarrow.parquet.write_table(
        pyarrow.table({"text": [t for t, _ in ROWS], "label": [x for _, x in ROWS]}), tmp_path / "a.parquet"
    )
    write_tfrecord(tmp_path / "a.tfrecord", [{"text": text, "label": label} for text, label in ROWS])
    assert cells_of(tmp_path / "a.parquet") == cells_of(tmp_path / "a.tfrecord") == ROWS


def test_a_tfrecord_of_tokens(tmp_path):
    write_tfrecord(tmp_path / "a.tfrecord", [{"input_ids": [2, 5, 3], "label": [4]}])
    [(number, row)] = rows_of(tmp_path / "a.tfrecord")
    assert (number, row["label"], row["input_ids"].tolist(), row["token_type_ids"].tolist()) == (
        1,
        4,
        [2, 5, 3],
        [0, 0, 0],
    )


BAD_ROWS = {
    "ragged": ("a.csv", b"text,label\nx,a\ny\nz,b\n", 3, "has 1 cells where the header has 2"),
    "open quote": ("a.csv", b'text,label\nx,a\n"y,b\nz,b\n', 3, "a quote is opened and never closed"),
    "quote inside": ("a.csv", b'text,label\nx,a\n"y"y,b\nz,b\n', 3, "write a quote inside a quoted cell twice"),
    "latin-1": ("a.csv", "text,label\nx,a\nGrüße,b\nz,b\n".encode("latin-1"), 3, "'text' is not UTF-8 at byte 0xfc"),
    "nul": ("a.csv", b"text,label\nx,a\ny\0,b\nz,b\n", 3, "holds a NUL byte"),
    "cut json": (
        "a.jsonl",
        b'{"text": "x", "label": "a"}\n{"text": \n{"text": "z", "label": "b"}\n',
        2,
        "not valid JSON",
    ),
    "not an object": (
        "a.jsonl",
        b'{"text": "x", "label": "a"}\n3\n{"text": "z", "label": "b"}\n',
        2,
        "must be a JSON object",
    ),
    "key twice": (
        "a.jsonl",
        b'{"text": "x", "label": "a"}\n{"a": 1, "a": 2}\n{"text": "z", "label": "b"}\n',
        2,
        "twice",
    ),
    "json latin-1": (
        "a.jsonl",
        b'{"text": "x", "label": "a"}\n{"text": "\xfc"}\n{"text": "z", "label": "b"}\n',
        2,
        "is not UTF-8",
    ),
}


@pytest.mark.parametrize(("name", "content", "line", "words"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_comes_in_its_place(name, content, line, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    rows = dict(rows_of(path))
    assert isinstance(rows[line], DataError)
    assert words in str(rows[line])
    assert [row["text"] for row in rows.values() if not isinstance(row, DataError)] == ["x", "z"]


def test_many_open_quotes_are_each_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + '"x,a\n' * 2001 + "z,b\n")
    rows = rows_of(path)
    assert sum(isinstance(row, DataError) for _, row in rows) >= 1
    assert rows[-1][1] == {"text": "z", "label": "b"}


WHOLE_FILES = {
    "empty": ("a.csv", b"", "is empty"),
    "no column": ("a.csv", b"txt,label\nx,a\n", "has no column 'text'"),
    "no key": ("a.jsonl", b'{"txt": "x"}\n', "has no column 'text'"),
    "no label in any line": ("a.jsonl", b'{"text": "x"}\n{"text": "y"}\n', "has no column 'label'; it has 'text'"),
    "utf-16": ("a.jsonl", '{"text": "x"}\n'.encode("utf-16"), "is UTF-16"),
    "no parquet": ("a.parquet", b"PAR1 and more", "is not a readable Parquet file"),
}


@pytest.mark.parametrize(("name", "content", "words"), WHOLE_FILES.values(), ids=WHOLE_FILES)
def test_files_that_cannot_be_used(name, content, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        rows_of(path)


def test_a_parquet_column_of_another_type(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"text": [b"x"], "label": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="'text' must be a column of texts; it is stored as binary"):
        rows_of(tmp_path / "a.parquet")


def test_a_cut_gzip_file_gives_what_comes_before(tmp_path):
    content = gzip.compress(b'{"text": "x", "label": "a"}\n' + np.random.default_rng(0).bytes(9000).hex().encode())
    (tmp_path / "a.jsonl.gz").write_bytes(content[:5000])
    rows = rows_of(tmp_path / "a.jsonl.gz")
    assert rows[0][1]["text"] == "x"
    assert "is cut or no gzip file" in str(rows[-1][1])


def test_a_damaged_tfrecord_names_the_record(tmp_path):
    path = tmp_path / "a.tfrecord"
    write_tfrecord(path, [{"text": "x", "label": "a"}, {"text": "y", "label": "b"}])
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(bytes(content))
    (_, first), (number, error) = rows_of(path)
    assert (first["text"], number) == ("x", 2)
    assert "is cut, changed or no TFRecord file" in str(error)


def test_an_example_without_text_or_tokens_names_its_features(tmp_path):
    write_tfrecord(tmp_path / "a.tfrecord", [{"words": "x", "label": "a"}])
    [(_, error)] = rows_of(tmp_path / "a.tfrecord")
    assert "has neither the feature 'text' nor int64 'input_ids'; it has 'label', 'words'" in str(error)


def test_a_line_without_end_is_not_read_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "LONGEST", 1000)
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "x", "label": "a"}\n' + b"x" * 5000)
    rows = rows_of(tmp_path / "a.jsonl")
    assert "is longer than 1000 bytes" in str(rows[1][1])


def test_nothing_matches(tmp_path):
    with pytest.raises(DataError, match="No file matches"):
        find_sources(str(tmp_path / "*.csv"))
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="must end in one of"):
        find_sources(tmp_path / "a.txt")


def test_a_new_format_is_an_iterator_and_a_line_of_the_table(tmp_path, monkeypatch):
    def rows(file, lines, wanted, text):
        for number, line in enumerate(text_lines(lines), start=1):
            cells = dict(part.split("=", 1) for part in line.rstrip("\n").split(" "))
            yield number, {name: cells.get(name) for name in wanted}

    monkeypatch.setitem(FORMATS, ".pairs", Format(rows))
    (tmp_path / "a.pairs").write_text("text=hello label=x\ntext=bye label=y\n")
    examples = read_examples(tmp_path / "a.pairs", label_columns="label")
    assert (examples.texts, examples.labels, examples.rows) == (["hello", "bye"], {"label": ["x", "y"]}, [1, 2])
    assert [cells["text"] for _, cells in rows_of(tmp_path / "a.pairs")] == ["hello", "bye"]
