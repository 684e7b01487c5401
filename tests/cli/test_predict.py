"""`kerasbert predict`: what is a text, what is a file of them, and what is refused."""

import csv
import io
import json
import re

import pytest

import kerasbert as kb
from kerasbert import cli
from kerasbert.cli import predict

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"]
LINES = "good\u2028parcel\nbad\fcard\r\nlate\u0085lost\rrefund\n\nthanks"
EXPECTED = ["good\u2028parcel", "bad\fcard", "late\u0085lost\rrefund", "", "thanks"]


@pytest.fixture(scope="module")
def saved(saved_classifier):
    return saved_classifier("binary")


@pytest.fixture(scope="module")
def of_pairs(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs") / "model"
    classifier = kb.TextClassifier("binary", encoder=tiny_folder, epochs=1, verbose=False)
    classifier.fit(TEXTS * 4, ["a", "b"] * 8, text_pairs=TEXTS * 4)
    classifier.save(folder, metrics={"reading": {"columns": ["label"], "text": "text", "text_pair": "other"}})
    return folder


def run(*arguments):
    return cli.main(["predict", *map(str, arguments)])


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def texts_of(capsys):
    return [json.loads(line)["text"] for line in capsys.readouterr().out.split("\n") if line]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "mark"])
@pytest.mark.parametrize("name", ["lines.txt", "lines"])
def test_a_line_is_a_text(name, mark, saved, tmp_path, capsys):
    (tmp_path / name).write_bytes(mark + LINES.encode())
    assert run(saved, "--file", tmp_path / name, "--format", "json") == 0
    assert texts_of(capsys) == EXPECTED


def test_a_line_of_standard_input_is_a_text(saved, monkeypatch, capsys):
    stream = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + LINES.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert run(saved, "--format", "json") == 0
    assert texts_of(capsys) == EXPECTED


def closed():
    stream = io.StringIO("")
    stream.close()
    return stream


