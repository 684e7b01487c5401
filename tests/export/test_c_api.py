"""The exported model through TensorFlow's C API, the way programs in C++, Go, Java or Rust run it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from kerasbert import TextClassifier

LIBRARY = Path(tf.__file__).parent / "libtensorflow_cc.so.2"
CLIENT = Path(__file__).parent / "c_api_client.py"
TEXTS = ["good card", "bad parcel!", "", "Ünïcödé 我 👍 \x00 é", "good " * 60]
pytestmark = pytest.mark.skipif(not LIBRARY.is_file(), reason="this TensorFlow has no libtensorflow_cc.so.2")


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def exported(request, tiny_folder, tmp_path_factory):
    classifier = TextClassifier("multilabel", encoder=str(tiny_folder), max_length=32, epochs=1, verbose=False)
    classifier.fit(TEXTS * 4, [["a"], ["b"], [], ["a", "b"], ["c"]] * 4)
    folder = tmp_path_factory.mktemp("served") / "model"
    return request.param, classifier, classifier.export_saved_model(folder, dtype=request.param, warmup=False).path


def signature_of(folder, name):
    meta = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes()).meta_graphs[0]
    return meta.signature_def[name]


def run(folder, texts, signature="serving_default"):
    found = signature_of(folder, signature)
    outputs = {name: info.name for name, info in found.outputs.items()}
    arguments = [LIBRARY, folder, found.inputs["text"].name, json.dumps(outputs), json.dumps(texts)]
    return subprocess.run([sys.executable, str(CLIENT), *map(str, arguments)], capture_output=True, text=True)


def test_the_answers_are_the_classifiers(exported):
    precision, classifier, folder = exported
    done = run(folder, TEXTS)
    assert done.returncode == 0, done.stderr[-2000:]
    got = {name: np.array(values).reshape(shape) for name, (shape, values) in json.loads(done.stdout).items()}
    tolerance = 1e-5 if precision == "float32" else 0.05
    np.testing.assert_allclose(got["probabilities"], classifier.predict_proba(TEXTS), atol=tolerance)
    if precision == "float32":
        named = [set(row[:count]) for row, count in zip(got["labels"], got["count"], strict=True)]
        assert named == [set(labels) for labels in classifier.predict(TEXTS)]


def test_tokens_and_an_empty_batch(exported):
    _, classifier, folder = exported
    shape, ids = json.loads(run(folder, TEXTS, "tokens").stdout)["input_ids"]
    assert np.array(ids).reshape(shape).tolist() == classifier.tokenizer_(TEXTS)["input_ids"].tolist()
    shape, values = json.loads(run(folder, []).stdout)["probabilities"]
    assert shape == [0, 3] and values == []
