"""`kerasbert score`: its options, what it says, and its exit codes."""

import io
import json

import pytest

from kerasbert import cli


@pytest.fixture(scope="module")
def saved(saved_classifier):
    return saved_classifier("binary")


@pytest.fixture
def rows(tmp_path):
    (tmp_path / "rows.csv").write_text("id,text,note\n7,good card,=1\n8,bad parcel,x\n")
    return tmp_path / "rows.csv"


def run(*arguments):
    return cli.main(["score", *map(str, arguments)])


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def lines(folder, suffix="jsonl"):
    return (folder / f"predictions-00000.{suffix}").read_text("utf-8").splitlines()


def test_files_become_a_folder(saved, rows, tmp_path, capsys):
    assert run(saved, rows, "--output", tmp_path / "out") == 0
    assert [json.loads(line)["text"] for line in lines(tmp_path / "out")] == ["good card", "bad parcel"]
    assert f"{tmp_path / 'out'} is done: 2 predictions in 1 shard." in said(capsys)
    assert run(saved, rows, "--output", tmp_path / "out") == 0
    assert "was done before" in said(capsys)


def test_the_rows_are_those_of_predict(saved, rows, tmp_path, capsys):
    assert run(saved, rows, "--keep", "text,id,note", "--output", tmp_path / "out", "--quiet") == 0
    capsys.readouterr()
    assert cli.main(["predict", str(saved), "--file", str(rows), "--keep-columns", "--format", "json"]) == 0
    assert lines(tmp_path / "out") == capsys.readouterr().out.splitlines()
    assert run(saved, rows, "--keep", "text,id,note", "--format", "csv", "--output", tmp_path / "csv") == 0
    capsys.readouterr()
    assert cli.main(["predict", str(saved), "--file", str(rows), "--keep-columns", "--format", "csv"]) == 0
    assert lines(tmp_path / "csv", "csv") == capsys.readouterr().out.splitlines()


def test_chosen_columns_and_scores(saved, rows, tmp_path):
    assert run(saved, rows, "--keep", "id", "--top", "1", "--format", "csv", "--output", tmp_path / "out") == 0
    assert lines(tmp_path / "out", "csv")[0] == "id,labels,label 1,score 1"


def test_rejected_rows_are_told_by_the_exit_code(saved, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("text,id\ngood,1\nragged\nbad,2\n")
    assert run(saved, tmp_path / "rows.csv", "--output", tmp_path / "out") == 3
    assert "2 predictions in 1 shard. 1 row was rejected" in (words := said(capsys)) and "line 3: has 1 cells" in words
    assert len(lines(tmp_path / "out")) == 2


def test_standard_input(saved, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"good card\nbad\n")))
    assert run(saved, "-", "--output", tmp_path / "out") == 0
    assert [json.loads(line)["text"] for line in lines(tmp_path / "out")] == ["good card", "bad"]


REFUSED = {
    "other run": (["--keep", "id"], 1, "holds predictions of another run: `keep` was None and is ['id'] now. Choose another folder, or pass --overwrite"),
    "no such column": (["--text-column", "words"], 1, "has no column 'words'"),
    "format": (["--format", "xml"], 2, "--format must be one of csv, jsonl, parquet; got 'xml'"),
    "shard": (["--rows-per-shard", "0"], 1, "`rows_per_shard` must be an integer >= 1; got 0"),
    "input": (["--input-format", "csv"], 1, "`input_format` goes with '-', standard input"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(options, code, message, saved, rows, tmp_path, capsys):
    assert run(saved, rows, "--output", tmp_path / "out") == 0
    said(capsys)
    assert run(saved, rows, "--output", tmp_path / "out", *options) == code
    assert message in said(capsys)


def test_another_run_is_replaced_where_that_is_wanted(saved, rows, tmp_path):
    assert run(saved, rows, "--output", tmp_path / "out") == 0
    assert run(saved, rows, "--keep", "id", "--overwrite", "--output", tmp_path / "out") == 0
    assert "text" not in json.loads(lines(tmp_path / "out")[0])


def test_a_folder_of_others_is_told_before_the_model_is_loaded(rows, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x")
    assert run(tmp_path / "no model", rows, "--output", tmp_path / "out") == 1
    assert "was not written by `kerasbert score`" in said(capsys) and (tmp_path / "out" / "thesis.txt").is_file()


def test_an_engine_computes_and_is_part_of_the_run(compiled_folder, rows, tmp_path, capsys):
    folder, way = compiled_folder("binary"), ["--keep", "id", "--output", tmp_path / "out"]
    assert run(folder, rows, *way, "--engine", "onnxruntime", "--threads", "1") == 0
    found = [json.loads(line)["scores"] for line in lines(tmp_path / "out")]
    assert run(folder, rows, "--keep", "id", "--output", tmp_path / "keras") == 0
    for own, other in zip(found, lines(tmp_path / "keras"), strict=True):
        assert own == pytest.approx(json.loads(other)["scores"], abs=1e-5)
    said(capsys)
    assert run(folder, rows, *way) == 1
    assert "holds predictions of another run: `engine` was \"CompiledEngine('onnxruntime'" in said(capsys)
    assert run(folder, rows, *way, "--threads", "1") == 2
    assert "--threads goes with --engine" in said(capsys)
