"""Shards of every format hold the same predictions."""

import csv
import io
import json
import sys

import pyarrow
import pytest
from pyarrow import parquet

import kerasbert as kb
from kerasbert.production.prediction_rows import PredictionColumns
from kerasbert.production.shard_writers import WRITERS, check_parquet

ROWS = [
    {"text": "good", "labels": ["a", "b"], "scores": {"a": 0.9, "b": 0.6}, "columns": {"id": 7, "note": None}},
    {"text": "Grüße", "labels": [], "scores": {"a": 0.1, "b": 0.2}, "columns": {"id": 8, "note": [1, "x\ud83d"]}},
]
COLUMNS = PredictionColumns({"": ["a", "b"]}, kept=["id", "note"])


def written(name, columns=COLUMNS, types=None, pieces=2):
    stream = io.BytesIO()
    writer = WRITERS[name](stream, columns, types or {})
    for start in range(0, len(ROWS), len(ROWS) // pieces):
        writer.write(ROWS[start : start + len(ROWS) // pieces])
    writer.close()
    return stream.getvalue()


def test_json_lines():
    rows = [json.loads(line) for line in written("jsonl").decode().splitlines()]
    assert [row["text"] for row in rows] == ["good", "Grüße"] and rows[0]["columns"] == {"id": 7, "note": None}
    assert rows[1]["columns"]["note"] == [1, "x\ud83d"]
    without = PredictionColumns({"": ["a", "b"]}, kept=["id"], has_text=False)
    assert "text" not in json.loads(written("jsonl", without).splitlines()[0])


def test_csv():
    header, first, second = csv.reader(io.StringIO(written("csv").decode()))
    assert header == ["text", "id", "note", "labels", "a", "b"]
    assert first == ["good", "7", "", "a|b", "0.9", "0.6"] and second[:2] == ["Grüße", "8"]


def test_parquet_keeps_types_that_are_known_and_writes_others_as_text():
    table = parquet.read_table(io.BytesIO(written("parquet", types={"id": pyarrow.int64()})))
    assert table.column_names == ["text", "id", "note", "labels", "a", "b"]
    assert [str(field.type) for field in table.schema][1:4] == ["int64", "string", "list<element: string>"]
    assert table["labels"].to_pylist() == [["a", "b"], []] and table["a"].to_pylist() == [0.9, 0.1]
    assert table["note"].to_pylist() == [None, '[1, "x\\ud83d"]']
    assert parquet.read_table(io.BytesIO(written("parquet")))["id"].to_pylist() == ["7", "8"]


def test_parquet_of_the_highest_scores():
    top = PredictionColumns({"": ["a", "b"]}, kept=["id"], top=2)
    table = parquet.read_table(io.BytesIO(written("parquet", top)))
    assert [str(field.type) for field in table.schema][-4:] == ["string", "double", "string", "double"]
    assert table["label 1"].to_pylist() == ["a", "a"]


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_rows_give_the_same_bytes(name):
    assert written(name) == written(name)


def test_parquet_without_pyarrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(kb.ConfigError, match="needs pyarrow; pip install 'kerasbert\\[parquet\\]'"):
        check_parquet()
