import io
import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

import kerasbert as kb
from kerasbert import cli
from kerasbert.cli.options import app
from kerasbert.cli.probe import ProbeOptions, train_command
from kerasbert.reading.read_options import ReadOptions

WORDS = {"good": ("praise", "short"), "thanks my card": ("praise", "long"), "late": ("complaint", "short")}
TEXTS = [f"{words} {'! ' * (i % 3)}" for words in (*WORDS, "where is my lost parcel") for i in range(6)]
LABELS = ["praise"] * 12 + ["complaint"] * 12
SUBLABELS = (["short"] * 6 + ["long"] * 6) * 2


@pytest.fixture(scope="module")
def report(tiny_folder):
    return kb.probe(tiny_folder, TEXTS, LABELS, sublabels=SUBLABELS, folds=2)


def test_every_layer_and_pooling_has_a_row(report):
    assert [(row["layer"], row["pooling"]) for row in report.rows] == [
        (layer, pooling) for layer in range(3) for pooling in ("cls", "last", "max", "mean")
    ]
    assert report.quantities == ("score", "subclass_score", "silhouette", "agreement")


def test_scores_are_those_of_extracted_features(report, tiny_folder):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = kb.extract_features(tiny_folder, TEXTS, layers=1, poolings="max")
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-3))
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    expected = cross_val_score(model, features[1, "max"], LABELS, cv=folds).mean()
    row = next(row for row in report.rows if (row["layer"], row["pooling"]) == (1, "max"))
    assert row["score"] == pytest.approx(expected, abs=0.05)


def test_the_first_token_of_the_embeddings_knows_nothing(report):
    row = report.rows[0]
    assert (row["layer"], row["pooling"]) == (0, "cls") and row["score"] == pytest.approx(0.5, abs=0.1)
    assert row["different_vectors"] == 1 and np.isnan(row["silhouette"])


