"""`evaluate --compare`: another classifier, or other data, beside."""

import json
import shutil

import pytest

from kerasbert import cli

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"]


@pytest.fixture(scope="module")
def places(tmp_path_factory, saved_classifier):
    """A folder of data files and of two classifiers."""
    folder = tmp_path_factory.mktemp("compare")
    for name, texts in (("test", TEXTS), ("later", TEXTS[:2])):
        rows = [json.dumps({"text": text, "label": "xyzy"[place]}) for place, text in enumerate(texts)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for name in ("first", "second"):
        shutil.copytree(saved_classifier("multiclass"), folder / name)
    return folder


def evaluate(places, *options):
    return cli.main(["evaluate", str(places / "first"), str(places / "test.jsonl"), *map(str, options)])


def test_two_classifiers_on_the_same_data(places, capsys):
    assert evaluate(places, "--compare", places / "second") == 0
    shown = capsys.readouterr().out
    assert "first beside second" in shown and "No clear winner" in shown and "the same 4 texts" in shown


def test_one_classifier_on_two_files(places, capsys):
    assert evaluate(places, "--compare", places / "later.jsonl", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["names"] == ["test.jsonl", "later.jsonl"] and found["num_examples"] == [4, 2]
    assert found["scores"][1]["num_examples"] == 2 and found["what"] == "data sets"


def test_the_report_has_both(places, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert evaluate(places, "--compare", places / "second", "--report", tmp_path / "report") == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "first beside second" in page and "first beside second" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, message",
    [
        (["--compare", "nowhere"], "--compare must be the folder of a classifier or a data file; 'nowhere' is neither"),
        (["--compare", "{first}"], "--compare must be another one than"),
        (["--compare", "{test}"], "--compare must be another one than"),
        (
            ["--compare", "{second}", "--format", "csv"],
            "--compare goes with --format table or json, and without --baseline",
        ),
        (["--compare", "{second}", "--predictions", "rows.csv"], "--predictions goes without --compare"),
        (["--compare", "{second}", "--baseline", "{test}"], "--compare goes with --format table or json, and without"),
    ],
)
def test_what_cannot_be_compared_is_refused(options, message, places, capsys):
    paths = {"first": places / "first", "second": places / "second", "test": places / "test.jsonl"}
    assert evaluate(places, *(option.format(**paths) for option in options)) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_classifier_of_another_task_is_refused(places, saved_classifier, capsys):
    assert evaluate(places, "--compare", saved_classifier("binary")) == 1
    assert "Compare classifiers of one task" in capsys.readouterr().err
