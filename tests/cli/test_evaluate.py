import csv
import html
import json
import re

import pytest

from kerasbert import KerasbertWarning, cli, load

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6


LABELS = [
    {"label": "x", "labels": ["a"], "spam": "no", "other": "a card"},
    {"label": "y", "labels": ["a", "b"], "spam": "yes", "other": "is lost"},
    {"label": "z", "labels": [], "spam": "no", "other": "thanks"},
    {"label": "y", "labels": ["b", "c"], "spam": "no", "other": "my parcel"},
]


def rows(texts):
    labels = [{**own, "sublabel": own["label"] + "1"} for own in LABELS]
    return "".join(json.dumps({"text": text, **labels[i % 4]}) + "\n" for i, text in enumerate(texts))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "train.jsonl").write_text(rows(TEXTS), encoding="utf-8")
    (folder / "test.jsonl").write_text(rows(["good", "bad !", "thanks card", "lost"]), encoding="utf-8")
    return folder


# What a saved classifier tells of its training data.
READING = {
    "multiclass": {},
    "multilabel": {},
    "multitask": {
        "columns": ["label", "labels", "spam"],
        "heads": {"topic": "label", "flags": "labels", "spam": "spam"},
    },
    "hierarchical": {
        "columns": ["label", "sublabel"],
        "heads": {"class": "label", "subclass": "sublabel"},
    },
    "pairs": {"columns": ["label"], "text_pair": "other"},
}


@pytest.fixture(scope="module", params=READING)
def saved(request, saved_classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / request.param
    classifier = load(saved_classifier("multiclass" if request.param == "pairs" else request.param))
    classifier.save(folder, metrics={"reading": READING[request.param]})
    return folder


def test_baseline_beside_the_model(saved, folder, capsys):
    assert (
        cli.main(["evaluate", str(saved), str(folder / "test.jsonl"), "--baseline", str(folder / "train.jsonl")]) == 0
    )
    output = capsys.readouterr().out
    assert "baseline" in output and any(word in output for word in ("wins: ", "No clear winner: "))


def test_baseline_as_json(saved, folder, capsys):
    options = ["--baseline", str(folder / "train.jsonl"), "--format", "json"]
    assert cli.main(["evaluate", str(saved), str(folder / "test.jsonl"), *options]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content) == {"model", "baseline", "comparison"}
    assert content["model"].keys() >= content["baseline"].keys()
    found = content["comparison"]
    for one in [found] if "verdict" in found else found.values():
        assert one["verdict"] and all(0 < row["p_value"] <= 1 for row in one["rows"])


def test_the_page_says_what_the_terminal_says(saved, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    options = ["--baseline", str(folder / "train.jsonl"), "--report", str(tmp_path / "report")]
    assert cli.main(["evaluate", str(saved), str(folder / "test.jsonl"), *options]) == 0
    printed = capsys.readouterr().out
    page = html.unescape((tmp_path / "report" / "report.html").read_text(encoding="utf-8"))
    shown = re.findall(r'class="verdict">([^<]*)<', page)
    assert shown and all(sentence in printed for sentence in shown)


@pytest.mark.filterwarnings("default:.*are training texts too")
def test_shared_texts_are_told(folder, saved_classifier, capsys):
    data = str(folder / "train.jsonl")
    assert cli.main(["evaluate", str(saved_classifier("multiclass")), data, "--baseline", data]) == 0
    assert "24 of 24 texts to judge by (100 %) are training texts too" in capsys.readouterr().err


def test_csv_has_no_place_for_a_baseline(folder, capsys):
    data = str(folder / "train.jsonl")
    assert cli.main(["evaluate", str(folder), data, "--baseline", data, "--format", "csv"]) == 2
    assert "--baseline goes with --format table or json" in capsys.readouterr().err


def test_predictions_of_every_text(saved, folder, tmp_path, capsys):
    data = str(folder / "test.jsonl")
    for name in ("p.csv", "p.jsonl"):
        assert cli.main(["evaluate", str(saved), data, "--predictions", str(tmp_path / name), "--format", "json"]) == 0
    output = capsys.readouterr()
    assert f"The predictions are in {tmp_path / 'p.csv'}" in output.err
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["text"] for row in rows] == [line["text"] for line in lines] == ["good", "bad !", "thanks card", "lost"]
    ranks = [line["error_rank"] for line in lines]
    assert [row["error_rank"] for row in rows] == ["" if rank is None else str(rank) for rank in ranks]
    wrong = [
        any(set(own["labels"]) != set(own["predicted"]) for own in line.get("heads", {"": line}).values())
        for line in lines
    ]
    assert [rank is not None for rank in ranks] == wrong
    assert sorted(rank for rank in ranks if rank) == list(range(1, sum(wrong) + 1))


def test_true_labels_stand_beside_predicted_ones(saved_classifier, folder, tmp_path, capsys):
    file = tmp_path / "p.csv"
    arguments = [
        "evaluate",
        str(saved_classifier("multilabel")),
        str(folder / "test.jsonl"),
        "--predictions",
        str(file),
    ]
    assert cli.main(arguments) == 0
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header[:3] == ["text", "labels", "predicted"] and header[-1] == "error_rank"
    assert [row[1] for row in rows] == ["a", "a|b", "", "b|c"]
    assert cli.main(arguments) == 1
    assert "exists; choose another name" in capsys.readouterr().err
    assert cli.main([*arguments, "--overwrite"]) == 0


def test_warnings_have_a_class_of_their_own():
    assert issubclass(KerasbertWarning, UserWarning)


def test_one_threshold_for_all_labels(folder, saved_classifier, capsys):
    data, output = str(folder / "train.jsonl"), str(saved_classifier("multilabel"))
    assert cli.main(["evaluate", output, data, "--threshold", "0", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["macro"]["recall"] == 1
    assert cli.main(["evaluate", output, data, "--threshold", "2"]) == 1
    assert "`threshold` must be a number in [0, 1]; got 2" in capsys.readouterr().err
