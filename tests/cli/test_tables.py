import io
import re

import pandas as pd
import pytest

from kerasbert.cli.tables import print_predictions, print_scores, print_table
from kerasbert.evaluation.layer_scores import LayerReport


def read(capsys):
    return pd.read_csv(io.StringIO(capsys.readouterr().out), keep_default_na=False)


def test_numbers_in_csv_stay_numbers_and_texts_never_become_formulas(capsys):
    rows = [["=1+1", -0.25, 3], ["-1+1", 1e-7, None], ["plain", -2.0, 4]]
    print_table("", ("word", "share", "texts"), rows, as_csv=True)
    found = read(capsys)
    assert list(found["share"]) == [-0.25, 1e-7, -2.0]
    assert list(found["word"]) == ["'=1+1", "'-1+1", "plain"] and list(found["texts"]) == ["3", "", "4"]


ONE = {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "average_precision": None, "roc_auc": 0.5}
LONG = "a label with a name of forty letters or so"
SCORES = {
    "accuracy": 0.5,
    "num_examples": 4,
    "hamming_loss": 0.25,
    "intervals": {"accuracy": (0.25, 0.75)},
    "per_label": {LONG: {**ONE, "support": 2}},
    **{name: dict(ONE) for name in ("micro", "macro", "weighted")},
}
# Width of the terminal -> how many of these columns it has beside label and F1.
OPTIONAL = ("precision", "recall", "support", "avg. precision", "ROC AUC")
WIDTHS = {40: 0, 66: 1, 80: 2, 100: 3, 110: 4, 140: 5}


@pytest.mark.parametrize(("width", "count"), WIDTHS.items(), ids=str)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_labels(width, count, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    print_scores(SCORES)
    output, said = capsys.readouterr()
    assert re.split(r"  +", output.splitlines()[1].strip()) == [
        "label",
        *[
            name
            for name in ("precision", "recall", "f1", "avg. precision", "ROC AUC", "support")
            if name in ("f1", *OPTIONAL[:count])
        ],
    ]
    assert LONG in output and "0.6667" in output
    assert ("too narrow for" in said) == (count < 5) and all(name in said for name in OPTIONAL[count:])


def test_in_a_pipe_nothing_is_too_wide(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    print_scores(SCORES | {"per_label": {"x" * 300: {**ONE, "support": 2}}})
    row = next(line for line in capsys.readouterr().out.splitlines() if "x" * 300 in line)
    assert row.split()[1:] == ["0.5000", "1.0000", "0.6667", "–", "0.5000", "2", "█████"]


def test_prose_is_folded_before_a_column_goes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    print_predictions([{"text": "many words " * 20, "labels": ["refund"], "scores": {"refund": 0.9, "other": 0.1}}])
    output, said = capsys.readouterr()
    assert max(map(len, output.splitlines())) <= 60 and "0.900 ███████  refund" in output and not said


def test_scores_in_csv_are_all_scores(capsys):
    print_scores(
        {"topic": SCORES, "hierarchy": {"accuracy": 0.25, "hierarchical_f1": 0.5, "inconsistent": 1}}, as_csv=True
    )
    found = read(capsys).set_index(["head", "label"]).astype(str)
    assert list(found.columns[:4]) == ["precision", "recall", "f1", "support"]
    assert found.loc[("topic", LONG), "roc_auc"] == "0.5" and found.loc[("topic", "(macro)"), "recall"] == "1.0"
    whole = found.loc[("topic", "(all)")]
    assert [whole[name] for name in ("accuracy", "hamming_loss", "accuracy_low", "accuracy_high")] == [
        "0.5",
        "0.25",
        "0.25",
        "0.75",
    ]
    assert list(found.loc[("hierarchy", "(all)"), ["accuracy", "f1", "inconsistent"]]) == ["0.25", "0.5", "1"]


def test_a_table_shows_four_digits_and_empty_cells(capsys):
    print_table("title", ("way", "score"), [["a", 0.123456], ["b", None]])
    output = capsys.readouterr().out
    assert "0.1235" in output and "None" not in output and "–" not in output


def test_layers_in_csv_are_numbers(capsys):
    rows = ({"layer": 1, "weight": 1.0, "score": 0.5, "milliseconds": 2.0},)
    exits = ({"confidence": 0.9, "score": 0.5, "saving": 0.25, "milliseconds": 1.5, "mean_layer": 1.0},)
    report = LayerReport(rows, {"score": 0.5, "milliseconds": 2.0}, exits, "accuracy", 10)
    print_table("", ("way", "weight", "accuracy", "saving", "ms a text"), report.values(), as_csv=True)
    found = read(capsys)
    assert list(found["saving"]) == ["", "", "0.25"] and list(found["accuracy"]) == [0.5] * 3
    assert report.cells()[2] == ["exit at 0.9", "", "0.5000", "25.0%", "1.50"]