class Broken(io.StringIO):
    def read(self, *given):
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (None, "Standard input is closed; give texts, or --file"),
        (closed(), "Standard input is closed; give texts, or --file"),
        (Broken(), "Standard input cannot be read: .*Input/output error; give texts, or --file"),
        (io.TextIOWrapper(io.BytesIO(b"good\nb\xffd\n")), "standard input is not UTF-8 at byte 6, line 2"),
        (io.TextIOWrapper(io.BytesIO(b"good\rbad\r")), "standard input has carriage returns alone"),
    ],
    ids=["none", "closed", "broken", "latin-1", "cr-only"],
)
def test_standard_input_that_cannot_be_read(stream, words, saved, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", stream)
    assert run(saved) == 1
    assert re.search(words, said(capsys))


@pytest.mark.parametrize("name", ["rows.csv", "texts", "no-such.jsonl.gz", "lines.txt", "set.json"])
def test_the_name_of_a_file_is_no_text(name, saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("text\ngood\n")
    (tmp_path / "texts").write_text("good\n")
    assert run(saved, "good card", name) == 2
    assert f"'{name}' is the name of a file; give it as --file {name}" in said(capsys)


def test_words_with_a_full_stop_are_a_text(saved, capsys):
    assert run(saved, "see rows.csv", "good.", "3.5", "x" * 5000, "--format", "json") == 0
    assert len(texts_of(capsys)) == 4


@pytest.mark.parametrize(
    "option", [("--text-column", "words"), ("--text-pair-column", "other"), ("--on-error", "skip")], ids=str
)
@pytest.mark.parametrize("source", ["positional", "input", "text file"])
def test_options_of_columns_where_there_are_none(source, option, saved, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("good\n"))
    (tmp_path / "lines.txt").write_text("good\n")
    given = {"positional": ["good"], "input": [], "text file": ["--file", tmp_path / "lines.txt"]}[source]
    assert run(saved, *given, *option) == 2
    assert f"{option[0]} goes with --file and a file that has columns" in said(capsys)


def test_an_unknown_option(saved, capsys):
    assert run(saved, "good", "--topk", "3") == 2
    assert "No such option: --topk" in said(capsys)


def test_rows_that_cannot_be_used_are_left_out_and_told(saved, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("text,id\ngood,1\nragged\nbad,2\n")
    assert run(saved, "--file", tmp_path / "rows.csv") == 1
    assert (
        "line 3: has 1 cells where the header has 2. on_error='skip' (--on-error skip) leaves such rows out."
        in said(capsys)
    )
    assert run(saved, "--file", tmp_path / "rows.csv", "--on-error", "skip", "--format", "json") == 0
    output = capsys.readouterr()
    assert output.out.count('"scores"') == 2 and "1 row was left out" in output.err


def read(capsys):
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))


KEPT = {
    "all": (["--keep-columns"], ["text", "id", "note", "labels (file)", "labels"], ["7", "=1", "yes"]),
    "named": (["--columns", "note,id"], ["text", "note", "id", "labels"], ["=1", "7"]),
}


@pytest.mark.parametrize(("options", "header", "cells"), KEPT.values(), ids=KEPT)
def test_columns_of_the_file_are_kept(options, header, cells, saved, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("id,text,note,labels\n7,good,=1,yes\n8,bad,x,no\n")
    assert run(saved, "--file", tmp_path / "rows.csv", "--format", "csv", *options) == 0
    found, first, _ = read(capsys)
    assert found[: len(header)] == header and first[: len(cells) + 1] == [
        "good",
        *(cell.replace("=1", "'=1") for cell in cells),
    ]
    assert run(saved, "--file", tmp_path / "rows.csv", "--format", "json", *options) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert list(row["columns"].values()) == cells and set(row) == {"text", "labels", "scores", "columns"}


REFUSED = {
    "table": (["--keep-columns"], 2, "--keep-columns goes with --format csv or json"),
    "both": (["--keep-columns", "--columns", "id", "--format", "csv"], 2, "--columns goes without --keep-columns"),
    "unknown": (
        ["--columns", "idd", "--format", "csv"],
        1,
        "has no column 'idd'; it has 'id', 'text'. Did you mean 'id'",
    ),
}


@pytest.mark.parametrize(("options", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_columns_that_cannot_be_kept(options, code, words, saved, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("id,text\n7,good\n")
    assert run(saved, "--file", tmp_path / "rows.csv", *options) == code
    assert words in said(capsys)


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "lines.txt"])
def test_a_file_is_read_and_written_in_pieces(name, saved, tmp_path, monkeypatch, capsys):
    content = {
        "rows.csv": "text\n" + "good\nbad\nthanks\n",
        "rows.jsonl": '{"text": "good"}\n{"text": "bad"}\n{"text": "thanks"}\n',
        "lines.txt": "good\nbad\nthanks\n",
    }
    (tmp_path / name).write_text(content[name])
    outputs = []
    for size in (2000, 2):
        monkeypatch.setattr(predict, "PIECE", size)
        for way in ("csv", "json", "table"):
            assert run(saved, "--file", tmp_path / name, "--format", way) == 0
        outputs.append(re.sub("[ ─]", "", capsys.readouterr().out))
    assert outputs[0] == outputs[1]


def test_what_is_wrong_with_a_file_is_told_before_the_model_is_loaded(saved, tmp_path, monkeypatch, capsys):
    (tmp_path / "rows.csv").write_text("body\ngood\n")
    monkeypatch.setattr("kerasbert.cli.data.load_classifier", None)
    assert run(saved, "--file", tmp_path / "rows.csv") == 1
    assert "has no column 'text'; it has 'body'" in said(capsys)


def test_texts_go_through_the_model_once(saved, monkeypatch, capsys):
    counted = []
    encode = kb.data.Tokenizer.encode
    monkeypatch.setattr(
        kb.data.Tokenizer, "encode", lambda self, texts, *rest: counted.append(texts) or encode(self, texts, *rest)
    )
    assert run(saved, *TEXTS) == 0
    assert counted == [TEXTS]


def test_labels_and_probabilities_of_one_pass_are_those_of_two(saved):
    classifier = kb.load(saved)
    labels, probabilities = classifier.predict_with_proba(TEXTS)
    assert labels.tolist() == classifier.predict(TEXTS).tolist()
    assert probabilities.tolist() == classifier.predict_proba(TEXTS).tolist()


@pytest.mark.parametrize("source", [["good"], ["--file", "{folder}/lines.txt"]], ids=["positional", "text file"])
def test_a_classifier_of_pairs_takes_no_single_texts(source, of_pairs, tmp_path, capsys):
    (tmp_path / "lines.txt").write_text("good\n")
    assert run(of_pairs, *[part.format(folder=tmp_path) for part in source]) == 2
    assert "reads pairs of texts; give --file and a file with the columns 'text' and 'other'" in said(capsys)


@pytest.fixture(scope="module")
def doubting(saved_classifier, tmp_path_factory):
    """A saved classifier that rejects and abstains."""
    classifier = kb.load(saved_classifier("multiclass"))
    texts = [f"{text} {number}" for number in range(30) for text in TEXTS]
    labels = list(classifier.predict(texts))
    reference = [*texts, "x", "y", "z"], [*labels, "x", "y", "z"]
    classifier.fit_out_of_scope(*reference, validation=[f"{text} !" for text in texts], keep=0.8)
    classifier.fit_abstention(texts, labels, precision=0.9)
    folder = tmp_path_factory.mktemp("doubting") / "model"
    classifier.save(folder)
    return folder


def test_rejected_texts_have_no_label_and_every_text_a_score(doubting, capsys):
    texts = ["good card 1", "[SEP] " * 9]
    assert run(doubting, *texts, "--reject", "--format", "json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    classifier = kb.load(doubting)
    assert [row["out_of_scope_score"] for row in rows] == pytest.approx(classifier.out_of_scope_score(texts), abs=1e-3)
    assert [row["labels"] for row in rows] == [
        None if label is None else [label] for label in classifier.predict(texts, reject=True)
    ]
    assert rows[1]["labels"] is None and max(rows[1]["scores"].values()) > 0


def test_in_tables_a_rejected_label_is_empty(doubting, capsys):
    assert run(doubting, "good card 1", "[SEP] " * 9, "--reject", "--abstain", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert rows[1]["labels"] == "" and float(rows[1]["out_of_scope_score"]) > float(rows[0]["out_of_scope_score"])
    assert run(doubting, "[SEP] " * 9, "--reject") == 0
    assert "out of scope score" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["reject", "abstain"])
def test_without_something_fitted_it_is_refused(option, saved, capsys):
    assert run(saved, "good card", f"--{option}") == 1
    assert f"`{option}` must be False for" in said(capsys)


def test_evaluation_tells_how_well_texts_out_of_scope_are_told(doubting, tmp_path, capsys):
    (tmp_path / "in.csv").write_text("text,label\ngood card,x\nlost parcel,y\n", encoding="utf-8")
    (tmp_path / "out.csv").write_text("text\n[SEP] [SEP] [SEP] [SEP]\nzzz zzz\n", encoding="utf-8")
    given = ["evaluate", str(doubting), str(tmp_path / "in.csv"), "--out-of-scope", str(tmp_path / "out.csv")]
    assert cli.main([*given, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = kb.load(doubting).evaluate_out_of_scope(
        ["good card", "lost parcel"], ["[SEP] [SEP] [SEP] [SEP]", "zzz zzz"]
    )
    assert found["out_of_scope"]["auroc"] == pytest.approx(expected["auroc"]) and found["accuracy"] <= 1
    assert set(found["risk_coverage"]) == {"aurc", "excess_aurc", "interval"}
    assert cli.main(given) == 0
    out = capsys.readouterr().out
    assert "out of scope: AUROC" in out and "area under the risk-coverage curve" in out
    assert cli.main([*given, "--format", "csv"]) == 2
    assert "--out-of-scope goes without --compare, and with --format table or json" in said(capsys)