VARIED = [
    " ".join(["good", "my", "card", "lost", "thanks", "late", "bad"][i : i + size]) for size in (1, 3) for i in range(5)
]
QUESTIONS = {
    "no labels": (None, {}),
    "labels": (["a", "b"] * 5, {}),
    "clusters inside labels": (["a", "b"] * 5, {"clusters": True}),
    "sub-labels": (["a"] * 5 + ["b"] * 5, {"sublabels": ["x", "x", "y", "y", "y"] * 2}),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_vectors_that_do_not_differ_are_named_and_not_recommended(question, tiny_folder):
    labels, more = QUESTIONS[question]
    report = kb.probe(tiny_folder, VARIED, labels, poolings=("cls", "last", "mean"), folds=2, **more)
    for quantity in report.quantities:
        best = report.best(quantity)
        assert best["layer"] > 0 or best["pooling"] == "mean"
    assert [(row["pooling"], row["different_vectors"]) for row in report.same_vectors] == [("cls", 1), ("last", 2)]
    said = "(different vectors of 10 different texts): layer 0, cls (1), layer 0, last (2)."
    assert said in report.summary() and len(report.to_dict()["same_vectors"]) == 2


def test_the_end_of_texts_of_many_lengths_is_not_recommended(tiny_folder):
    texts = ["good " * (size + 1) for size in range(8)]
    report = kb.probe(tiny_folder, texts, layers=(0, 1), poolings=("last", "mean"))
    assert report.rows[0]["different_vectors"] == 8 and np.isnan(report.rows[0]["silhouette"])
    assert report.same_vectors == (report.rows[0],)


def test_nothing_but_vectors_that_do_not_differ(tiny_folder):
    with pytest.raises(kb.DataError, match="of 10 different texts .* vectors: layer 0, cls: 1. Read other layers"):
        kb.probe(tiny_folder, VARIED, ["a", "b"] * 5, layers=0, poolings="cls")


def test_too_few_texts_for_clusters(tiny_folder):
    with pytest.raises(kb.DataError, match="at least 3 different texts to score clusters of them; got 2"):
        kb.probe(tiny_folder, ["good", "Good", "bad"] * 3)


def test_without_labels_only_clusters_are_scored(tiny_folder):
    report = kb.probe(tiny_folder, TEXTS, layers=(0, -1), poolings="mean")
    assert report.quantities == ("silhouette",) and all(-1 <= row["silhouette"] <= 1 for row in report.rows)
    assert report.recommendation.startswith("kb.extract_features(")


def test_labels_of_another_number(tiny_folder):
    with pytest.raises(kb.DataError, match="`labels` must have one entry for each of the 24 texts; got 2"):
        kb.probe(tiny_folder, TEXTS, ["a", "b"])


def test_a_label_of_one_text_is_left_out_and_told(tiny_folder):
    report = kb.probe(tiny_folder, [*TEXTS, "lost"], [*LABELS, "alone"], layers=-1, poolings="mean")
    assert report.left_out == {"alone": 1} and report.num_texts == 24 and 0 <= report.rows[0]["score"] <= 1


def test_identical_texts_have_scores_and_no_clusters(tiny_folder):
    report = kb.probe(tiny_folder, ["good"] * 24, LABELS, sublabels=SUBLABELS, layers=-1, poolings="mean")
    assert report.rows[0]["score"] == pytest.approx(0.5) and report.rows[0]["subclass_score"] == pytest.approx(0.5)
    assert np.isnan(report.rows[0]["silhouette"])
    assert "Clusters cannot be scored" in report.summary() and "nan" not in report.summary()
    assert "NaN" not in json.dumps(report.to_dict()) and "good" not in report.summary()


def test_sublabels_that_cannot_be_told_apart(tiny_folder):
    sublabels = ["short"] * 12 + ["long"] * 11 + ["alone"]
    with pytest.raises(kb.DataError, match="`sublabels` must hold at least two subclasses of 3 texts inside one class"):
        kb.probe(tiny_folder, TEXTS, LABELS, sublabels=sublabels)


def test_no_texts(tiny_folder):
    with pytest.raises(kb.DataError, match="`texts` must hold at least one text"):
        kb.probe(tiny_folder, [])


def test_command_writes_table_picture_and_json(tiny_folder, tmp_path, capsys):
    data = tmp_path / "data.jsonl"
    rows = zip(TEXTS, LABELS, SUBLABELS, strict=True)
    data.write_text("".join(json.dumps({"text": t, "label": a, "sub": b}) + "\n" for t, a, b in rows))
    arguments = [
        "probe",
        str(tiny_folder),
        str(data),
        "--sublabel-column",
        "sub",
        "--layers",
        "1,-1",
        "--poolings",
        "mean",
    ]
    assert cli.main([*arguments, "--output", str(tmp_path / "out"), "--quiet", "--format", "csv"]) == 0
    captured = capsys.readouterr()
    assert (
        captured.out.startswith("layer,pooling,labels,subclasses,silhouette")
        and "kb.build_multiclass(2" in captured.err
    )
    found = json.loads((tmp_path / "out" / "probe.json").read_text())
    assert [row["layer"] for row in found["rows"]] == [1, 2] and f"Next: {found['command']}\n" in captured.err
    assert (tmp_path / "out" / "probe.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(io.StringIO(captured.out))
    assert list(table["labels"]) == [row["score"] for row in found["rows"]]
    assert all(pd.api.types.is_numeric_dtype(table[name]) for name in table.columns[2:])


def test_the_command_that_it_ends_with_runs(tiny_folder, tmp_path, capsys, monkeypatch):
    data = tmp_path / "my data.jsonl"
    rows = zip(TEXTS, LABELS, strict=True)
    data.write_text("".join(json.dumps({"message": text, "-topic": label}) + "\n" for text, label in rows))
    options = ["--text-column", "message", "--label-column=-topic", "--layers", "1", "--poolings", "max,mean"]
    assert cli.main(["probe", str(tiny_folder), str(data), *options, "--max-length", "9", "--folds", "2"]) == 0
    name, *words = shlex.split(capsys.readouterr().err.rpartition("Next: ")[2])
    assert name == "kerasbert" and words[:2] == ["train", str(data)] and words[-2:] == ["--output", "model"]
    monkeypatch.chdir(tmp_path)
    assert cli.main([*words, "--epochs", "1", "--quiet"]) == 0
    trained = kb.load(tmp_path / "model")
    assert trained.layers in (1, [1], (1,)) and trained.pooling in ("max", "mean") and trained.max_length == 9


def test_the_command_for_several_labels_parses(tiny_folder):
    rows = [{"layer": 2, "pooling": "cls", "score": 0.9, "deviation": 0.1}]
    report = kb.evaluation.ProbeReport(tuple(rows), "some model", "multilabel", 3, 90, 2, 3, {}, max_length=64)
    asked, files = ProbeOptions(label_delimiter=";", on_error="skip"), ReadOptions(encoding="cp1252", header=False)
    _, command, *words = shlex.split(train_command(report, "bert", Path("it's.csv"), asked, files))
    train = typer.main.get_command(app).get_command(None, command)
    parsed = train.make_context(command, words).params
    expected = {"task": "multilabel", "data": ["it's.csv"], "label_column": "label", "label_delimiter": ";"}
    expected |= {
        "header": "False",
        "encoding": "cp1252",
        "on_error": "skip",
        "encoder": "some model",
        "layers": "2",
        "pooling": "cls",
    }
    assert {name: str(parsed[name]) if name != "data" else parsed[name] for name in expected} == expected
    assert parsed["max_length"] is None  # as `train` has it


def test_without_labels_it_ends_with_a_call(tiny_folder, tmp_path, capsys):
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    options = ["--unlabelled", "--layers", "1", "--poolings", "mean", "--quiet", "--format", "json"]
    assert cli.main(["probe", str(tiny_folder), str(tmp_path / "data.jsonl"), *options]) == 0
    assert json.loads(capsys.readouterr().out)["command"] is None
    assert cli.main(["probe", str(tiny_folder), str(tmp_path / "data.jsonl"), *options[:-2]]) == 0
    assert "Next, in Python: kb.extract_features(" in capsys.readouterr().err


def test_command_refuses_labels_with_unlabelled(tiny_folder, tmp_path, capsys):
    assert cli.main(["probe", str(tiny_folder), "x.jsonl", "--unlabelled", "--label-column", "a"]) == 2
    assert "--unlabelled goes with neither" in capsys.readouterr().err


def test_equal_seeds_give_equal_scores(tiny_folder, report):
    again = kb.probe(tiny_folder, TEXTS, LABELS, sublabels=SUBLABELS, folds=2)
    for one, other in zip(report.rows, again.rows, strict=True):
        assert np.isclose(one["score"], other["score"])
        assert np.isclose(one["silhouette"], other["silhouette"], atol=1e-4, equal_nan=True)


def test_labels_are_read_as_fit_reads_them(tiny_folder):
    labels = [1 if label == "praise" else 2.0 for label in LABELS]
    labels[0] = "1.0"
    with pytest.warns(kb.KerasbertWarning, match="equal numbers are read as one label"):
        report = kb.probe(tiny_folder, TEXTS, labels, layers=0, poolings="mean", folds=2)
    assert report.num_labels == 2
    with pytest.raises(kb.DataError, match="labels, row 1: the label is missing"):
        kb.probe(tiny_folder, TEXTS, [float("nan"), *labels[1:]], layers=0, poolings="mean", folds=2)
