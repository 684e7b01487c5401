"""Every option of `train` on every way of data: it is followed, or refused with exit code 2 before anything is done."""

import json

import numpy as np
import pytest
import typer

import kerasbert as kb
from kerasbert import cli
from kerasbert.cli.options import app
from kerasbert.cli.train_options import RULES, Situation, Way, useless_options, way_of

pytestmark = pytest.mark.filterwarnings("ignore:.*are training texts too")
TEXTS = ["good card", "bad parcel please", "thanks", "lost parcel ?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_folder):
    folder = tmp_path_factory.mktemp("options")
    rows = [
        {"text": TEXTS[n % 4], "label": "xy"[n % 2], "labels": ["ab"[n % 2]], "sublabel": "xy"[n % 2] + str(n % 4 // 2)}
        for n in range(24)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kb.data.prepare_tokens(folder / "rows.jsonl", folder / "tokens", task="multiclass", encoder=tiny_folder)
    return folder


def train(folder, encoder, way, *options, task="multiclass"):
    data = {
        "memory": [folder / "rows.jsonl"],
        "stream": [folder / "rows.jsonl", "--stream"],
        "cache": [folder / "tokens"],
    }
    quick = ("--encoder", encoder, "--epochs", "1", "--quiet", "--task", task, "--output", folder / "never")
    return cli.main(list(map(str, ["train", *data[way], *quick, *options])))


ALL, DISK = ("memory", "stream", "cache"), ("stream", "cache")
HELD_OUT = ["--validation", "{folder}/rows.jsonl"]
# Option, the ways on which it is refused, and the words of the refusal.
REFUSED = {
    "multilabel of another task": (["--level-task", "multilabel"], ALL, "--level-task goes with --task hierarchical"),
    "level weights": (["--level-weights", "1,1"], ALL, "--level-weights goes with --task hierarchical"),
    "scores of classes": (["--class-scores", "own"], ALL, "--class-scores goes with --task hierarchical"),
    "several classes": (
        ["--level-task", "multilabel", "--task", "hierarchical"],
        DISK,
        "--level-task multilabel reads its data into memory",
    ),
    "names of levels": (["--label-names", "x,y", "--task", "hierarchical"], ALL, "--label-names goes with --task binary"),
    "names of heads": (
        ["--label-names", "x,y", "--task", "multitask", "--head", "a=label:binary"],
        ALL,
        "--label-names goes with --task binary, multiclass or multilabel",
    ),
    "columns of heads": (
        ["--label-column", "label", "--task", "multitask", "--head", "a=label:binary"],
        ALL,
        "--label-column goes with one head; --head NAME=COLUMN:TASK",
    ),
    "window overlap": (["--window-overlap", "3"], ALL, "--window-overlap goes with --long-texts windows"),
    "window pooling": (["--window-pooling", "max"], ALL, "--window-pooling goes with --long-texts windows"),
    "window budget": (["--max-windows-per-batch", "9"], ALL, "--max-windows-per-batch goes with --long-texts windows"),
    "combine of one layer": (["--combine", "mean"], ALL, "--combine goes with several --layers"),
    "combine first": (["--combine-before-pooling", "--layers", "-1"], ALL, "--combine-before-pooling goes with several --layers"),
    "tokens of tokens": (["--cache", "elsewhere"], ("cache",), "--cache goes with data files; DATA is a folder of tokens"),
    "rows of tokens": (["--on-error", "skip"], ("cache",), "--on-error goes with data files"),
    "encoding of tokens": (["--encoding", "cp1252"], ("cache",), "--encoding goes with data files"),
    "cells of tokens": (["--delimiter", ";"], ("cache",), "--delimiter goes with data files"),
    "header of tokens": (["--no-header"], ("cache",), "--no-header goes with data files"),
    "quotes of tokens": (["--quoting", "none"], ("cache",), "--quoting goes with data files"),
    "sheet of tokens": (["--sheet", "A"], ("cache",), "--sheet goes with data files"),
    "two sizes": (["--batch-size", "8", "--token-budget", "90"], ALL, "--batch-size goes without --token-budget"),
    "two validations": ([*HELD_OUT, "--validation-fraction", "0.1"], ALL, "--validation-fraction goes without --validation"),
    "calibrate": (["--calibrate"], ALL, "--calibrate goes with --validation or --validation-fraction"),
    "out of scope": (["--out-of-scope"], ALL, "--out-of-scope goes with --validation or --validation-fraction"),
    "no reference": (["--no-reference"], ALL, "--no-reference goes with --validation, whose texts it is made of"),
    "patience": (["--patience", "3"], ALL, "--patience goes with --validation or --validation-fraction"),
    "patience without": (["--patience", "3", "--validation-fraction", "0"], ALL, "--patience goes with --validation or"),
    "text": (["--text-column", "body"], ("cache",), "--text-column differs from that of `kerasbert prepare`, text; leave it out"),
    "text pair": (["--text-pair-column", "label"], ("cache",), "--text-pair-column differs from that of `kerasbert prepare`, none"),
    "labels": (["--label-column", "sublabel"], ("cache",), "--label-column differs from that of `kerasbert prepare`, label;"),
    "delimiter": (["--label-delimiter", ";"], ("cache",), "--label-delimiter goes with a task whose texts have several labels"),
    "heads": (
        ["--task", "multitask", "--head", "a=label:binary"],
        ("cache",),
        "--head differs from that of `kerasbert prepare`, none",
    ),
    "augment": (["--augment", "mask"], ALL, "--augment must be such as mask=0.1"),
}  # fmt: skip
ROWS = [pytest.param(options, way, words, id=f"{name}-{way}") for name, (options, ways, words) in REFUSED.items() for way in ways]  # fmt: skip


@pytest.mark.parametrize(("options", "way", "words"), ROWS)
def test_an_option_that_nothing_reads_is_refused(options, way, words, folder, tiny_folder, capsys):
    given = [part.replace("{folder}", str(folder)) for part in options]
    assert train(folder, tiny_folder, way, *given) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (folder / "never").exists() and not (folder / "never.tokens").exists()


def test_every_rule_has_a_row():
    named = {
        part[2:].removeprefix("no-").replace("-", "_")
        for options, _, _ in REFUSED.values()
        for part in options
        if part[:2] == "--"
    }
    assert {name for rule in RULES for name in rule.options} <= named
    parameters = {one.name for one in typer.main.get_command(app).commands["train"].params}
    assert {name for rule in RULES for name in rule.options} <= parameters


def test_what_is_of_use_is_not_refused():
    usual = Situation("hierarchical", Way.memory, long_texts="windows", num_layers=3, has_validation=True)
    assert set(useless_options(usual)) == {"label_names"}
    assert "cache" not in useless_options(Situation("binary", Way.stream))
    assert "on_error" not in useless_options(Situation("binary", Way.cache, validation_given=True))


def test_how_data_is_read(folder):
    assert way_of([str(folder / "tokens")], streaming=False) is Way.cache
    assert way_of([str(folder / "rows.jsonl")], streaming=False) is Way.memory
    assert way_of([str(folder / "rows.jsonl")], streaming=True) is Way.stream
    assert way_of([str(folder / "*.jsonl")], streaming=False) is Way.stream


@pytest.mark.parametrize("way", ["stream", "cache"])
def test_the_batch_size_of_a_stream_is_followed(way, folder, tiny_folder, tmp_path):
    assert (
        train(folder, tiny_folder, way, "--batch-size", "4", "--output", tmp_path / way, "--log-dir", tmp_path / "log")
        == 0
    )
    assert len((tmp_path / "log" / "batches.csv").read_text().split("\n")) - 2 >= 6  # 24 texts


def test_a_cache_says_how_validation_is_read(folder, tiny_folder, tmp_path):
    rows = "".join(json.dumps({"body": text, "y": "ab"[n % 2]}) + "\n" for n, text in enumerate(TEXTS * 4))
    (tmp_path / "rows.jsonl").write_text(rows)
    kb.data.prepare_tokens(
        tmp_path / "rows.jsonl",
        tmp_path / "t",
        task="binary",
        text_column="body",
        label_columns="y",
        encoder=tiny_folder,
    )
    quick = ("--encoder", tiny_folder, "--epochs", "1", "--quiet", "--task", "binary", "--output", tmp_path / "model")
    (tmp_path / "late.jsonl").write_text(rows.replace('{"body": "', '{"body": "late '))
    arguments = ["train", tmp_path / "t", "--validation", tmp_path / "late.jsonl", *quick]
    assert cli.main(list(map(str, arguments))) == 0
    assert "accuracy" in kb.load(tmp_path / "model").metrics_["validation"]


BAD = '{"text": "good card", "label": "x"}\n{"text": "bad"}\n{"text": 3, "label": "y"}\n{"text": \n' + "".join(
    json.dumps({"text": text, "label": "xy"[n % 2]}) + "\n" for n, text in enumerate(TEXTS * 4)
)


@pytest.mark.parametrize("way", [[], ["--stream"]], ids=["memory", "stream"])
def test_rows_are_left_out_alike_in_memory_and_in_a_stream(way, tiny_folder, tmp_path, capsys):
    (tmp_path / "rows.jsonl").write_text(BAD)
    quick = ("--encoder", tiny_folder, "--epochs", "1", "--quiet", "--task", "binary", "--output", tmp_path / "model")
    arguments = list(map(str, ["train", tmp_path / "rows.jsonl", *quick, *way]))
    assert cli.main(arguments) == 1
    assert "rows.jsonl, line " in capsys.readouterr().err
    assert cli.main([*arguments, "--on-error", "skip"]) == 0
    assert "3 rows were left out" in " ".join(capsys.readouterr().err.split())
    assert kb.load(tmp_path / "model").data_["num_texts"] == 17


def test_rows_of_validation_data_are_left_out_too(tiny_folder, folder, tmp_path, capsys):
    (tmp_path / "rows.jsonl").write_text(BAD.replace('{"text": "', '{"text": "late '))
    options = ("--validation", tmp_path / "rows.jsonl", "--on-error", "skip", "--output", tmp_path / "model")
    assert train(folder, tiny_folder, "memory", *options) == 0
    assert "rows.jsonl: 3 rows were left out, such as" in " ".join(capsys.readouterr().err.split())
    assert np.isfinite(kb.load(tmp_path / "model").metrics_["validation"]["accuracy"])
