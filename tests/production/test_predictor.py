"""Any iterable of texts in, predictions in its order out."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

import kerasbert as kb
from kerasbert.production.prediction_rows import answered_rows


def test_texts_come_back_in_order_with_their_predictions(predictor, small_windows):
    texts = ["lost card please", "good", "", "where is my refund ?", "bad", "thanks", "late"]
    rows = list(predictor.stream(text for text in texts))
    labels, shares = predictor.trained.predict_with_proba(texts)
    assert [row["text"] for row in rows] == texts
    assert [row["labels"] for row in rows] == [[str(label)] for label in labels]
    np.testing.assert_allclose([list(row["scores"].values()) for row in rows], shares, atol=2e-6)


def test_an_endless_stream_is_read_as_it_is_asked_for(predictor, small_windows):
    taken = []
    endless = (taken.append(number) or f"good {number}" for number in itertools.count())
    rows = list(itertools.islice(predictor.stream(endless, top=1), 4))
    assert len(rows) == 4 and len(taken) == 6 and len(rows[0]["scores"]) == 1


def test_dicts_and_files_keep_columns(predictor, rows_file):
    rows = list(predictor.stream([{"text": "good", "id": 7}, {"text": "bad"}], keep=["id"]))
    assert [row["columns"]["id"] for row in rows] == [7, None]
    rows = list(predictor.stream(rows_file(4), keep=["id"]))
    assert [row["columns"]["id"] for row in rows] == [0, 1, 2, 3]
    assert len(list(predictor.stream([rows_file(2), rows_file(3, "more.jsonl")]))) == 5


BAD = {
    "none": (["good", None], "the given texts, row 2: 'text' is missing.*Pass rejected=, a function"),
    "number": (["good", 7], "row 2: 'text' must be a text; got 7"),
    "pair": ([("good", "bad")], "row 1: must be a text; got"),
    "kept of a text": (["good"], "row 1: must be a dict with the columns id; got 'good'"),
    "surrogate": (["\ud83d"], "row 1: 'text' holds half of a surrogate pair"),
}


@pytest.mark.parametrize(("texts", "message"), BAD.values(), ids=BAD)
def test_a_text_that_cannot_be_used_is_an_error_or_is_set_apart(texts, message, predictor):
    keep = ["id"] if "columns id" in message else []
    with pytest.raises(kb.DataError, match=message):
        list(predictor.stream(texts, keep=keep))
    rejected = []
    rows = list(predictor.stream(texts, keep=keep, rejected=rejected.append))
    assert len(rows) + len(rejected) == len(texts) and rejected[0]["row"] == len(texts)


REFUSED = {
    "one text": ("good", TypeError, "got one text 'good'"),
    "frame": (pd.DataFrame({"text": ["good"]}), TypeError, "must be one column of texts; got a frame"),
}


@pytest.mark.parametrize(("texts", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_column_of_texts(texts, kind, message, predictor):
    with pytest.raises(kind, match=message):
        predictor.stream(texts)
    with pytest.raises(kb.ConfigError, match="`top` must be an integer >= 0; got -1"):
        predictor.stream(["good"], top=-1)


def test_a_folder_or_a_classifier(saved_classifier, predictor, tmp_path):
    loaded = kb.load(saved_classifier("binary"))
    assert list(kb.Predictor(loaded).stream(["good"])) == list(predictor.stream(["good"]))
    with pytest.raises(kb.ArtifactError, match="is not a folder"):
        kb.Predictor(tmp_path / "none")
    with pytest.raises(TypeError, match="`classifier` must be a trained TextClassifier"):
        kb.Predictor(7)
    with pytest.raises(kb.NotFittedError, match="is not trained yet"):
        kb.Predictor(kb.TextClassifier())


@pytest.mark.parametrize("task", ["multilabel", "multitask", "hierarchical"])
def test_every_kind_of_heads_is_written_as_predict_writes_it(task, saved_classifier, rows_file, tmp_path, predictions):
    predictor = kb.Predictor(saved_classifier(task))
    predictor.score_files(rows_file(6), tmp_path / "out")
    expected = list(predictor.stream(["good card", "bad parcel", "thanks", "where is my refund ?", "late", "lost card please"]))  # fmt: skip
    assert predictions(tmp_path / "out") == json.loads(
        json.dumps([{name: value for name, value in row.items() if name != "columns"} for row in expected])
    )
    predictor.score_files(rows_file(6), tmp_path / "csv", format="csv", top=2)
    predictor.score_files(rows_file(6), tmp_path / "parquet", format="parquet", top=2)
    as_csv = pd.read_csv(tmp_path / "csv" / "predictions-00000.csv", keep_default_na=False)
    as_parquet = pd.read_parquet(tmp_path / "parquet" / "predictions-00000.parquet")
    assert list(as_csv.columns) == list(as_parquet.columns) and len(as_csv) == len(as_parquet) == 6
    scores = [name for name in as_csv.columns if "score" in name]
    np.testing.assert_allclose(as_csv[scores], as_parquet[scores])


@pytest.fixture(scope="module")
def doubting(saved_classifier):
    """A predictor of a classifier that rejects, abstains and gives sets."""
    classifier = kb.load(saved_classifier("multiclass"))
    texts = [f"{text} {number}" for number in range(30) for text in ("good card", "bad parcel", "thanks", "late")]
    labels = list(classifier.predict(texts))
    reference = [*texts, "x", "y", "z"], [*labels, "x", "y", "z"]
    classifier.fit_out_of_scope(*reference, validation=[f"{text} !" for text in texts], keep=0.8)
    classifier.fit_abstention(texts, labels, precision=0.9)
    classifier.fit_sets([f"{text} ?" for text in texts], labels)
    return kb.Predictor(classifier)


@pytest.mark.filterwarnings("ignore")
def test_labels_are_withheld_and_sets_written_as_predict_does(doubting, tmp_path, predictions):
    texts = ["good card 1", "[SEP] " * 9, "late 3"]
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts))
    asked = {"reject": True, "abstain": True, "coverage": 0.9}
    for name in ("jsonl", "csv", "parquet"):
        doubting.score_files(tmp_path / "texts.txt", tmp_path / name, format=name, **asked)
    expected = answered_rows(doubting.trained, texts, **asked)
    assert predictions(tmp_path / "jsonl") == expected
    assert expected[1]["labels"] is None and expected[0]["set"]
    as_csv = pd.read_csv(tmp_path / "csv" / "predictions-00000.csv", keep_default_na=False)
    as_parquet = pd.read_parquet(tmp_path / "parquet" / "predictions-00000.parquet")
    assert list(as_csv.columns) == list(as_parquet.columns) and as_csv["labels"][1] == ""
    assert as_parquet["labels"][1] is None
    assert list(as_parquet["out_of_scope_score"]) == [row["out_of_scope_score"] for row in expected]


UNFITTED = {
    "reject": ({"reject": True}, "`reject` must be False for this classifier"),
    "abstain": ({"abstain": True}, "`abstain` must be False for a classifier without a threshold"),
    "coverage": ({"coverage": 0.9}, "This classifier has no prediction sets yet"),
}


@pytest.mark.parametrize(("asked", "message"), UNFITTED.values(), ids=UNFITTED)
def test_what_was_not_fitted_is_refused_before_a_folder_is_made(asked, message, predictor, rows_file, tmp_path):
    with pytest.raises(kb.ConfigError, match=message):
        predictor.score_files(rows_file(3), tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()
