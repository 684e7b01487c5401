"""How files are read where their names do not say it: in memory, as a stream, and refused where a format cannot follow."""

import gzip

import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.data import prepare_tokens, read_examples
from kerasbert.reading.formats import FORMATS, taken_in_words
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.reading.readers import stream_rows
from kerasbert.reading.sources import source_of

ROWS = [("good, card", "ham"), ('say "hi"', "spam"), ('"lovely', "ham")]


def written(path, delimiter, header=("text", "label")):
    lines = [delimiter.join(row) for row in ([header] if header else []) + ROWS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_twice(path, text="text", label="label", **options):
    """The rows that are read in memory, and are the same in a stream."""
    examples = read_examples(path, text_column=text, label_columns=label, **options)
    streamed = dict(stream_rows(source_of(path, ReadOptions(**options)), [text, label], text))
    assert [row[text] for row in streamed.values()] == examples.texts and list(streamed) == examples.rows
    return list(zip(examples.texts, examples.labels[label], strict=True))


@pytest.mark.parametrize("delimiter", [";", "tab", "\\t", "|", "~"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
def test_a_delimiter_goes_before_the_name(suffix, delimiter, tmp_path):
    path = written(tmp_path / "rows.csv", {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter))
    content = path.read_bytes()
    path = tmp_path / f"data{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    assert read_twice(path, delimiter=delimiter, quoting="none") == ROWS


def test_plain_quotes_are_characters(tmp_path):
    path = written(tmp_path / "data.tsv", "\t")
    assert read_twice(path, quoting="none") == ROWS
    with pytest.raises(
        DataError, match=r"line 4: a quote is opened and never closed.* quoting='none' \(--quoting none\)"
    ):
        read_examples(path)


def test_columns_by_number(tmp_path):
    path = written(tmp_path / "data.tsv", "\t", header=None)
    options = {"header": False, "quoting": "none"}
    assert read_twice(path, "1", "2", **options) == ROWS
    assert read_examples(path, text_column="1", **options).rows == [1, 2, 3]
    with pytest.raises(DataError, match="has no column 2; it has '1', '2'. Did you mean '2'"):
        read_examples(path, text_column=2, **options)
    with pytest.raises(
        DataError, match="has no column 'text'; it has '1', '2'. Without a header, columns are named by"
    ):
        read_examples(path, **options)


def test_a_bad_first_row_without_a_header(tmp_path):
    (tmp_path / "data.csv").write_text('"a"b,x\nb,y\nc\n')
    with pytest.warns(UserWarning, match="2 rows were left out"):
        examples = read_examples(tmp_path / "data.csv", header=False, text_column="1", on_error="skip")
    assert (examples.texts, examples.rows) == (["b"], [2])
    with pytest.raises(DataError, match="line 3: has 1 cells where the first row has 2"):
        (tmp_path / "data.csv").write_text("a,x\nb,y\nc\n")
        read_examples(tmp_path / "data.csv", header=False, text_column="1")


def test_a_token_cache_knows_how_its_files_were_read(tmp_path, toy_folder):
    path = written(tmp_path / "data.csv", ";")
    asked = {"task": "binary", "encoder": toy_folder}
    made = prepare_tokens(path, tmp_path / "t", delimiter=";", quoting="none", **asked)
    again = prepare_tokens(path, tmp_path / "t", delimiter=";", quoting="none", **asked)
    assert again.reused and again.sources[0].options == ReadOptions(delimiter=";", quoting="none")
    assert np.array_equal(made.lengths, again.lengths) and made.num_rows == 3
    with pytest.raises(
        Exception, match="data.csv is read with semicolons between cells instead of with semicolons between"
    ):
        prepare_tokens(path, tmp_path / "t", delimiter=";", **asked)


def test_what_is_taken_is_said_in_words(tmp_path):
    for name, content in (("a.csv", b"a"), ("a.json", b" [ ]"), ("b.json", b"{}"), ("a.jsonl", b"{}")):
        (tmp_path / name).write_bytes(content)
    options = ReadOptions(encoding="Latin-1", delimiter=";", header=False, quoting="none")
    assert taken_in_words(source_of(tmp_path / "a.csv", options)) == (
        "in iso8859-1, with semicolons between cells, without a header, so that columns are named by their numbers, with "
        "quotes as plain characters"
    )
    words = [taken_in_words(source_of(tmp_path / name)) for name in ("a.csv", "a.json", "b.json", "a.jsonl")]
    assert words == ["", "as a JSON array", "as JSON lines", ""]


GIVEN = {"encoding": "cp1252", "delimiter": ";", "header": False, "quoting": "none", "sheet": "Data"}
CASES = [(suffix, name) for suffix in FORMATS for name in READ_OPTIONS if name not in FORMATS[suffix].follows]


@pytest.mark.parametrize(("suffix", "name"), CASES, ids=["".join(case) for case in CASES])
def test_what_a_format_cannot_follow_is_refused(suffix, name, tmp_path):
    (tmp_path / f"a{suffix}").write_bytes(b"{}")
    with pytest.raises(ConfigError, match=rf"`{name}` goes with \.[\w., ]+; got .* with .*a{suffix}"):
        read_examples(tmp_path / f"a{suffix}", **{name: GIVEN[name]})


@pytest.mark.parametrize("name", READ_OPTIONS)
def test_options_of_files_go_with_files(name):
    with pytest.raises(ConfigError, match=f"`{name}` goes with data files; got .* with a list"):
        read_examples(["a"], **{name: GIVEN[name]})


REFUSED = {
    "two characters": ({"delimiter": "||"}, ConfigError, "`delimiter` must be one character such as ';', or 'tab', and no quote"),
    "nothing": ({"delimiter": ""}, ConfigError, "`delimiter` must be one character"),
    "quote": ({"delimiter": '"'}, ConfigError, "and no quote or line end; got '\"'"),
    "line end": ({"delimiter": "\n"}, ConfigError, "`delimiter` must be one character"),
    "half": ({"delimiter": "\udc80"}, ConfigError, "`delimiter` must be one character"),
    "number": ({"delimiter": 3}, TypeError, "`delimiter` must be one character .*; got 3 of int"),
    "header": ({"header": 0}, TypeError, "`header` must be True or False; got 0"),
    "quoting": ({"quoting": "non"}, ConfigError, "`quoting` must be one of 'csv', 'none'; got 'non'. Did you mean 'none'"),
    "sheet": ({"sheet": 1}, TypeError, "`sheet` must be the name of a sheet; got 1 of int"),
    "near miss": ({"delimeter": ";"}, TypeError, "has no argument 'delimeter'.* Did you mean 'delimiter'"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_option(options, error, message):
    with pytest.raises(error, match=message):
        read_examples([], **options)


def test_flags_say_the_same():
    options = ReadOptions(encoding="cp1252", delimiter="tab", header=False, quoting="none", sheet="A b")
    assert options.flags() == "--encoding cp1252 --delimiter tab --no-header --quoting none --sheet".split() + ["A b"]
    assert ReadOptions().flags() == [] and ReadOptions().words() == ""
