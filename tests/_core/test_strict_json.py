import pytest

from kerasbert._core.errors import ConfigError
from kerasbert._core.strict_json import parse_json_object, read_json_object

BAD = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "byte-order mark": (b"\xef\xbb\xbf{}", "line 1 starts with a byte-order mark"),
    "not UTF-8": (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
    "trailing comma": (b'{"a": 1,\n}', "line [12]: not valid JSON"),
    "duplicate key": (b'{"a": 1,\n"a": 2}', "line 2: the key 'a' appears twice"),
    "NaN": (b'{"a": 1,\n\n"b": NaN}', "line 3: NaN is not a JSON number"),
    "list": (b"[1]", "line 1: must hold one JSON object; got a list"),
    "deep": (b'{"a":' * 100_000, "not readable JSON|not valid JSON"),
    "long integer": (b'{"a": ' + b"9" * 5000 + b"}", "not readable JSON"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_files_name_the_line(content, message):
    with pytest.raises(ConfigError, match=message):
        parse_json_object(content, "config.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"config\.json' is missing"):
        read_json_object(tmp_path / "config.json")


def test_a_good_file_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, {"b": null}]}')
    assert read_json_object(tmp_path / "a.json") == {"a": [1, {"b": None}]}
