"""Files of one JSON array, and what .json means."""

import gzip
import json

import pytest

from kerasbert.data import read_examples
from kerasbert.reading import _json
from kerasbert.reading.added_column import copy_with_column
from kerasbert.reading.readers import stream_rows
from kerasbert.reading.sources import source_of

ROWS = [{"text": f"é {number} [],{{}}", "label": "xy"[number % 2], "n": [number, {"k": None}]} for number in range(40)]
FORMS = {
    "one line": json.dumps(ROWS),
    "pretty": json.dumps(ROWS, indent=2, ensure_ascii=False),
    "mark and space": "\ufeff \r\n" + json.dumps(ROWS, ensure_ascii=False) + "\n\n",
    "lines": "".join(json.dumps(row) + "\n" for row in ROWS),
}


@pytest.mark.parametrize("piece", [3, 64, 2**20])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(form, piece, tmp_path, monkeypatch):
    monkeypatch.setattr(_json, "PIECE", piece)
    content = FORMS[form].encode("utf-8")
    for name, packed in (("a.json", content), ("a.json.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(packed)
        examples = read_examples(tmp_path / name, label_columns=["label", "n"])
        assert examples.texts == [row["text"] for row in ROWS] and examples.labels["n"] == [row["n"] for row in ROWS]
        assert examples.rows == list(range(1, 41))


def test_another_encoding(tmp_path):
    (tmp_path / "a.json").write_bytes(json.dumps(ROWS, ensure_ascii=False).encode("cp1252"))
    assert read_examples(tmp_path / "a.json", encoding="cp1252").texts == [row["text"] for row in ROWS]


def test_rows_around_one_that_cannot_be_used(tmp_path):
    (tmp_path / "a.json").write_text(
        '[{"text": "a"}, 12, {"text": "b", "text": "c"}, {"text": {"x": [1, 1]}}, {"text": "d"}]'
    )
    with pytest.warns(
        UserWarning, match="3 rows were left out, such as .*a.json, row 2: must be a JSON object; got 12"
    ):
        examples = read_examples(tmp_path / "a.json", on_error="skip")
    assert (examples.texts, examples.rows) == (["a", "d"], [1, 5])


def test_an_empty_array_has_no_rows(tmp_path):
    (tmp_path / "a.json").write_text(" [ ] ")
    assert list(stream_rows(source_of(tmp_path / "a.json"), ["text"])) == []


def test_a_column_is_added_to_an_array(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(ROWS[:2], indent=1))
    copy_with_column(tmp_path / "a.json", tmp_path / "b.json", "new", ["p", None])
    new = [{**row, "new": cell} for row, cell in zip(ROWS, ["p", None], strict=False)]
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == new
