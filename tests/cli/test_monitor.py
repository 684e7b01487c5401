import csv
import json
import re
import shutil

import pytest
from test_serving_log import predict_log, written
from trained_classifiers import LABELS, TEXTS

from kerasbert import cli, load
from kerasbert.monitoring import make_reference, read_reference, with_reference

OTHER = ["? " * 25] * 40
ALARM = 3


@pytest.fixture(scope="module")
def folder(saved_classifier, tmp_path_factory):
    """A classifier with a reference; nothing is to be changed in it."""
    folder = tmp_path_factory.mktemp("monitor") / "classifier"
    shutil.copytree(saved_classifier("multiclass"), folder)
    classifier = load(folder)
    reference = make_reference(classifier, TEXTS * 10, LABELS * 10)
    with_reference(classifier, reference).save(folder, overwrite=True, metrics={"reading": {"columns": ["label"]}})
    return folder


def write(file, texts, **columns):
    names = ["text", *columns]
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows(zip(texts, *columns.values(), strict=True))
    return str(file)


def run(*arguments):
    return cli.main(["monitor", *map(str, arguments)])


def test_no_change_is_exit_code_0(folder, tmp_path, capsys):
    assert run(folder, write(tmp_path / "new.csv", TEXTS * 5)) == 0
    out = capsys.readouterr().out
    assert out.split("\n")[0].startswith("No alarm. No change is seen. 40 texts against 80 of 20") and "- " not in out


def test_an_alarm_is_exit_code_3_with_what_to_do(folder, tmp_path, capsys):
    assert run(folder, write(tmp_path / "new.csv", OTHER)) == ALARM
    out = capsys.readouterr().out
    assert out.startswith("ALARM. The texts have changed.") and "\n- Read texts with" in out


def test_files_are_written_and_written_again(folder, tmp_path):
    texts, days = TEXTS * 5 + OTHER, ["2026-03-01"] * 40 + ["2026-03-02"] * 40
    data = write(tmp_path / "new.csv", texts, date=days, source=["app", "web"] * 40, label=LABELS * 5 + [""] * 40)
    asked = ["--time-column", "date", "--slice-columns", "source", "--label-column", "label"]
    for flag, name in (("--html", "page.html"), ("--json", "all.json"), ("--prometheus", "kerasbert.prom")):
        asked += [flag, tmp_path / name]
    for _ in range(2):
        assert run(folder, data, *asked) == ALARM
    told = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert told["alarm"] and [one["name"] for one in told["buckets"]] == ["2026-03-01", "2026-03-02"]
    assert told["texts"]["num_labelled"] == {"probabilities": 40}
    assert "kerasbert_monitor_alarm 1" in (tmp_path / "kerasbert.prom").read_text(encoding="utf-8")
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_file_of_somebody_else_is_not_replaced(folder, tmp_path, capsys):
    (tmp_path / "page.html").write_text("mine")
    assert run(folder, write(tmp_path / "new.csv", TEXTS), "--html", tmp_path / "page.html") == 1
    assert "exists and was not written by kerasbert" in capsys.readouterr().err


def test_several_files_are_one_window(folder, tmp_path, capsys):
    names = [write(tmp_path / f"{part}.csv", TEXTS * 2, day=[f"2026-03-0{part}"] * 16) for part in (1, 2)]
    assert run(folder, *names, "--time-column", "day", "--json", tmp_path / "all.json") in (0, ALARM)
    told = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert told["texts"]["num_texts"] == 32 and len(told["buckets"]) == 2


