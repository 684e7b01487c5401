"""`--cache` of commands."""

import json

import pytest

from kerasbert import cli

TEXTS = ["good card", "bad parcel", "good card", "thanks"]


def run(capsys, *arguments):
    code = cli.main(list(map(str, arguments)))
    said = capsys.readouterr()
    return code, said.out, " ".join(said.err.split())


def test_predict_knows_the_texts_of_the_last_run(saved_classifier, tmp_path, capsys):
    asked = ["predict", saved_classifier("binary"), *TEXTS, "--format", "json"]
    _, plain, said = run(capsys, *asked)
    assert "Cache" not in said
    for known in ("Cache: 1 of 4 texts were known (25.0%).", "Cache: 4 of 4 texts were known (100.0%)."):
        code, out, said = run(capsys, *asked, "--cache", tmp_path / "cache")
        assert code == 0 and known in said
        assert [json.loads(line)["labels"] for line in out.splitlines()] == [
            json.loads(line)["labels"] for line in plain.splitlines()
        ]


def test_probe_and_discovery_share_a_folder_with_it(tiny_folder, tmp_path, capsys):
    (tmp_path / "data.csv").write_text(
        "text,label\n" + "".join(f"good {n % 5} card,{'ab'[n % 2]}\n" for n in range(12))
    )
    shared = ["--cache", tmp_path / "cache", "--cache-bytes", "2000000"]
    probe = ["probe", tiny_folder, tmp_path / "data.csv", "--layers", "1", "--folds", "2", "--format", "json", *shared]
    found = ["subclasses", "discover", tiny_folder, tmp_path / "data.csv", "--no-maps", "--max-number", "3", "--overwrite", "--output", tmp_path / "found", *shared]  # fmt: skip
    for share in ("(0.0%)", "(100.0%)"):
        for command in (probe, found):
            code, _, said = run(capsys, *command)
            assert code == 0 and ("Cache: " in said and (share in said or share == "(0.0%)"))
    assert "Cache" not in run(capsys, *probe, "--quiet")[2]


REFUSED = {
    "bound": (["--cache", "cache", "--cache-bytes", "0"], "`max_bytes` must be an integer >= 1000000; got 0"),
    "negative": (["--cache", "cache", "--cache-bytes", "-1"], "`max_bytes` must be an integer >= 1000000; got -1"),
    "file": (["--cache", "file"], "is a file. Choose another name"),
    "other folder": (["--cache", "."], "and is no prediction cache; choose another folder"),
    "bound alone": (["--cache-bytes", "2000000"], "--cache-bytes goes with --cache"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_cache_is_told_before_the_model_is_loaded(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, _, said = run(capsys, "predict", "no model", "a text", *options)
    assert code in (1, 2) and message in said


def test_score_knows_the_texts_of_another_run(saved_classifier, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("text\n" + "\n".join(TEXTS) + "\n")
    labels = []
    for name, known in (("first", "1 of 4 texts were known"), ("second", "4 of 4 texts were known")):
        asked = ["score", saved_classifier("binary"), tmp_path / "rows.csv", "--output", tmp_path / name]
        code, _, said = run(capsys, *asked, "--cache", tmp_path / "cache")
        assert code == 0 and known in said
        lines = (tmp_path / name / "predictions-00000.jsonl").read_text("utf-8").splitlines()
        labels.append([json.loads(line)["labels"] for line in lines])
    assert labels[0] == labels[1]
