"""Rows of several files one after the other, and the windows they are divided into."""

import pytest

from kerasbert import DataError
from kerasbert.production import input_rows
from kerasbert.production.input_rows import InputRow, InputRows, rejected, windows
from kerasbert.reading.readers import TextColumns
from kerasbert.reading.sources import find_sources


@pytest.fixture
def rows(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    (tmp_path / "b.csv").write_text("text\nfour\n")
    (tmp_path / "c.jsonl").write_text('{"text": "five"}\n{"text": "six"}\n')
    files = find_sources([tmp_path / name for name in ("a.txt", "b.csv", "c.jsonl")], plain=True)
    return InputRows(files, ["text"], "text")


def texts(found):
    return [row.cells["text"] for row in found]


def test_files_follow_each_other(rows):
    assert texts(rows.take(2)) == ["one", "two"]
    assert rows.skip(1) == 1 and 0 < rows.share < 1
    assert texts(rows.take(9)) == ["four", "five", "six"]
    assert rows.skip(5) == 0 and rows.share == 1


def test_rows_are_passed_over_across_files(rows):
    assert rows.skip(5) == 5
    [row] = rows.take(3)
    assert row.place.endswith("c.jsonl, line 2") and row.cells == {"text": "six"}


def given(*found):
    return [InputRow("f", "line", number, {"text": text}) for number, text in enumerate(found, 1)]


def test_windows_end_by_rows_and_by_characters(monkeypatch):
    monkeypatch.setattr(input_rows, "WINDOW_ROWS", 3)
    monkeypatch.setattr(input_rows, "WINDOW_CHARACTERS", 10)
    made = windows(given("a", "b", None, "c", "x" * 50, "d"), TextColumns())
    assert [(len(window.rows), len(window.rejected)) for window in made] == [(2, 1), (2, 0), (1, 0)]


def test_a_reason_does_not_repeat_the_place():
    [row] = given(None)
    assert rejected(row, DataError("f, line 1: 'text' is missing.")).to_dict([]) == {
        "file": "f",
        "line": 1,
        "reason": "'text' is missing.",
    }


def test_a_file_that_is_gone_has_changed(rows, tmp_path):
    rows.skip(1)
    rows.check_unchanged(0)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match=r"a.txt was changed while it was read"):
        rows.check_unchanged(0)
