import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from trained_classifiers import TEXTS

from kerasbert import ArtifactError, ConfigError, cli, load
from kerasbert.export import comparison
from kerasbert.export.artefacts import open_artefact
from kerasbert.export.canonical_graph import make_canonical
from kerasbert.export.saved_model import export_saved_model


@pytest.fixture(scope="module")
def served(saved_classifier, tmp_path_factory):
    """The folder of a saved classifier, and two version folders of it; nothing is to be changed in them."""
    folder = tmp_path_factory.mktemp("served")
    saved = saved_classifier("multitask")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "TIMED_CALLS", 3)
        patch.setenv("SOURCE_DATE_EPOCH", "0")
        paths = [export_saved_model(load(saved), folder / "model", texts=TEXTS).path for _ in range(2)]
    return saved, *paths


def test_a_saved_model_answers_as_the_classifier_does(served):
    saved, path, _ = served
    classifier, artefact = load(saved), open_artefact(path)
    expected, got = classifier.predict_proba(TEXTS), artefact.predict_proba(TEXTS)
    for head, values in expected.items():
        np.testing.assert_allclose(got[head], values, atol=1e-5)
    assert str(artefact.predict(TEXTS)) == str(classifier.predict(TEXTS))
    assert artefact.probabilities([])["topic"].shape == (0, 3)


def test_an_export_is_scored_as_its_classifier(served):
    saved, path, _ = served
    labels = {"topic": ["x"] * 8, "flags": [["a"]] * 8, "spam": ["no", "yes"] * 4}
    assert open_artefact(path).evaluate(TEXTS, labels) == load(saved).evaluate(TEXTS, labels)


def test_the_command_evaluates_an_export(saved_classifier, tmp_path, capsys):
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, "xyzyxzyx", strict=True) if text]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    saved, data = saved_classifier("multiclass"), str(tmp_path / "data.jsonl")
    path = load(saved).export_onnx(tmp_path / "onnx").path
    assert cli.main(["evaluate", str(saved), data, "--format", "json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    assert cli.main(["evaluate", str(path / "onnx" / "model.onnx"), data, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == expected["accuracy"]
    assert cli.main(["inspect", str(path / "onnx" / "model.onnx")]) == 0
    told = capsys.readouterr().out
    assert "onnx of a multiclass classifier" in told and "multiclass,3labels" in "".join(told.split())
    assert cli.main(["evaluate", str(path), data, "--report", str(tmp_path / "page")]) == 2
    assert "--report goes with a saved classifier" in capsys.readouterr().err


def test_equal_classifiers_give_equal_bytes(served):
    _, first, second = served
    names = [file.relative_to(first) for file in first.rglob("*") if file.is_file()]
    assert [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()] == []
    report = json.loads((first / "assets.extra" / "kerasbert.json").read_text(encoding="utf-8"))["report"]
    assert len(names) == 9 and "largest_difference" in report and "latency_p50_ms" not in report


@pytest.mark.slow
def test_another_process_gives_the_same_bytes(served, tmp_path):
    saved, first, _ = served
    code = "import sys, kerasbert; kerasbert.load(sys.argv[1]).export_saved_model(sys.argv[2], warmup=False)"
    command = [sys.executable, "-c", code, str(saved), str(tmp_path / "model")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    for name in ("saved_model.pb", "fingerprint.pb", "variables/variables.index"):
        assert (tmp_path / "model" / "1" / name).read_bytes() == (first / name).read_bytes()


def test_canonical_names_are_those_of_no_process(served):
    from tensorflow.core.protobuf import saved_model_pb2

    content = (served[1] / "saved_model.pb").read_bytes()
    saved = saved_model_pb2.SavedModel.FromString(content)
    make_canonical(saved)
    assert saved.SerializeToString(deterministic=True) == content
    names = [one.signature.name for one in saved.meta_graphs[0].graph_def.library.function]
    numbers = [int(found[1]) for name in names if (found := re.search(r"_(\d+)$", name))]
    assert names == sorted(names) and max(numbers) < 500


def test_the_fingerprint_is_that_of_the_written_model(served):
    import tensorflow as tf

    loaded = tf.saved_model.experimental.read_fingerprint(str(served[1]))
    other = tf.saved_model.experimental.read_fingerprint(str(served[2]))
    assert loaded == other and loaded.saved_model_checksum == other.saved_model_checksum


def test_what_is_no_export_is_refused(served, tmp_path):
    with pytest.raises(ArtifactError, match="is no export that describes itself"):
        open_artefact(served[0])
    shutil.copytree(served[1], tmp_path / "changed")
    (tmp_path / "changed" / "fingerprint.pb").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"was changed or cut: 'fingerprint.pb'"):
        open_artefact(tmp_path / "changed")


def test_pairs_are_refused(served):
    with pytest.raises(ConfigError, match="`text_pairs` must be None for an export"):
        open_artefact(served[1]).probabilities(["a"], ["b"])
