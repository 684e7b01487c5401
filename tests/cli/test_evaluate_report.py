import json

import pytest

import kerasbert as kb
from kerasbert import cli

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 4


@pytest.fixture(scope="module")
def saved_and_data(saved_classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reported")
    labels = ["x", "y", "x", "y"] * 4
    rows = [json.dumps({"text": text, "label": label}) for text, label in zip(TEXTS, labels, strict=True)]
    (folder / "test.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return saved_classifier("multiclass"), folder / "test.jsonl"


def test_writes_a_report_and_the_same_scores(saved_and_data, tmp_path, capsys):
    arguments = ["evaluate", *map(str, saved_and_data), "--format", "json"]
    assert cli.main(arguments) == 0
    alone = json.loads(capsys.readouterr().out)
    assert cli.main([*arguments, "--report", str(tmp_path / "report")]) == 0
    printed = capsys.readouterr()
    scores = json.loads(printed.out)
    assert scores == alone
    assert f"The report is at {tmp_path / 'report' / 'report.html'}" in printed.err
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text(encoding="utf-8"))
    # How errors fall where only the surest are answered stands beside the scores of a report.
    assert {**metrics["scores"], "intervals": metrics["intervals"], "risk_coverage": scores["risk_coverage"]} == scores


def test_an_existing_report_is_kept_unless_told_otherwise(saved_and_data, tmp_path, capsys):
    arguments = ["evaluate", *map(str, saved_and_data), "--report", str(tmp_path / "report")]
    assert cli.main(arguments) == 0
    assert cli.main(arguments) == 1
    assert "already holds a report; choose another name, or pass --overwrite" in capsys.readouterr().err
    assert cli.main([*arguments, "--overwrite"]) == 0


def test_a_saved_model_is_never_replaced_by_a_report(saved_and_data, capsys):
    model, data = map(str, saved_and_data)
    assert cli.main(["evaluate", model, data, "--report", model, "--overwrite"]) == 1
    assert "holds a saved classifier, and a report takes the place of another one only" in capsys.readouterr().err
    assert kb.load(model).predict(TEXTS[:1]).shape == (1,)
