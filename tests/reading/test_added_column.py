import json

import pytest

import kerasbert as kb
from kerasbert.reading.added_column import copy_with_column
from kerasbert.reading.read_options import ReadOptions


def written(tmp_path, name, content):
    source = tmp_path / name
    source.write_text(content, encoding="utf-8")
    copy_with_column(source, tmp_path / f"new_{name}", "new", ["x", None])
    return (tmp_path / f"new_{name}").read_text(encoding="utf-8")


def test_jsonl_keeps_every_other_value(tmp_path):
    rows = [{"text": "a\u2028é", "n": [1, {"k": None}]}, {"text": "b"}]
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n\n" for row in rows)
    lines = written(tmp_path, "data.jsonl", content).split("\n")
    assert [json.loads(line) for line in lines[:2]] == [{**rows[0], "new": "x"}, {**rows[1], "new": None}]


@pytest.mark.filterwarnings("ignore:.*rows have a tab or a line end inside a quoted cell")
@pytest.mark.parametrize("name, mark", [("data.csv", ","), ("data.tsv", "\t")])
def test_csv_is_read_back_as_it_was(tmp_path, name, mark):
    content = f'text{mark}label\n"two\nlines, ""quoted"""{mark}=a\nplain{mark}0012\n'
    written(tmp_path, name, content)
    back = kb.data.read_examples(tmp_path / f"new_{name}", label_columns=["label", "new"])
    assert back.texts == ['two\nlines, "quoted"', "plain"]
    assert back.labels == {"label": ["=a", "0012"], "new": ["x", ""]}


def test_csv_without_a_header_and_with_plain_quotes(tmp_path):
    source, options = tmp_path / "data.csv", ReadOptions(delimiter=";", header=False, quoting="none")
    source.write_text('say "a";x\n"b;y\n')
    copy_with_column(source, tmp_path / "new.csv", "3", ["p", None], options)
    assert (tmp_path / "new.csv").read_text() == 'say "a";x;p\n"b;y;\n'
    with pytest.raises(kb.DataError, match="has a column '2' already"):
        copy_with_column(source, tmp_path / "new.csv", "2", ["p", None], options)
    with pytest.raises(
        kb.DataError, match="a new cell holds what separates cells or rows, which quotes that are plain"
    ):
        copy_with_column(source, tmp_path / "new.csv", "3", ["p;q", None], options)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_the_copy_is_read_with_the_same_options(name, tmp_path):
    content = {"a.csv": "text\ncafé\n", "a.jsonl": '{"text": "café \\u4f60"}', "a.json": '[{"text": "café \\u4f60"}]'}[
        name
    ]
    (tmp_path / name).write_bytes(content.encode("cp1252"))
    copy_with_column(tmp_path / name, tmp_path / f"new_{name}", "new", ["é"], ReadOptions(encoding="cp1252"))
    read = [kb.data.read_examples(tmp_path / one, encoding="cp1252") for one in (name, f"new_{name}")]
    assert read[0].texts == read[1].texts


def test_parquet_keeps_its_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"text": ["a", "b"], "n": [1, 2]})
    parquet.write_table(table, tmp_path / "data.parquet")
    copy_with_column(tmp_path / "data.parquet", tmp_path / "new.parquet", "new", ["x", None])
    back = parquet.read_table(tmp_path / "new.parquet")
    assert back.drop(["new"]).equals(table) and back["new"].to_pylist() == ["x", None]


def test_a_column_that_is_there_and_another_number_of_rows(tmp_path):
    source = tmp_path / "data.jsonl"
    source.write_text('{"text": "a", "new": 1}\n', encoding="utf-8")
    with pytest.raises(kb.DataError, match="has a column 'new' already; choose another name with --column"):
        copy_with_column(source, tmp_path / "out.jsonl", "new", ["x"])
    with pytest.raises(kb.DataError, match="has 1 rows; got 2 cells for them"):
        copy_with_column(source, tmp_path / "out.jsonl", "other", ["x", "y"])
    (tmp_path / "data.xml").write_text("a")
    with pytest.raises(
        kb.DataError, match=r"must end in one of .csv, .json, .jsonl, .ndjson, .parquet, .tsv, .xlsx; got '.xml'"
    ):
        copy_with_column(tmp_path / "data.xml", tmp_path / "out", "new", [])
