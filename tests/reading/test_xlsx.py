"""Sheets of Excel: their cells, numbers of rows, and what cannot be read."""

import datetime
import re
import sys
import traceback
import zipfile

import pytest

from kerasbert import DataError
from kerasbert.data import read_examples
from kerasbert.reading import _files
from kerasbert.reading.added_column import copy_with_column
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import stream_rows
from kerasbert.reading.sources import source_of

openpyxl = pytest.importorskip("openpyxl")
ROWS = [
    ["text", "label", None, "n"],
    ["two\nlines", "ham", "note", 1],
    [None] * 4,
    ["=1+1", "spam", None, 2.5],
    ["é", "ham"],
]


def saved(path, rows=ROWS, **sheets):
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for name, own in {"Data": rows, **sheets}.items():
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        for number, row in enumerate(own, start=1):
            for place, value in enumerate(row, start=1):
                cell = sheet.cell(number, place, value)
                if isinstance(value, str) and value[:2] != "=C":
                    cell.data_type = "s"  # a text, also where it looks like a formula
    book.save(path)
    return path


def test_cells_stay_what_they_are(tmp_path):
    examples = read_examples(saved(tmp_path / "a.xlsx"), label_columns=["label", "n"])
    assert (examples.texts, examples.rows) == (["two\nlines", "=1+1", "é"], [2, 4, 5])
    assert examples.labels == {"label": ["ham", "spam", "ham"], "n": [1, 2.5, None]}
    streamed = list(stream_rows(source_of(tmp_path / "a.xlsx"), ["text"]))
    assert [number for number, _ in streamed] == examples.rows


def test_columns_by_number(tmp_path):
    path = saved(tmp_path / "a.xlsx", ROWS[1:])
    examples = read_examples(path, text_column="1", label_columns="2", header=False)
    assert (examples.texts[0], examples.labels["2"], examples.rows) == ("two\nlines", ["ham", "spam", "ham"], [1, 3, 4])


def test_a_sheet_is_chosen_and_never_guessed(tmp_path):
    path = saved(tmp_path / "a.xlsx", More=[["text"], ["b"]])
    assert read_examples(path, sheet="More").texts == ["b"]
    with pytest.raises(DataError, match=r"has 2 sheets, 'Data', 'More'; choose one: sheet='Data' \(--sheet 'Data'\)"):
        read_examples(path)
    with pytest.raises(DataError, match="has no sheet 'Mor'; it has 'Data', 'More'. Did you mean 'More'"):
        read_examples(path, sheet="Mor")


def test_what_is_no_text_is_told(tmp_path):
    path = saved(tmp_path / "a.xlsx", [["text", "day"], ["a", datetime.date(2024, 5, 1)], [5, None]])
    with pytest.raises(TypeError, match="a.xlsx, row 3: 'text' must be a text; got 5 of type int"):
        read_examples(path)
    with pytest.raises(DataError, match="has no column 'label'; it has 'text', 'day'"):
        read_examples(path, label_columns="label")


def test_a_formula_that_failed(tmp_path):
    path = saved(tmp_path / "a.xlsx", [["text"], ["a"], ["b"]])
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(rb'<c r="A3".*?</c>', b'<c r="A3" t="e"><v>#N/A</v></c>', parts[sheet])
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    with pytest.raises(DataError, match="a.xlsx, row 3: 'text' holds the error #N/A; correct its formula"):
        read_examples(path)


def test_an_empty_sheet_and_one_that_unpacks_to_too_much(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="has no column 'text'; it has none"):
        read_examples(saved(tmp_path / "a.xlsx", []))
    monkeypatch.setattr(_files, "ALWAYS_READ", 100)
    monkeypatch.setattr(_files, "MOST_TIMES", 1)
    with pytest.raises(DataError, match=r"unpacks to \d+ or more; at most \d+ are read of it. Save it as CSV UTF-8"):
        read_examples(tmp_path / "a.xlsx")


def test_markup_that_unfolds_itself_is_refused(tmp_path):
    path = saved(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'
    parts["xl/workbook.xml"] = bomb + parts["xl/workbook.xml"].split(b"?>", 1)[-1]
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    with pytest.raises(DataError, match="is not a readable .xlsx file") as refused:
        read_examples(path)
    assert "EntitiesForbidden" in "".join(traceback.format_exception(refused.value))


def test_a_column_is_added(tmp_path):
    saved(tmp_path / "a.xlsx", More=[["text"]])
    copy_with_column(tmp_path / "a.xlsx", tmp_path / "b.xlsx", "new", ["p", None, "=q"], ReadOptions(sheet="Data"))
    back = read_examples(tmp_path / "b.xlsx", label_columns=["label", "new", "n"])
    assert back.texts == ["two\nlines", "=1+1", "é"] and back.labels["n"] == [1, 2.5, None]
    assert back.labels["new"] == ["p", None, "=q"]


def test_without_the_extra(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"needs openpyxl and defusedxml; pip install 'kerasbert\[excel\]'"):
        read_examples(path)
