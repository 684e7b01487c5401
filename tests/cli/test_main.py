import csv
import io
import json
import re

import pytest

from kerasbert import cli

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    rows = [
        {
            "text": text,
            "label": "xyzy"[i % 4],
            "labels": [["a"], ["a", "b"], [], ["b"]][i % 4],
            "tags": "a;b" if i % 2 else "",
            "a": i % 2,
            "b": 1,
        }
        for i, text in enumerate(TEXTS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def train(data, output, encoder, *options):
    return cli.main(
        ["train", str(data), "--output", str(output), "--encoder", str(encoder), "--epochs", "1", "--quiet", *options]
    )


@pytest.fixture(scope="module")
def saved(data, tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    assert train(data, folder, tiny_folder, "--task", "multilabel") == 0
    return folder


WAYS = {
    "multiclass": ["--task", "multiclass"],
    "binary": ["--task", "binary", "--label-column", "a"],
    "delimited": ["--task", "multilabel", "--label-column", "tags", "--label-delimiter", ";"],
    "columns": ["--task", "multilabel", "--label-column", "a,b"],
    "pairs": ["--task", "multiclass", "--text-pair-column", "text"],
    "layers": [
        *("--task", "multiclass", "--layers", "-2,-1", "--combine", "attention", "--combine-before-pooling"),
        *("--pooling", "multihead_attention"),
    ],
    "multitask": ["--task", "multitask", "--head", "topic=label:multiclass", "--head", "flags=labels:multilabel"],
}


# One head and several, of which none takes more than one label.
SINGLE_LABELS = {
    "multiclass": ["--task", "multiclass"],
    "heads": ["--task", "multitask", "--head", "topic=label:multiclass", "--head", "flag=a:binary"],
    "levels": ["--task", "hierarchical", "--label-column", "label,tags"],
}


@pytest.mark.parametrize("options", SINGLE_LABELS.values(), ids=SINGLE_LABELS)
def test_a_delimiter_needs_a_head_of_several_labels(options, data, tiny_folder, tmp_path, capsys):
    assert train(data, tmp_path / "model", tiny_folder, "--label-delimiter", ";", *options) == 2
    assert "--label-delimiter goes with a task whose texts have several labels" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_delimiter_is_refused_when_a_classifier_has_no_use_for_it(data, tiny_folder, tmp_path, capsys):
    assert train(data, tmp_path / "model", tiny_folder, "--task", "multiclass") == 0
    assert cli.main(["evaluate", str(tmp_path / "model"), str(data), "--label-delimiter", ";"]) == 2
    assert "--label-delimiter goes with a task" in " ".join(capsys.readouterr().err.split())


def test_a_delimiter_splits_the_cells_of_multi_label_heads_only(data, tiny_folder, tmp_path, capsys):
    heads = ["--head", "topic=label:multiclass", "--head", "flags=tags:multilabel"]
    output = tmp_path / "model"
    assert train(data, output, tiny_folder, "--task", "multitask", "--label-delimiter", ";", *heads) == 0
    assert cli.main(["evaluate", str(output), str(data), "--format", "json"]) == 0
    labels = json.loads(capsys.readouterr().out)["flags"]["per_label"]
    assert {name: scores["support"] for name, scores in labels.items()} == {"a": 12, "b": 12}


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_trains_evaluates_and_predicts(options, data, tiny_folder, tmp_path, capsys):
    assert train(data, tmp_path / "model", tiny_folder, *options) == 0
    assert capsys.readouterr().out == ""
    assert cli.main(["evaluate", str(tmp_path / "model"), str(data), "--format", "json"]) == 0
    assert "accuracy" in capsys.readouterr().out
    assert cli.main(["predict", str(tmp_path / "model"), "--file", str(data), "--format", "json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(TEXTS)


def test_shapes_and_padding_are_reported(data, tiny_folder, tmp_path, capsys):
    train(data, tmp_path / "model", tiny_folder, "--task", "multiclass")
    padding = re.search(r"Padded lengths .*; ([\d.]+)% of the tokens are padding", capsys.readouterr().err)
    assert padding and float(padding[1]) < 100


@pytest.mark.filterwarnings("ignore:.*training texts are longer than 3 tokens")
@pytest.mark.parametrize("share", ["0", "0.25"])
def test_numbers_of_texts_are_the_same_everywhere(share, data, tiny_folder, tmp_path, capsys):
    trained_on = {"0": 24, "0.25": 18}[share]
    options = ["--validation-fraction", share, "--max-length", "3"]
    train(data, tmp_path / "model", tiny_folder, "--task", "multilabel", *options)
    assert f" of {trained_on} texts were cut at 3." in capsys.readouterr().err
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert f"- {trained_on} texts to train on" in card
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["num_training_examples"] == trained_on
    assert cli.main(["evaluate", str(tmp_path / "model"), str(data), "--report", str(tmp_path / "report")]) == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert f"<dt>Training texts</dt><dd>{trained_on}</dd>" in page
    assert ("<dt>Validation texts</dt><dd>6</dd>" in page) == (share != "0")


def test_labels_without_texts_are_named(data, tiny_folder, tmp_path, capsys):
    train(data, tmp_path / "model", tiny_folder, "--task", "multiclass")
    some = tmp_path / "some.jsonl"
    some.write_text(json.dumps({"text": "good card", "label": "x"}) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["evaluate", str(tmp_path / "model"), str(some)]) == 0
    assert "No text here has these labels, 2 of 3: y, z. In macro" in " ".join(capsys.readouterr().out.split())


def test_predictions_as_json(saved, capsys):
    assert cli.main(["predict", str(saved), "good card", "bad", "--format", "json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["text"] for row in rows] == ["good card", "bad"] and set(rows[0]["scores"]) == {"a", "b"}


def test_predictions_as_csv_do_not_start_formulas(saved, capsys):
    assert cli.main(["predict", str(saved), "=1+1", "--format", "csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["text", "labels", "a", "b"] and rows[1][0] == "'=1+1"


def test_table_strips_control_characters(saved, capsys):
    assert cli.main(["predict", str(saved), "good \x1b[31m card"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_standard_input(saved, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("good\nbad\n"))
    assert cli.main(["predict", str(saved), "--format", "json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_scores_as_table_and_csv(saved, data, capsys):
    assert cli.main(["evaluate", str(saved), str(data)]) == 0
    assert "(macro)" in capsys.readouterr().out
    assert cli.main(["evaluate", str(saved), str(data), "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("head,label,precision,recall,f1,support")


def test_inspect_shows_tokens(tiny_folder, capsys):
    assert cli.main(["inspect", str(tiny_folder), "--text", "good parcel"]) == 0
    output = capsys.readouterr().out
    assert "1 layers, 16 wide" in output and "[CLS]" in output and "parcel" in output


def test_inspect_tells_what_a_saved_classifier_is(saved, capsys):
    assert cli.main(["inspect", str(saved)]) == 0
    assert "build_multilabel over 1 layers; " in capsys.readouterr().out


REFUSED = {
    "missing data": (["train", "no.csv", "--task", "binary", "--output", "{tmp}/m"], 1, "no.csv"),
    "unknown column": (
        ["train", "{data}", "--task", "binary", "--output", "{tmp}/m", "--label-column", "lable"],
        1,
        "label",
    ),
    "unknown encoder": (
        ["train", "{data}", "--task", "multiclass", "--output", "{tmp}/m", "--encoder", "./nowhere"],
        1,
        "nowhere",
    ),
    "unknown pooling": (
        [
            "train",
            "{data}",
            "--task",
            "multiclass",
            "--output",
            "{tmp}/m",
            "--encoder",
            "{encoder}",
            "--pooling",
            "means",
        ],
        2,
        "Did you mean 'mean'?",
    ),
    "layers that are no numbers": (
        ["train", "{data}", "--task", "multiclass", "--output", "{tmp}/m", "--layers", "last"],
        2,
        "--layers must be whole numbers such as -4,-3,-2,-1; got 'last'",
    ),
    "output exists": (["train", "{data}", "--task", "multiclass", "--output", "{saved}"], 1, "--overwrite"),
    "no model": (["predict", "{tmp}", "good"], 1, "manifest.json"),
    "no command": (["tarin"], 2, "No such command"),
    "unknown option": (["train", "{data}", "--taks", "binary"], 2, "--task"),
    "heads without multitask": (
        ["train", "{data}", "--task", "binary", "--output", "{tmp}/m", "--head", "a=b:c"],
        2,
        "--head",
    ),
    "texts and file": (["predict", "{saved}", "good", "--file", "{data}"], 2, "not both"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals_say_why_and_write_nothing(arguments, code, message, data, saved, tiny_folder, tmp_path, capsys):
    filled = [part.format(data=data, saved=saved, tmp=tmp_path, encoder=tiny_folder) for part in arguments]
    assert cli.main(filled) == code
    captured = capsys.readouterr()
    assert message in captured.err and captured.out == ""
    assert not list(tmp_path.iterdir())


def test_help_teaches(capsys):
    assert cli.main(["train", "--help"]) == 0
    assert "Train a classifier on labelled texts and save it" in capsys.readouterr().out
