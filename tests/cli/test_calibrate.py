"""`kerasbert calibrate`, and what `predict` and `evaluate` do with the sets that it fits."""

import csv
import io
import json

import numpy as np
import pytest
from held_out import labels_for, other_texts

import kerasbert as kb
from kerasbert import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("calibrate")


@pytest.fixture(scope="module")
def data(saved_classifier, folder):
    """A file of texts that the classifier was not trained on."""
    labels = labels_for(kb.load(saved_classifier("multiclass")).trained_.outputs)
    rows = [{"text": text, "label": str(label)} for text, label in zip(other_texts(), labels, strict=True)]
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "data.jsonl"


def run(command, *arguments):
    return cli.main([command, *map(str, arguments)])


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


@pytest.fixture(scope="module")
def calibrated(saved_classifier, data, folder):
    assert run("calibrate", saved_classifier("multiclass"), data, "--output", folder / "done", "--always") == 0
    return folder / "done"


def test_the_folder_is_calibrated_and_has_sets(calibrated, data, saved_classifier, capsys):
    trained = kb.load(calibrated).trained_
    assert set(trained.uncertainty) == {"calibration", "sets"}
    before = kb.load(saved_classifier("multiclass")).predict_proba(["good card"])
    assert not np.allclose(trained.predict_proba(["good card"]), before, atol=1e-4)
    again = calibrated.with_name("again")
    assert run("calibrate", calibrated, data, "--output", again, "--format", "csv", "--method", "raps") == 0
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [row["measure"] for row in rows] == ["expected_calibration_error", "brier", "log_loss"]
    assert float(rows[1]["before low"]) < float(rows[1]["before"]) < float(rows[1]["before high"])
    assert f"Saved to {again}" in printed.err and "Prediction sets (raps) from 120 texts" in printed.err
    assert run("calibrate", calibrated, data, "--output", again, "--overwrite", "--format", "json") == 0
    assert set(json.loads(capsys.readouterr().out)) == {"layers", "num_texts", "measured", "gains", "text_sketch"}


def test_predict_gives_sets(calibrated, capsys):
    texts, expected = ["good card", "bad parcel"], kb.load(calibrated)
    for way in ("json", "csv", "table"):
        assert run("predict", calibrated, *texts, "--coverage", "0.9", "--format", way) == 0
        printed = capsys.readouterr().out
        sets = expected.predict_set(texts, coverage=0.9)
        if way == "json":
            assert [json.loads(line)["set"] for line in printed.splitlines()] == [list(map(str, one)) for one in sets]
        elif way == "csv":
            assert [row["set"] for row in csv.DictReader(io.StringIO(printed))] == ["|".join(one) for one in sets]
        else:
            assert "set" in printed.splitlines()[0] and ", ".join(sets[0]) in printed


def test_evaluate_measures_sets(calibrated, data, capsys):
    assert run("evaluate", calibrated, data) == 0
    printed = capsys.readouterr().out
    assert "sets for 90%: coverage 0." in printed and "labels in the mean" in printed
    assert run("evaluate", calibrated, data, "--format", "csv") == 0
    whole = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))[-1]
    assert float(whole["sets_0.9_coverage"]) >= 0.9 and float(whole["sets_0.9_size"]) >= 1


def test_a_report_shows_the_probabilities_from_before(calibrated, data, folder, capsys):
    assert run("evaluate", calibrated, data, "--report", folder / "report") == 0
    metrics = json.loads((folder / "report" / "metrics.json").read_text())
    head = metrics["heads"]["probabilities"]
    assert head["uncalibrated"]["expected_calibration_error"] != head["calibration"]["expected_calibration_error"]
    page = (folder / "report" / "report.html").read_text()
    assert "before it was calibrated" in page and "Coverage of sets for 90%" in page
    assert head["scores"]["sets"]["0.9"]["coverage"] >= 0.9


def test_what_cannot_be_done_is_refused(calibrated, saved_classifier, data, folder, capsys):
    plain = saved_classifier("multiclass")
    assert run("predict", plain, "good", "--coverage", "0.9") == 1
    assert "has no prediction sets yet" in said(capsys)
    assert run("predict", calibrated, "good", "--coverage", "0.999") == 1
    assert "`coverage` must be at most 0.9917 for sets that were fitted on 120 texts" in said(capsys)
    assert run("calibrate", plain, data, "--output", calibrated) == 1
    assert "already holds a saved classifier" in said(capsys)
    assert run("calibrate", plain, data, "--output", folder / "no", "--method", "top") == 1
    assert "`method` must be one of 'aps', 'lac', 'raps'; got 'top'" in said(capsys)
    (folder / "few.jsonl").write_text("".join(data.read_text().splitlines(keepends=True)[:20]))
    assert run("calibrate", plain, folder / "few.jsonl", "--output", folder / "no") == 1
    assert "at least 50 texts with a known label" in said(capsys) and not (folder / "no").exists()
    (folder / "other.jsonl").write_text('{"text": "good", "label": "other"}\n' * 60)
    assert run("calibrate", plain, folder / "other.jsonl", "--output", folder / "no") == 1
    assert "'other'" in said(capsys)


def test_train_calibrates_on_validation_texts_alone(tiny_folder, data, folder, capsys):
    given = [
        "train",
        data,
        "--task",
        "multiclass",
        "--encoder",
        tiny_folder,
        "--output",
        folder / "never",
        "--calibrate",
    ]
    assert cli.main(list(map(str, given))) == 2
    assert "--calibrate goes with --validation or --validation-fraction" in said(capsys)
