import numpy as np
import pytest

import kerasbert as kb

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from beam_runs import TEXTS, check_rows, rows_of, run, write_data  # noqa: E402

from kerasbert.beam import ClassifierHandler, PredictFiles  # noqa: E402
from kerasbert.production.beam.predict_files import parquet_schema  # noqa: E402

pytestmark = pytest.mark.beam


@pytest.fixture
def data(tmp_path):
    return write_data(tmp_path)


def test_files_become_files(data, saved_classifier):
    handler = ClassifierHandler(saved_classifier("multiclass"))
    files = [data / "*.jsonl*", data / "b.csv"]
    run(PredictFiles(handler, files, data / "out", columns=["id"], num_shards=2))
    rows = rows_of(data / "out", "predictions")
    check_rows(rows, kb.load(saved_classifier("multiclass")))
    assert {row["text"]: row["columns"]["id"] for row in rows} == dict(zip(TEXTS, [7, "9", None, 4], strict=True))
    places = {(row["file"], row["row"]) for row in rows}
    assert (str(data / "a.jsonl"), 1) in places and (str(data / "c.jsonl.gz"), 3) in places
    dead = {(row["file"], row["row"]): row["reason"] for row in rows_of(data / "out", "dead_letters")}
    assert set(dead) == {(str(data / "a.jsonl"), 2), (str(data / "c.jsonl.gz"), 2)}
    assert "'text' is missing" in dead[str(data / "a.jsonl"), 2]
    assert len(list((data / "out").glob("predictions-*-of-00002.jsonl"))) == 2


def test_parquet_of_several_heads(data, saved_classifier):
    parquet = pytest.importorskip("pyarrow.parquet")
    handler = ClassifierHandler(saved_classifier("multitask"), top=2)
    run(PredictFiles(handler, data / "b.csv", data / "out", columns=["id"], output_format="parquet"))
    (file,) = (data / "out").glob("predictions-*.parquet")
    (row,) = parquet.read_table(file).to_pylist()
    assert row["text"] == "bad parcel!" and row["row"] == 2 and row["columns"] == [("id", "9")]
    classifier = kb.load(saved_classifier("multitask"))
    labels, shares = classifier.predict(["bad parcel!"]), classifier.predict_proba(["bad parcel!"])
    assert row["topic_labels"] == [labels["topic"][0]] and row["flags_labels"] == labels["flags"][0]
    np.testing.assert_allclose(row["topic_scores"][0][1], shares["topic"][0].max(), atol=1e-6)
    assert parquet_schema(handler.label_names).names[-1] == "model"


@pytest.mark.long
def test_workers_in_other_processes(data, saved_classifier):
    handler = ClassifierHandler(saved_classifier("multiclass"), num_threads=1)
    options = "--runner=FnApiRunner", "--direct_num_workers=2", "--direct_running_mode=multi_processing"
    run(PredictFiles(handler, [data / "*.jsonl*", data / "b.csv"], data / "out"), *options)
    check_rows(rows_of(data / "out", "predictions"), kb.load(saved_classifier("multiclass")))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"files": "none/*.csv"}, kb.DataError, "No file matches '.*none/.*.csv'"),
        ({"files": []}, kb.DataError, "`files` must name at least one data file; got none"),
        ({"text_column": "body"}, kb.DataError, "has no column 'body'; it has 'text', 'id'"),
        ({"columns": ["ids"]}, kb.DataError, "has no column 'ids'.*Did you mean 'id'"),
        ({"text_pair_column": "id"}, kb.ConfigError, "goes with a handler of text_pairs=True"),
        ({"output_format": "csv"}, kb.ConfigError, "`output_format` must be one of 'jsonl', 'parquet'; got 'csv'"),
        ({"num_shards": 0}, kb.ConfigError, "`num_shards` must be an integer >= 1; got 0"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_mistakes_are_told_where_the_pipeline_is_built(data, saved_classifier, options, error, message):
    arguments = {"files": data / "a.jsonl", "output": data / "out", **options}
    with pytest.raises(error, match=message):
        PredictFiles(ClassifierHandler(saved_classifier("multiclass")), **arguments)


def test_the_output_of_another_run_is_kept(data, saved_classifier):
    (data / "predictions-00000-of-00001.jsonl").write_text("old\n")
    with pytest.raises(kb.ArtifactError, match="must be a folder without predictions; .* Choose another name"):
        PredictFiles(ClassifierHandler(saved_classifier("multiclass")), data / "a.jsonl", data)
