"""What a file is likely to need is found where it is plain, and left alone where it is not."""

import pytest

from kerasbert.reading.likely import likely_label_columns, likely_options, likely_text_column
from kerasbert.reading.read_options import ReadOptions

ROWS = [("good card", "ham"), ("bad, parcel", "spam"), ("thanks", "ham"), ("lost; parcel", "spam")]


def content(delimiter=",", header="text,label", quote='"'):
    cells = [[f"{quote}{text}{quote}" if delimiter in text else text, label] for text, label in ROWS]
    lines = ([header.replace(",", delimiter)] if header else []) + [delimiter.join(row) for row in cells]
    return "\n".join(lines) + "\n"


FILES = {
    "as named": ("a.csv", content().encode(), {}),
    "tabs as named": ("a.tsv", content("\t").encode(), {}),
    "semicolons": ("a.csv", content(";").encode(), {"delimiter": ";"}),
    "tabs": ("a.csv", content("\t").encode(), {"delimiter": "\t"}),
    "bars in a .tsv": ("a.tsv", content("|").encode(), {"delimiter": "|"}),
    "Windows": ("a.csv", content().replace("thanks", "café £").encode("cp1252"), {"encoding": "cp1252"}),
    "Latin": ("a.csv", content().replace("thanks", "caf\xe9 \x81").encode("latin-1"), {"encoding": "iso8859-1"}),
    "JSON": ("a.jsonl", '{"text": "café"}\n'.encode("cp1252"), {"encoding": "cp1252"}),
    "no header": ("a.tsv", content("\t", None).encode(), {"header": False}),
    "plain quotes": ("a.tsv", (content("\t") + '"open\tham\nsay "hi"\tham\n').encode(), {"quoting": "none"}),
    "swallowed rows": ("a.tsv", (content("\t") + '"one\tham\ntwo"\tham\nb\tham\n').encode(), {"quoting": "none"}),
    "a ragged row": ("a.csv", (content() + "one cell\n").encode(), {}),
    "an open quote and a ragged row": ("a.csv", (content() + '"open,ham\none\n').encode(), {}),
    "questions as header": ("a.csv", b"How happy are you with us today?,,answer\ngood,1,x\nbad,,x\n", {}),
    "numbers first": ("a.csv", b"12,good card\n13,bad parcel\n", {"header": False}),
    "one column": ("a.csv", b"text\na b\nc; d\n", {}),
    "a header alone": ("a.csv", b"text,label\n", {}),
    "all of it": (
        "a.csv",
        b'good card;ham\nbad;spam\n"th\xe9;ham\nlost;spam\n',
        {"encoding": "cp1252", "delimiter": ";", "quoting": "none", "header": False},
    ),
}


@pytest.mark.parametrize(("name", "written", "found"), FILES.values(), ids=FILES)
def test_what_is_likely(name, written, found, tmp_path):
    (tmp_path / name).write_bytes(written)
    options, likely = likely_options(tmp_path / name)
    assert options.changed() == found and set(likely) == set(found)


def test_what_is_given_stays(tmp_path):
    (tmp_path / "a.csv").write_text(content(";"))
    options, likely = likely_options(tmp_path / "a.csv", ReadOptions(delimiter=";", encoding="latin-1"))
    assert options.changed() == {"delimiter": ";", "encoding": "iso8859-1"} and likely == ()


COLUMNS = {
    "by name": ({"text": "a", "label": "x"}, "text", ["label"]),
    "several": ({"text": "a", "labels": ["x"]}, "text", ["labels"]),
    "the longest": ({"id": "1", "sentence": "a long one", "class": "x"}, "sentence", ["class"]),
    "two possible": ({"sentence": "a long one", "p": "x", "q": "y"}, "sentence", ["p", "q"]),
    "one of two by name": ({"sentence": "a long one", "p": "x", "Intent": "y"}, "sentence", ["Intent"]),
    "no text": ({"n": 1, "m": 2.5}, None, []),
}


@pytest.mark.parametrize(("row", "text", "labels"), COLUMNS.values(), ids=COLUMNS)
def test_likely_columns(row, text, labels):
    rows = [{name: varied(name, value, number) for name, value in row.items()} for number in range(12)]
    assert likely_text_column(list(row), rows) == text
    assert likely_label_columns([name for name in row if name != text], rows) == labels


def varied(name, value, number):
    """Cells that come again for labels, and never for others."""
    if name in ("label", "class", "p", "q", "Intent"):
        return f"{value}{number % 3}"
    return value if isinstance(value, (list, float)) else type(value)(f"{value}{number}")
