import gzip

import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from apache_beam.io.filesystem import FileMetadata  # noqa: E402
from apache_beam.pvalue import TaggedOutput  # noqa: E402

from kerasbert.production.beam.predict_texts import DeadLetter  # noqa: E402
from kerasbert.production.beam.read_texts import ReadTexts, is_plain  # noqa: E402
from kerasbert.reading.read_options import DEFAULTS, ReadOptions  # noqa: E402
from kerasbert.reading.readers import TextColumns  # noqa: E402

pytestmark = pytest.mark.beam
TEXT = TextColumns()


def read(path, columns=TEXT, kept=(), options=DEFAULTS):
    found = list(ReadTexts(columns, kept, options).process(FileMetadata(str(path), path.stat().st_size)))
    letters = [one.value for one in found if isinstance(one, TaggedOutput)]
    return [one for one in found if not isinstance(one, TaggedOutput)], letters


def test_rows_have_their_file_and_number(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text('text,id\ngood,7\n"two\nlines",8\n')
    rows, letters = read(file, kept=["id"])
    assert [(key["row"], key["columns"], text) for key, text in rows] == [
        (2, {"id": "7"}, "good"),
        (3, {"id": "8"}, "two\nlines"),
    ]
    assert rows[0][0]["file"] == str(file) and not letters


def test_bad_rows_are_letters_in_their_place(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "good"}\nno json\n{"text": null}\n{"text": 7}\n{"text": "fine"}\n')
    rows, letters = read(file)
    assert [(key["row"], text) for key, text in rows] == [(1, "good"), (5, "fine")]
    assert [letter.key for letter in letters] == [{"file": str(file), "row": number} for number in (2, 3, 4)]
    assert "not valid JSON" in letters[0].reason and "'text' is missing" in letters[1].reason
    assert "must be a text; got 7" in letters[2].reason


def test_a_file_that_cannot_be_used_is_one_letter(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('{"other": "good"}\n')
    rows, (letter,) = read(file)
    assert not rows and letter.key == {"file": str(file), "row": None} and "has no column 'text'" in letter.reason


def test_a_cut_file_keeps_the_rows_before_the_cut(tmp_path):
    file = tmp_path / "data.jsonl.gz"
    lines = "".join(f'{{"text": "number {number}"}}\n' for number in range(20_000))
    file.write_bytes(gzip.compress(lines.encode())[:-5000])
    rows, letters = read(file)
    assert [text for _, text in rows] == [f"number {number}" for number in range(len(rows))] and len(rows) > 100
    assert "is cut or no gzip file" in letters[-1].reason


def test_pairs_and_plain_text(tmp_path):
    file = tmp_path / "data.tsv"
    file.write_text("text\tother\na\tb\n")
    assert read(file, TextColumns("text", "other"))[0][0][1] == ("a", "b")
    plain = tmp_path / "data.txt"
    plain.write_text("one\n\ntwo\n")
    assert [text for _, text in read(plain)[0]] == ["one", "", "two"] and is_plain("A.TXT.gz")


@pytest.mark.parametrize(
    ("kept", "options", "words"),
    [(["id"], DEFAULTS, "got 'id'"), ((), ReadOptions(delimiter=";"), "got delimiter")],
    ids=["column", "option"],
)
def test_plain_text_has_no_columns(tmp_path, kept, options, words):
    plain = tmp_path / "data.txt"
    plain.write_text("one\n")
    rows, (letter,) = read(plain, kept=kept, options=options)
    assert not rows and "holds a text a line and no columns" in letter.reason and words in letter.reason


def test_letters_are_plain():
    assert DeadLetter({"file": "a"}, None, "why") == ({"file": "a"}, None, "why")
