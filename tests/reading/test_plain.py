"""Text files of one text a line as rows."""

import pytest

from kerasbert import DataError
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import stream_rows
from kerasbert.reading.sources import find_sources


def rows_of(path, wanted=("text",), **options):
    [file] = find_sources(path, ReadOptions(**options), plain=True)
    return list(stream_rows(file, wanted))


@pytest.mark.parametrize("name", ["a.txt", "a"])
def test_each_line_is_a_text(name, tmp_path):
    (tmp_path / name).write_bytes("\ufeffone\r\n\nGrüße, du\n".encode())
    assert rows_of(tmp_path / name) == [(1, {"text": "one"}), (2, {"text": ""}), (3, {"text": "Grüße, du"})]


def test_lines_of_another_encoding(tmp_path):
    (tmp_path / "a.txt").write_bytes("eins\nGrüße\n".encode("latin-1"))
    (first, second) = rows_of(tmp_path / "a.txt")
    assert first == (1, {"text": "eins"}) and "is not UTF-8 at its byte 2" in str(second[1])
    assert rows_of(tmp_path / "a.txt", encoding="latin-1")[1] == (2, {"text": "Grüße"})


def test_there_is_no_other_column(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    with pytest.raises(DataError, match="has no column 'id'; it has 'text'"):
        rows_of(tmp_path / "a.txt", ["text", "id"])


def test_commands_that_read_labels_do_not_take_them(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    with pytest.raises(DataError, match="a.txt must end in one of"):
        find_sources(tmp_path / "a.txt")