def test_make_reference_keeps_one_with_the_classifier(saved_classifier, tmp_path, capsys):
    folder = shutil.copytree(saved_classifier("multilabel"), tmp_path / "classifier")
    data = tmp_path / "valid.jsonl"
    data.write_text("".join(json.dumps({"text": text, "labels": ["a"]}) + "\n" for text in TEXTS), encoding="utf-8")
    assert run(folder, data) == 1
    assert "has no reference to compare with; make one: kerasbert monitor DIR DATA" in capsys.readouterr().err
    assert run(folder, data, "--label-column", "labels", "--make-reference") == 0
    assert "has a reference of 8 texts now, " in capsys.readouterr().err
    reference = read_reference(folder)
    assert reference.source == "texts of valid.jsonl" and reference.profile.heads["probabilities"].num_labelled == 8
    assert "## Reference for monitoring" in (folder / "README.md").read_text(encoding="utf-8")
    assert cli.main(["inspect", str(folder)]) == 0
    told = f"Reference for `kerasbert monitor`: 8 texts, texts of valid.jsonl, of {reference.made}"
    assert told in capsys.readouterr().out


def test_logs_of_tf_serving_are_read(folder, tmp_path):
    logs = [predict_log([text], time=86_400 * (20_000 + place // 20)) for place, text in enumerate(TEXTS * 5)]
    file = written(tmp_path / "requests.log", logs)
    assert run(folder, file, "--serving-log", "--json", tmp_path / "all.json") in (0, ALARM)
    told = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert told["texts"]["num_texts"] == 40 and [one["name"] for one in told["buckets"]] == ["2024-10-04", "2024-10-05"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [([], "new.csv' has no rows|must hold at least 2 texts"), (["one"], "must hold at least 2 texts to be compared with the reference; got 1")],
    ids=["no text", "one text"],
)  # fmt: skip
def test_too_few_texts_are_refused(folder, tmp_path, capsys, texts, said):
    assert run(folder, write(tmp_path / "new.csv", texts)) == 1
    assert re.search(said, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("columns", "asked", "code", "said"),
    [
        ({"txt": ["a", "b"]}, [], 1, "has no column 'text'"),
        ({"text": ["a", "b"]}, ["--label-column", "label"], 1, "has no column 'label'"),
        ({"text": ["a", "b"], "label": ["x", "nowhere"]}, ["--label-column", "label"], 1, "line 3: .*'nowhere'"),
        ({"text": ["a", "b"]}, ["--time-column", "date"], 1, "has no column 'date'"),
        ({"text": ["a", "b"], "date": ["2026-01-01", "soon"]}, ["--time-column", "date"], 1, "row 2 is 'soon'"),
        ({"text": ["a", "b"]}, ["--bucket", "week"], 2, "--bucket goes with --time-column"),
        ({"text": ["a", "b"]}, ["--time-column", "text", "--bucket", "wek"], 2, "Did you mean 'week'"),
        ({"text": ["a", "b"]}, ["--label-delimiter", ";"], 2, "--label-delimiter goes with --label-column"),
        ({"text": ["a", "b"]}, ["--make-reference", "--html", "p.html"], 2, "--html goes without --make-reference"),
        (
            {"text": ["a", "b"]},
            ["--serving-log", "--time-column", "t"],
            2,
            "--time-column goes with data files, without",
        ),
        ({"text": ["a", "b"]}, ["--false-alarm-rate", "2"], 1, "`false_alarm_rate` must be"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_refused(folder, tmp_path, capsys, columns, asked, code, said):
    file = tmp_path / "new.csv"
    rows = zip(*columns.values(), strict=True)
    file.write_text("\n".join(",".join(row) for row in [list(columns), *rows]) + "\n", encoding="utf-8")
    assert run(folder, file, *asked) == code
    assert re.search(said, " ".join(capsys.readouterr().err.split()))


def test_rows_that_cannot_be_used_are_left_out(folder, tmp_path, capsys):
    data = tmp_path / "new.jsonl"
    data.write_text('{"text": "good card"}\n{"text": null}\n' * 9, encoding="utf-8")
    assert run(folder, data) == 1 and "'text' is missing" in capsys.readouterr().err
    assert run(folder, data, "--on-error", "skip", "--json", tmp_path / "all.json") in (0, ALARM)
    assert json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["texts"]["num_texts"] == 9
