"""Rows of predictions, and the columns of a table of them."""

import io
import types

import numpy as np
import pytest

from kerasbert.production.prediction_rows import PredictionColumns, PredictionCsv, as_json, heads_of, rows_of
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.several import SeveralOutputs
from kerasbert.tasks.single import SingleOutput

SHARES = np.array([[0.2, 0.5, 0.3], [0.25, 0.25, 0.5]], np.float32)


def classifier_of(outputs):
    kinds = dict.fromkeys(outputs.tasks, "names")
    named = lambda probabilities, *given, **withheld: outputs.named(outputs.predict(probabilities), kinds)  # noqa: E731
    return types.SimpleNamespace(outputs=outputs, label_kinds=kinds, named=named)


def single():
    return classifier_of(SingleOutput(Multiclass(("a", "b", "c"))))


TOPS = {
    "all": (None, [{"a": 0.2, "b": 0.5, "c": 0.3}, {"a": 0.25, "b": 0.25, "c": 0.5}]),
    "two": (2, [{"b": 0.5, "c": 0.3}, {"c": 0.5, "a": 0.25}]),
    "more than there are": (9, [{"b": 0.5, "c": 0.3, "a": 0.2}, {"c": 0.5, "a": 0.25, "b": 0.25}]),
}


@pytest.mark.parametrize(("top", "expected"), TOPS.values(), ids=TOPS)
def test_the_highest_scores_come_first(top, expected):
    [name] = single().outputs.tasks
    rows = rows_of(single(), ["x", "y"], {name: SHARES}, top=top)
    assert [(row["text"], row["labels"]) for row in rows] == [("x", ["b"]), ("y", ["c"])]
    assert [list(row["scores"].items()) for row in rows] == [list(scores.items()) for scores in expected]


def test_without_scores():
    [name] = single().outputs.tasks
    assert rows_of(single(), ["x", "y"], {name: SHARES}, top=0)[0] == {"text": "x", "labels": ["b"]}


def test_scores_of_several_heads_are_by_head():
    outputs = SeveralOutputs({"topic": Multiclass(("a", "b", "c")), "flags": Multilabel(("x", "y"))})
    shares = {"topic": SHARES[:1], "flags": np.array([[0.1234567, 0.9]], np.float32)}
    [row] = rows_of(classifier_of(outputs), ["t"], shares, top=2)
    assert dict(heads_of(row)) == {
        "topic": {"labels": ["b"], "scores": {"b": 0.5, "c": 0.3}},
        "flags": {"labels": ["y"], "scores": {"y": 0.9, "x": 0.123457}},
    }


def test_rows_of_json_name_kept_columns_where_there_are_some():
    row = {"text": "é", "labels": ["a"], "scores": {"a": 0.5}}
    assert as_json({**row, "columns": {}}) == '{"text": "é", "labels": ["a"], "scores": {"a": 0.5}}'
    assert as_json({**row, "columns": {"id": 7}}).endswith('"columns": {"id": 7}}')
    assert as_json({**row, "columns": {"id": float("nan")}}).endswith('"columns": {"id": null}}')


def test_labels_that_are_withheld_are_none():
    classifier = single()
    [name] = classifier.outputs.tasks
    classifier.named = lambda probabilities, *given, **withheld: ["b", None]
    rows = rows_of(classifier, ["x", "y"], {name: SHARES}, top=1)
    assert [row["labels"] for row in rows] == [["b"], None]
    written = csv_of(PredictionColumns({"": ["a", "b", "c"]}, top=1), [{**row, "columns": {}} for row in rows])
    assert written[1:] == ["x,b,b,0.5", "y,,c,0.5"]


def csv_of(columns, rows):
    stream = io.StringIO()
    PredictionCsv(stream, columns).write(rows)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(("label", "written"), [("-1", "-1"), ("+2.5", "+2.5"), ("-1e3", "-1e3"), ("-x", "'-x")])
def test_labels_that_are_numbers_stay_as_they_are(label, written):
    rows = [{"text": "@home", "labels": [label], "scores": {"up": 0.5}, "columns": {}}]
    assert csv_of(PredictionColumns({"": ["up"]}), rows) == ["text,labels,up", f"'@home,{written},0.5"]


def test_predictions_of_several_heads_have_a_column_each():
    columns = PredictionColumns({"topic": ["a", "b"], "flags": ["x"]}, kept=["id", "topic"])
    heads = {"topic": {"labels": ["a"], "scores": {"a": 0.9, "b": 0.1}}, "flags": {"labels": [], "scores": {"x": 0.2}}}
    assert csv_of(columns, [{"text": "good", "heads": heads, "columns": {"id": 7, "topic": "b"}}]) == [
        "text,id,topic (file),topic,flags,topic: a,topic: b,flags: x",
        "good,7,b,a,,0.9,0.1,0.2",
    ]


def test_the_highest_scores_stand_beside_their_labels_and_the_text_may_be_left_out():
    columns = PredictionColumns({"": ["a", "b", "c"]}, kept=["id"], has_text=False, top=2)
    rows = [{"text": "good", "labels": ["a", "b"], "scores": {"a": 0.9, "b": 0.6}, "columns": {"id": 7}}]
    assert csv_of(columns, rows) == ["id,labels,label 1,score 1,label 2,score 2", "7,a|b,a,0.9,b,0.6"]
