"""The engine of a saved classifier: loaded beside its model, or alone."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from trained_classifiers import TEXTS

import kerasbert as kb
from kerasbert._core.manifest import write_manifest
from kerasbert._core.names import MANIFEST_FILE
from kerasbert.engines.engine_file import FACTS_FILE, MODEL_FILE
from kerasbert.engines.saved import open_with_engine

pytest.importorskip("onnxruntime")


@pytest.fixture
def folder(compiled_folder, tmp_path):
    """A copy, to be changed."""
    shutil.copytree(compiled_folder("binary"), tmp_path / "model")
    return tmp_path / "model"


def with_facts(folder, **changes):
    facts = json.loads((folder / FACTS_FILE).read_text())
    (folder / FACTS_FILE).write_text(json.dumps(facts | changes))
    (folder / MANIFEST_FILE).unlink()
    write_manifest(folder, "classifier")


@pytest.mark.parametrize(
    "task",
    ["binary", pytest.param("multitask", marks=pytest.mark.long), pytest.param("hierarchical", marks=pytest.mark.long)],
)
def test_alone_it_gives_what_the_classifier_gives(task, compiled_folder):
    alone, expected = open_with_engine(compiled_folder(task), "onnxruntime", threads=1), kb.load(compiled_folder(task))
    by_head = expected.predict_proba(TEXTS)
    for own, values in zip(heads(alone.predict_proba(TEXTS)), heads(by_head), strict=True):
        np.testing.assert_allclose(own, values, atol=1e-5)
    for own, values in zip(heads(alone.predict(TEXTS)), heads(expected.predict(TEXTS)), strict=True):
        assert list(map(str, own)) == list(map(str, values))
    for own, values in zip(heads(alone.classes), heads(expected.classes_), strict=True):
        assert list(own) == list(values)
    assert all(len(own) == 0 for own in heads(alone.predict_proba([])))


def test_out_of_scope_scores_are_refused(compiled_folder):
    alone = open_with_engine(compiled_folder("binary"), "onnxruntime", threads=1)
    with pytest.raises(kb.ConfigError, match="`reject` must be False for an export in this format and for an engine"):
        alone.predict(TEXTS, reject=True)
    with pytest.raises(kb.ConfigError, match="has no prediction sets yet"):
        alone.predict_set(TEXTS)


def test_what_was_fitted_goes_with_the_engine(compiled_folder, tmp_path):
    classifier = kb.load(compiled_folder("binary"), engine="onnxruntime", threads=1)
    texts = [f"good {word} card" for word in ("late", "lost", "bad", "my", "is", "thanks") for _ in range(20)]
    labels = ["no", "yes"] * 60
    classifier.trained_ = classifier.trained_.with_sets(texts, labels)
    classifier.save(tmp_path / "sets")
    alone = open_with_engine(tmp_path / "sets", "onnxruntime", threads=1)
    assert alone.predict_set(texts, coverage=0.9) == classifier.predict_set(texts, coverage=0.9)


def heads(value):
    return list(value.values()) if isinstance(value, dict) else [value]


def test_beside_the_model(folder, tmp_path):
    classifier = kb.load(folder, engine="onnxruntime", threads=1)
    assert classifier.trained_.engine.threads == 1 and kb.load(folder).trained_.engine is None
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), kb.load(folder).predict_proba(TEXTS), atol=1e-5)
    classifier.save(tmp_path / "again")
    assert (tmp_path / "again" / MODEL_FILE).read_bytes() == (folder / MODEL_FILE).read_bytes()
    (folder / MODEL_FILE).write_bytes(b"other")
    with pytest.raises(kb.ArtifactError, match="engine's file .* was changed or removed; compile the classifier again"):
        classifier.save(tmp_path / "third")


@pytest.mark.parametrize("name", [MODEL_FILE, FACTS_FILE, "classifier.json"])
@pytest.mark.parametrize(
    "open_it", [open_with_engine, lambda folder, engine: kb.load(folder, engine=engine)], ids=["alone", "beside"]
)
def test_a_changed_file_is_refused(open_it, name, folder):
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(kb.ArtifactError, match=f"was changed or cut: '{name}' differs from its manifest"):
        open_it(folder, "onnxruntime")


MALFORMED = {
    "another version": ({"format_version": 2}, "has format_version 2, and this kerasbert reads 1; compile it again"),
    "another engine": (
        {"engine": "tensorrt"},
        r"must have `engine`, one of \['onnxruntime', 'openvino'\]; got 'tensorrt'",
    ),
    "another precision": ({"precision": "int4"}, "must have `precision`, one of .*; got 'int4'"),
    "no precision": ({"precision": 3}, "precision"),
    "one of OpenVINO": ({"engine": "openvino"}, "holds an engine for 'openvino'; got engine='onnxruntime'"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_facts(name, folder):
    changes, message = MALFORMED[name]
    with_facts(folder, **changes)
    with pytest.raises(kb.ArtifactError, match=message):
        open_with_engine(folder, "onnxruntime")


def test_a_precision_that_this_processor_lacks(folder):
    with_facts(folder, precision="bfloat16")
    with pytest.raises(kb.ConfigError, match="must be one that onnxruntime has on this processor, 'float32', 'int8'"):
        open_with_engine(folder, "onnxruntime")


def test_an_engine_of_other_weights(folder):
    with_facts(folder, weights="0" * 64)
    with pytest.raises(kb.ArtifactError, match="holds an engine of other weights than its own; compile it again"):
        kb.load(folder, engine="onnxruntime")


def test_bad_arguments(saved_classifier, folder, tmp_path):
    with pytest.raises(kb.ConfigError, match="`engine` must be one of 'onnxruntime', 'openvino'; got 'onnx'"):
        open_with_engine(folder, "onnx")
    with pytest.raises(kb.ConfigError, match="`threads` must be an integer >= 1; got 0"):
        kb.load(folder, engine="onnxruntime", threads=0)
    with pytest.raises(kb.ConfigError, match="`threads` must be None without `engine`; got 2"):
        kb.load(folder, threads=2)
    with pytest.raises(kb.ArtifactError, match="holds no engine; make one with `kerasbert compile"):
        kb.load(saved_classifier("binary"), engine="onnxruntime")
    with pytest.raises(kb.ArtifactError, match="is not a folder"):
        open_with_engine(tmp_path / "none", "onnxruntime")


def test_a_folder_of_transformers_has_none(tiny_folder):
    with pytest.raises(kb.ConfigError, match="`engine` must be None for a folder of transformers"):
        kb.load(tiny_folder, engine="onnxruntime")


ALONE = """
import sys
import kerasbert_command
from kerasbert.cli import main

code = main(sys.argv[1:])
print(code, [name for name in ("tensorflow", "keras", "sklearn", "onnx", "torch") if name in sys.modules])
"""


@pytest.mark.long
def test_the_command_loads_neither_tensorflow_nor_keras(compiled_folder):
    arguments = ["predict", "--engine", "onnxruntime", "--format", "csv", str(compiled_folder("binary")), "good card"]
    done = subprocess.run([sys.executable, "-c", ALONE, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "0 []" and "good card" in done.stdout
