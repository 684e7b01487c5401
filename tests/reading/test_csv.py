import csv

import pytest

from kerasbert import DataError, KerasbertWarning
from kerasbert.reading.readers import read_examples, stream_rows
from kerasbert.reading.sources import find_sources


@pytest.fixture
def read(tmp_path):
    def read_bytes(content, suffix=".csv", **options):
        file = tmp_path / f"data{suffix}"
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return read_examples(file, **options)

    return read_bytes


@pytest.mark.parametrize(
    ("content", "texts", "rows"),
    [
        ("text\na\nb\n", ["a", "b"], [2, 3]),
        ("text\na\nb", ["a", "b"], [2, 3]),
        ("text\r\na\r\nb\r\n", ["a", "b"], [2, 3]),
        ("\ufefftext\na\n", ["a"], [2]),
        ('text\n"a\nb"\nc\n', ["a\nb", "c"], [2, 4]),
        ('text\n"a\r\nb"\nc\n', ["a\r\nb", "c"], [2, 4]),
        ('text\n"say ""hi"""\n', ['say "hi"'], [2]),
        ('text\n""\n', [""], [2]),
        ("text\n\na\n", ["a"], [3]),
        ("text\n=1+1\n", ["=1+1"], [2]),
        ("text\n007\n", ["007"], [2]),
        ("text\nnan\n", ["nan"], [2]),
        ("text\na\u2028b\n", ["a\u2028b"], [2]),
        ("text\na\x85b\x0cc\x1cd\n", ["a\x85b\x0cc\x1cd"], [2]),
        ('text\n"a\rb"\nc\n', ["a\rb", "c"], [2, 3]),
        ("text\n", [], []),
    ],
    ids="plain no-end crlf bom newline crlf-cell quotes empty blank formula zeros nan-word u2028 separators cr-cell no-rows".split(),
)
def test_texts_and_lines(read, content, texts, rows):
    examples = read(content)
    assert (examples.texts, examples.rows) == (texts, rows)


def test_tsv(read):
    examples = read("text\tlabel\na, b\tx\n", ".tsv", label_columns="label")
    assert (examples.texts, examples.labels) == (["a, b"], {"label": ["x"]})


def test_same_rows_as_pandas(read, tmp_path):
    import pandas

    frame = pandas.DataFrame({"text": ['a "b", c', "x\ny", " s "], "label": ["1", "2", "3"]})
    frame.to_csv(tmp_path / "data.csv", index=False)
    examples = read((tmp_path / "data.csv").read_bytes(), label_columns="label")
    assert (examples.texts, examples.labels["label"]) == (frame["text"].tolist(), frame["label"].tolist())


def test_long_field_leaves_the_limit_of_the_interpreter(read):
    before = csv.field_size_limit()
    assert len(read("text\n" + "x" * 200_000 + "\n").texts[0]) == 200_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,label\na,b\nc\n", "data.csv, line 3: has 1 cells where the header has 2"),
        ("text,label\na,b,c\n", "data.csv, line 2: has 3 cells where the header has 2"),
        ('text\na\n"b\nc\nd\n', "data.csv, line 3: a quote is opened and never closed"),
        ('text\n"a"b\n', "data.csv, line 2: .*expected after"),
        ("text\na\nb\0c\n", "data.csv, line 3: holds a NUL byte"),
        (b"text\na\xff\n", "data.csv, line 2: 'text' is not UTF-8 at byte 0xff; save the file as UTF-8 .* Latin-1"),
        (b"text,a\xe9\nb,c\n", "data.csv, line 1: the header is not UTF-8 at byte 0xe9"),
        ("text\na\n".encode("utf-16"), "data.csv is UTF-16, not UTF-8; save it as UTF-8"),
        ("text\ra\rb\r", r"data.csv, line 1: holds a carriage return alone .* outside quotes, which ends no line"),
        ("text\na\rb\n", r"data.csv, line 2: holds a carriage return alone"),
        (
            "text;label\na;b\n",
            "Its cells look separated by semicolons, not by commas; pass delimiter=';' .--delimiter ';'.",
        ),
        (
            "text\tlabel\na\tb\n",
            "Its cells look separated by tabs, not by commas; pass delimiter='tab' .--delimiter tab.",
        ),
        (
            "ham,good parcel\nspam,win\n",
            "read as the header; where it is data already, pass header=False .--no-header.",
        ),
        ("text,text\na,b\n", "data.csv has 2 columns named 'text'"),
        ("Text,label\na,b\n", "data.csv has no column 'text'; it has 'Text', 'label'. Did you mean 'Text'"),
        ("\n\n", "data.csv has no column 'text'; it has none"),
    ],
    ids="narrow wide open-quote after-quote nul not-utf8 header-not-utf8 utf16 cr-only cr semicolons tabs no-header twice no-column only-blank".split(),
)
def test_faults(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


GLUE = 'sentence\tlabel\n"lovely\t1\nawful refund\t0\nwhat a day"\t1\nfine card\t1\n'
SWALLOWED = {
    "lines": (GLUE, "1 rows have a tab or a line end inside a quoted cell, the first in lines 2 to 4"),
    "tab": ('sentence\tlabel\n"a\tb"\tx\nc\ty\n"d\te"\tx\n', "2 rows have .* the first in line 2"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["memory", "stream"])
@pytest.mark.parametrize(("content", "words"), SWALLOWED.values(), ids=SWALLOWED)
def test_rows_that_a_quote_may_have_swallowed(content, words, packed, read, tmp_path):
    with pytest.warns(KerasbertWarning, match=f"data.tsv: {words}.* Where quotes are plain characters"):
        if packed:
            (tmp_path / "data.tsv").write_text(content)
            list(stream_rows(find_sources(tmp_path / "data.tsv")[0], ["sentence"], "sentence"))
        else:
            read(content, ".tsv", text_column="sentence")


def test_other_quotes_are_no_matter(read, recwarn):
    assert read('text\tlabel\n"say ""hi"""\ta\nsay "hi"\tb\n', ".tsv").texts == ['say "hi"'] * 2
    assert not recwarn.list
