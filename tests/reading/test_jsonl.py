import json

import pytest

from kerasbert import DataError
from kerasbert.reading.readers import read_examples


@pytest.fixture
def read(tmp_path):
    def read_bytes(content, **options):
        file = tmp_path / "data.jsonl"
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return read_examples(file, **options)

    return read_bytes


@pytest.mark.parametrize(
    ("content", "texts", "rows"),
    [
        ('{"text": "a"}\n{"text": "b"}\n', ["a", "b"], [1, 2]),
        ('{"text": "a"}\n\n{"text": "b"}', ["a", "b"], [1, 3]),
        ('{"text": "a"}\r\n{"text": "b"}\r\n', ["a", "b"], [1, 2]),
        ('\ufeff{"text": "a"}\n', ["a"], [1]),
        ('{"text": "a\u2028b\x85c"}\n', ["a\u2028b\x85c"], [1]),
        ('{"text": "\\ud83d\\ude00"}\n', ["\U0001f600"], [1]),
        ("\n", [], []),
    ],
    ids="plain blank crlf bom separators pair no-rows".split(),
)
def test_texts_and_lines(read, content, texts, rows):
    examples = read(content)
    assert (examples.texts, examples.rows) == (texts, rows)


def test_cells_keep_their_type(read):
    cells = ["x", 1, 1.5, True, None, ["a", "b"]]
    lines = "".join(json.dumps({"text": "t", "label": cell}) + "\n" for cell in cells)
    assert read(lines, label_columns="label").labels["label"] == cells


def test_missing_key_is_a_missing_cell(read):
    lines = '{"text": "a", "label": 1}\n{"label": 2}\n'
    with pytest.raises(DataError, match="data.jsonl, line 2: 'text' is missing"):
        read(lines, label_columns="label")
    assert read(lines, missing="empty").texts == ["a", ""]


GOOD = '{"text": "a"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD + "not json\n", r"line 2: not valid JSON \(Expecting value at column 1\); write one whole object a line"),
        (GOOD + '{"text": "b', "line 2: not valid JSON .Unterminated string"),
        (GOOD + '{"text": "b"} {"text": "c"}\n', "line 2: not valid JSON .Extra data"),
        (GOOD + '{"text": "b", "text": "c"}\n', "line 2: the key 'text' appears twice"),
        (GOOD + '{"text": NaN}\n', "line 2: NaN is not a JSON number"),
        (GOOD + '{"text": -Infinity}\n', "line 2: -Infinity is not a JSON number"),
        (GOOD + '{"text": "b", "n": ' + "1" * 5000 + "}\n", "line 2: a number has too many digits"),
        (GOOD + '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "line 2: nested too deep"),
        (GOOD + '"b"\n', "line 2: must be a JSON object; got 'b'"),
        ('[{"text": "a"}]', r"data.jsonl starts with '\[', a JSON array; name it .json, or write one object a line"),
        ('{\n"text": "a"\n}', "line 1: not valid JSON .*; write one whole object a line"),
        (GOOD + '{"text": "\\ud800"}\n', "data.jsonl, line 2: 'text' holds half of a surrogate pair"),
        (GOOD.encode() + b"\xc3(", "data.jsonl, line 2: is not UTF-8 at its byte 0; save the file as UTF-8"),
        ('{"txt": "a"}\n', "has no column 'text'; it has 'txt'. Did you mean 'txt'"),
    ],
    ids="bad cut two twice nan infinity digits deep no-object array pretty surrogate utf8 no-column".split(),
)
def test_faults(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_text_of_another_type(read):
    with pytest.raises(TypeError, match="data.jsonl, line 2: 'text' must be a text; got 3 of type int"):
        read(GOOD + '{"text": 3}\n')
