import pytest

from kerasbert import ArtifactError
from kerasbert._core.errors import ConfigError
from kerasbert._core.json_files import check_form, is_count, is_number, is_share, parse_json_object, read_json_object

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


FORM = {"name": str, "rows?": is_count, "heads": {...: {"labels": [str], "delimiter": (str, None)}}}
GOOD = {"name": "a", "other": 1, "heads": {"x": {"labels": ["b"], "delimiter": None}}}

WRONG = {
    "no object": ([1], "it is malformed"),
    "missing": ({"name": "a"}, "lacks 'heads'"),
    "type": ({**GOOD, "name": 1}, "'name' is malformed, 1"),
    "negative": ({**GOOD, "rows": -1}, "'rows' is malformed, -1"),
    "boolean as number": ({**GOOD, "rows": True}, "'rows' is malformed, True"),
    "huge": ({**GOOD, "rows": 10**400}, "'rows' is malformed"),
    "item": ({**GOOD, "heads": {"x": {"labels": [None], "delimiter": None}}}, "'heads/x/labels/0' is malformed"),
    "no list": ({**GOOD, "heads": {"x": {"labels": "b", "delimiter": None}}}, "'heads/x/labels' is malformed"),
    "neither": ({**GOOD, "heads": {"x": {"labels": [], "delimiter": 3}}}, "'heads/x/delimiter' is malformed"),
    "no mapping": ({**GOOD, "heads": []}, "'heads' is malformed"),
    "control characters": ({**GOOD, "heads": {"\x1b[31m": 1}}, r"'heads/\\x1b\[31m' is malformed"),
}


def test_the_form_fits():
    check_form(GOOD, FORM, "file")


@pytest.mark.parametrize(("value", "message"), WRONG.values(), ids=WRONG)
def test_another_form_is_refused_by_its_place(value, message):
    with pytest.raises(ArtifactError, match=message):
        check_form(value, FORM, "file")


@pytest.mark.parametrize("value", [True, "1", None, float("nan"), float("inf"), 10**400, [1]], ids=repr)
def test_what_is_no_number(value):
    assert not is_number(value) and not is_share(value)


def test_the_ends_of_ranges():
    assert is_share(0) and is_share(1.0) and not is_share(1.0001) and not is_share(-1)
    assert is_count(0) and is_count(2**63 - 1) and not is_count(2**63) and not is_count(1.0)
