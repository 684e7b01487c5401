"""`kerasbert compile`, and the commands that run what it made."""

import json
import shutil

import pytest

from kerasbert import cli

pytest.importorskip("onnxruntime")
TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"]


def run(*arguments):
    return cli.main([str(one) for one in arguments])


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def scores(capsys):
    return [json.loads(line)["scores"] for line in capsys.readouterr().out.splitlines()]


def test_it_predicts_as_without(compiled_folder, capsys):
    folder = compiled_folder("binary")
    assert run("predict", folder, *TEXTS, "--format", "json") == 0
    expected = scores(capsys)
    assert run("predict", folder, *TEXTS, "--format", "json", "--engine", "onnxruntime", "--threads", "1") == 0
    for own, other in zip(scores(capsys), expected, strict=True):
        assert own == pytest.approx(other, abs=1e-5)


def test_it_is_evaluated(compiled_folder, tmp_path, capsys):
    folder = compiled_folder("binary")
    (tmp_path / "test.csv").write_text(
        "text,label\n" + "".join(f"{text},{place % 2 and 'yes' or 'no'}\n" for place, text in enumerate(TEXTS))
    )
    found = []
    for options in ([], ["--engine", "onnxruntime"]):
        assert run("evaluate", folder, tmp_path / "test.csv", "--format", "json", *options) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["accuracy"] == found[1]["accuracy"] and found[0]["micro"] == pytest.approx(found[1]["micro"])
    assert run("evaluate", folder, tmp_path / "test.csv", "--report", tmp_path / "r", "--engine", "onnxruntime") == 2
    assert "--report goes without --engine" in said(capsys)


@pytest.mark.long
def test_a_saved_classifier_is_compiled_in_its_place(saved_classifier, tmp_path, capsys):
    shutil.copytree(saved_classifier("binary"), tmp_path / "model")
    (tmp_path / "texts.csv").write_text("text\n" + "\n".join(TEXTS * 60) + "\n")
    options = ["--engine", "onnxruntime", "--precision", "fastest", "--threads", "1", "--agreement", "0.5"]
    assert run("compile", tmp_path / "model", *options, "--data", tmp_path / "texts.csv") == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "model") and "texts: 240" in told.err and "precision: " in told.err
    assert run("predict", tmp_path / "model", "good card", "--engine", "onnxruntime") == 0


REFUSED = {
    "unknown engine": (
        ["predict", "DIR", "a text", "--engine", "onnx"],
        2,
        "--engine must be one of onnxruntime, openvino; got 'onnx'",
    ),
    "threads alone": (["predict", "DIR", "a text", "--threads", "2"], 2, "--threads goes with --engine"),
    "no engine there": (["predict", "DIR", "a text", "--engine", "onnxruntime"], 1, "holds no engine; make one with"),
    "no data": (["compile", "DIR", "--precision", "int8"], 1, "needs real texts to compare on; give --data FILE"),
    "a column of nothing": (["compile", "DIR", "--text-column", "a"], 2, "--text-column goes with --data"),
    "unknown precision": (["compile", "DIR", "--precision", "int4"], 2, "--precision must be one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, saved_classifier, capsys):
    arguments, code, message = REFUSED[name]
    folder = str(saved_classifier("binary"))
    assert run(*(folder if one == "DIR" else one for one in arguments)) == code
    assert message in said(capsys)
