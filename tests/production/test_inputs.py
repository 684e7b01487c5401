"""Which files are read, and what is told of the others before anything is loaded."""

import gzip

import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

import kerasbert as kb
from kerasbert.production.inputs import ScoreInputs
from kerasbert.production.settings import ScoreSettings
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import TextColumns


def find(files, options=None, **settings):
    return ScoreInputs.find(files, TextColumns(), ScoreSettings(**settings), ReadOptions(**(options or {})))


def write(folder, name, content):
    (folder / name).write_text(content)
    return folder / name


REFUSED = {
    "no text column": ("rows.csv", "words,id\na,1\n", {}, "has no column 'text'; it has 'words', 'id'"),
    "no kept column": ("rows.csv", "text,id\na,1\n", {"keep": ["idd"]}, "has no column 'idd'.* Did you mean 'id'"),
    "late key": ("rows.jsonl", '{"text": "a"}\n' * 1001 + '{"text": "a", "id": 1}\n', {"keep": ["id"]}, "has no column 'id'"),
    "empty": ("rows.csv", "", {}, r"rows.csv is empty \(0 bytes\); leave it out"),
    "no format": ("rows.xml", "<a/>", {}, "rows.xml must end in one of"),
    "keeps of plain text": ("rows.txt", "a\n", {"keep": ["id"]}, "has no column 'id'; it has 'text'"),
    "input format": ("rows.csv", "text\na\n", {"input_format": "csv"}, "`input_format` goes with '-', standard input"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "settings", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read(name, content, settings, message, tmp_path):
    with pytest.raises(kb.KerasBertError, match=message):
        find(write(tmp_path, name, content), **settings)


def test_standard_input_stands_alone(tmp_path):
    assert find("-", input_format="csv").files[0].suffix == ".csv" and find(["-"]).is_standard_input
    with pytest.raises(kb.ConfigError, match="`files` must be '-' alone for standard input"):
        find(["-", write(tmp_path, "a.txt", "x\n")])
    with pytest.raises(kb.ConfigError, match="`delimiter` goes with .csv, .tsv"):
        find("-", {"delimiter": ";"})


def test_no_file_matches(tmp_path):
    with pytest.raises(kb.DataError, match="No file matches"):
        find(str(tmp_path / "*.csv"))


def test_every_format_is_found(tmp_path):
    frame = pd.DataFrame({"text": ["a", "b"], "id": [1, 2]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
    frame.to_json(tmp_path / "c.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "d.json", orient="records")
    frame.to_excel(tmp_path / "e.xlsx", index=False)
    frame.to_parquet(tmp_path / "f.parquet")
    (tmp_path / "g.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    assert len(find(str(tmp_path / "*"), keep=["id"]).files) == 7


def table(folder, name, ids):
    parquet.write_table(
        pyarrow.table({"text": ["a"], "id": ids, "odd": pyarrow.array([1], pyarrow.int8())}), folder / name
    )


def test_types_of_parquet_are_kept_where_all_files_agree(tmp_path):
    table(tmp_path, "a.parquet", pyarrow.array([1], pyarrow.int64()))
    table(tmp_path, "b.parquet", pyarrow.array(["1"]).dictionary_encode())
    way = {"format": "parquet", "keep": ["id", "odd"]}
    assert find(tmp_path / "a.parquet", **way).kept_types() == {"id": pyarrow.int64(), "odd": pyarrow.int8()}
    assert find(tmp_path / "b.parquet", **way).kept_types()["id"] == pyarrow.string()
    assert find(str(tmp_path / "*.parquet"), **way).kept_types() == {"odd": pyarrow.int8()}
    assert find(tmp_path / "a.parquet", **(way | {"format": "csv"})).kept_types() == {}
