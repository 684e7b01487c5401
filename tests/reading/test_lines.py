"""A line is what ends in a line feed, with or without a carriage return before it, packed or not."""

import gzip
import io

import pytest

from kerasbert import DataError
from kerasbert.reading import _files, readers
from kerasbert.reading._csv import text_lines
from kerasbert.reading._files import carriage_hint, decode_lines
from kerasbert.reading.readers import byte_lines
from kerasbert.reading.sources import find_sources

CONTENT = "a\u2028b\u2029c\n\x0b\x0c\x1c\x1d\x1e\x85\r\nd\re\n\nlast".encode()
LINES = ["a\u2028b\u2029c\n", "\x0b\x0c\x1c\x1d\x1e\x85\r\n", "d\re\n", "\n", "last"]


def lines_of(tmp_path, content, name="a.csv", read=lambda file: text_lines(byte_lines(file))):
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return list(read(find_sources(tmp_path / name)[0]))


def decoded(content):
    return list(decode_lines(io.BytesIO(content), "a.txt"))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "mark"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_nothing_else_ends_a_line(name, mark, tmp_path):
    assert lines_of(tmp_path, mark + CONTENT, name) == LINES
    assert lines_of(tmp_path, mark + CONTENT, name, byte_lines) == [line.encode() for line in LINES]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "mark"])
def test_lines_without_their_ends(mark):
    assert decoded(mark + CONTENT) == ["a\u2028b\u2029c", "\x0b\x0c\x1c\x1d\x1e\x85", "d\re", "", "last"]
    assert (decoded(b""), decoded(b"\n"), decoded(b"a\r")) == ([], [""], ["a"])


def test_a_mark_inside_a_file_is_text(tmp_path):
    assert lines_of(tmp_path, "a\n\ufeffb\n".encode()) == ["a\n", "\ufeffb\n"]


@pytest.mark.parametrize("mark", ["utf-16", "utf-16-be"], ids=str)
def test_utf_16_is_refused(mark, tmp_path):
    content = ("\ufeff" if mark == "utf-16-be" else "") + "text\na\n"
    with pytest.raises(DataError, match="a.csv is UTF-16, not UTF-8; save it as UTF-8"):
        lines_of(tmp_path, content.encode(mark))


def test_a_line_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "LONGEST", 10)
    first, error = lines_of(tmp_path, b"short\n" + b"long\r" * 9)
    assert first == "short\n"
    assert "is longer than 10 bytes; the rest of the file cannot be read. It has carriage returns alone" in str(error)


def test_a_hint_for_carriage_returns_inside_only():
    assert carriage_hint(b"a\r\n") == carriage_hint("a\n") == ""
    assert "carriage returns alone" in carriage_hint("a\rb\n")


@pytest.mark.parametrize(
    ("content", "words"), [(b"a\nb\xff\n", "at byte 3, line 2"), (b"a\rb\r", "carriage returns alone")]
)
def test_texts_that_cannot_be_read(content, words):
    with pytest.raises(DataError, match=words):
        decoded(content)


def test_a_line_of_a_text_file_without_end(monkeypatch):
    monkeypatch.setattr(_files, "LONGEST", 10)
    with pytest.raises(DataError, match="a.txt, line 2: is longer than 10 bytes"):
        decoded(b"short\n" + b"long" * 9)
