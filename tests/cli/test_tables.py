import io

import pandas as pd
import pytest

from kerasbert.cli.tables import print_predictions, print_table
from kerasbert.evaluation.layer_scores import LayerReport


def read(capsys):
    return pd.read_csv(io.StringIO(capsys.readouterr().out), keep_default_na=False)


def test_numbers_in_csv_stay_numbers_and_texts_never_become_formulas(capsys):
    rows = [["=1+1", -0.25, 3], ["-1+1", 1e-7, None], ["plain", -2.0, 4]]
    print_table("", ("word", "share", "texts"), rows, as_csv=True)
    found = read(capsys)
    assert list(found["share"]) == [-0.25, 1e-7, -2.0]
    assert list(found["word"]) == ["'=1+1", "'-1+1", "plain"] and list(found["texts"]) == ["3", "", "4"]


@pytest.mark.parametrize(("label", "written"), [("-1", "-1"), ("+2.5", "+2.5"), ("-1e3", "-1e3"), ("-x", "'-x")])
def test_labels_that_are_numbers_stay_as_they_are(label, written, capsys):
    print_predictions([{"text": "@home", "labels": [label], "scores": {"up": 0.5}}], as_csv=True)
    assert capsys.readouterr().out.splitlines()[1] == f"'@home,{written},0.5"


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
