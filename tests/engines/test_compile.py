"""A compiled classifier answers as Keras does, or says why it cannot."""

import dataclasses
import importlib.util
import json
import threading

import numpy as np
import pytest
from trained_classifiers import TEXTS, trained

import kerasbert as kb
from kerasbert.engines import compile as compile_module
from kerasbert.engines import runtimes
from kerasbert.engines.graph import float32_graph
from kerasbert.saving.folder import load_trained

for package in ("onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(package)
has_openvino = importlib.util.find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(not has_openvino, reason="OpenVINO is not installed; pip install openvino")
ENGINES = ["onnxruntime", pytest.param("openvino", marks=needs_openvino)]


@pytest.fixture(scope="module")
def keras_one(saved_classifier):
    """The binary classifier of `compiled_folder`, in Keras; nothing is to be changed in it."""
    return load_trained(saved_classifier("binary"))


@pytest.fixture(scope="module")
def graph(keras_one):
    """Its graph, converted once."""
    return float32_graph(keras_one)


@pytest.fixture
def quick(graph, monkeypatch):
    monkeypatch.setattr(compile_module, "float32_graph", lambda trained: graph)


def same(compiled, expected, atol=1e-5):
    got = compiled.probabilities(TEXTS)
    assert list(got) == list(expected)
    for head, values in expected.items():
        np.testing.assert_allclose(got[head], values, atol=atol)


@pytest.mark.parametrize("engine", ENGINES)
def test_answers_and_vectors_are_those_of_keras(engine, keras_one, quick):
    compiled = kb.engines.compile_for_inference(keras_one, engine, threads=1, texts=TEXTS)
    probabilities, vectors = keras_one.probabilities_and_vectors(TEXTS)
    same(compiled, probabilities)
    np.testing.assert_allclose(compiled.probabilities_and_vectors(TEXTS)[1], vectors, atol=1e-4)
    np.testing.assert_array_equal(compiled.predict(TEXTS), keras_one.predict(TEXTS))
    assert compiled.predict_proba([]).shape == (0, 2)
    report = compiled.engine.facts.report
    assert report["texts"] == len(TEXTS) and report["different_decisions"] == 0
    assert report["runtime"].startswith(engine) and report["largest_difference"] <= 1e-5
    assert kb.engines.compile_for_inference(compiled, None).engine is None and keras_one.engine is None


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["multilabel", "multitask", "hierarchical", "independent levels"])
def test_every_task(name, engine, tiny_folder):
    classifier = trained(name, tiny_folder, long_texts="head_tail")
    expected = classifier.trained_.probabilities(TEXTS)
    assert classifier.compile_for_inference(engine, threads=1) is classifier
    same(classifier.trained_, expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_may_ask_at_once(engine, keras_one, quick):
    compiled = kb.engines.compile_for_inference(keras_one, engine, threads=1)
    expected = keras_one.predict_proba(TEXTS)
    found = {}

    def ask(place):
        found[place] = [compiled.predict_proba([TEXTS[place]]) for _ in range(5)]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(TEXTS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place, answers in found.items():
        np.testing.assert_allclose(np.concatenate(answers), np.repeat(expected[[place]], 5, axis=0), atol=1e-5)
    assert len(found) == len(TEXTS)


@pytest.mark.parametrize("engine", ENGINES)
def test_8_bits_are_taken_where_labels_agree(engine, keras_one, quick):
    with pytest.raises(
        kb.ArtifactError, match=r"'int8' gives other labels to \d+ of 8 texts; .* must reach agreement=0.98"
    ):
        kb.engines.compile_for_inference(keras_one, engine, precision="int8", texts=TEXTS, threads=1)
    fastest = kb.engines.compile_for_inference(keras_one, engine, precision="fastest", texts=TEXTS, threads=1)
    assert fastest.engine.facts.precision == "float32" and list(fastest.engine.facts.report["measured"]) == ["float32"]


@pytest.mark.filterwarnings("ignore:.*is not faster in int8")
@pytest.mark.parametrize("engine", ENGINES)
def test_8_bits_are_close(engine, keras_one, quick):
    options = {"precision": "int8", "texts": TEXTS * 30, "agreement": 0.5, "threads": 1}
    compiled = kb.engines.compile_for_inference(keras_one, engine, **options)
    same(compiled, keras_one.probabilities(TEXTS), atol=0.1)
    report = compiled.engine.facts.report
    assert report["largest_difference"] > 0 and set(report["measured"]) == {"float32", "int8"}
    assert json.loads(json.dumps(report)) == report


def test_what_is_not_faster_is_told(keras_one, quick, monkeypatch):
    monkeypatch.setattr(compile_module.Compiler, "_measure", lambda self, engines: _measured(engines, [1.0, 2.0]))
    options = {"precision": "int8", "texts": TEXTS * 30, "agreement": 0.5}
    with pytest.warns(kb.KerasbertWarning, match="onnxruntime is not faster in int8 than in float32 on this machine"):
        kb.engines.compile_for_inference(keras_one, "onnxruntime", **options)


@pytest.mark.parametrize(("seconds", "chosen"), [([1.0, 2.0], "float32"), ([2.0, 1.0], "int8")])
def test_the_fastest_of_those_that_agree_is_taken(seconds, chosen, keras_one, quick, monkeypatch):
    monkeypatch.setattr(compile_module.Compiler, "_measure", lambda self, engines: _measured(engines, seconds))
    options = {"precision": "fastest", "texts": TEXTS * 30, "agreement": 0.5}
    compiled = kb.engines.compile_for_inference(keras_one, "onnxruntime", **options)
    assert compiled.engine.facts.precision == chosen


def _measured(engines, seconds):
    for one in engines:
        one.facts.report["measured"] = {}
    return seconds


def test_a_converted_model_that_differs_is_refused(keras_one, quick):
    other = dataclasses.replace(keras_one, thresholds={})
    bias = other.model.head.output_layer.bias
    before = bias.numpy()
    bias.assign(before + 1)  # The graph has the old one.
    try:
        with pytest.raises(kb.ArtifactError, match="The engine differs from the classifier: a probability by"):
            kb.engines.compile_for_inference(other, "onnxruntime")
    finally:
        bias.assign(before)


def test_a_change_in_place_is_noticed(tiny_config, tiny_folder, tmp_path):
    model = kb.build_multiclass(3, encoder=tiny_config, compile=False)
    keras_one = kb.TrainedClassifier(model, kb.data.Tokenizer.from_folder(tiny_folder, max_length=16))
    compiled = kb.engines.compile_for_inference(keras_one, "onnxruntime", threads=1)
    kernel = model.encoder.weights[-2]
    kernel.assign(kernel + 1)
    with pytest.raises(
        kb.ArtifactError, match="The weights of the classifier have changed since compile_for_inference"
    ):
        compiled.save(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()
    model.head.output_layer.bias.assign([0.0, 1.0, 2.0])
    with pytest.raises(kb.ConfigError, match="have changed since compile_for_inference.* call it again"):
        compiled.predict(TEXTS)
    other = kb.build_multiclass(3, encoder=tiny_config, compile=False)
    assert dataclasses.replace(compiled, model=other).engine is None
    model.quantize("int8")
    with pytest.raises(kb.ConfigError, match="is quantised"):
        kb.engines.compile_for_inference(keras_one, "onnxruntime")


def test_training_on_goes_back_to_keras(tiny_folder, keras_one, quick, monkeypatch):
    classifier = kb.TextClassifier.from_trained(keras_one)
    classifier.set_params(warm_start=True, epochs=1)
    classifier.trained_ = kb.engines.compile_for_inference(keras_one, "onnxruntime")
    from kerasbert.text_classifier import classifier as module

    monkeypatch.setattr(module, "run_fitting", lambda settings, fitting, run: fitting.untrained)
    assert classifier.fit(TEXTS, ["no", "yes"] * 4).trained_.engine is None


REFUSED = {
    "unknown engine": ("onnx", {}, "`engine` must be one of 'onnxruntime', 'openvino'; got 'onnx'"),
    "unknown precision": ("onnxruntime", {"precision": "fp16"}, "`precision` must be one of .* got 'fp16'"),
    "no texts": ("onnxruntime", {"precision": "int8"}, "`texts` must be real texts for precision='int8'"),
    "no texts for the fastest": (
        "onnxruntime",
        {"precision": "fastest"},
        "`texts` must be real texts for precision='fastest'",
    ),
    "no threads": ("onnxruntime", {"threads": 0}, "`threads` must be an integer >= 1; got 0"),
    "agreement": ("onnxruntime", {"agreement": 2}, "`agreement` must be .*; got 2"),
    "no bfloat16": (
        "onnxruntime",
        {"precision": "bfloat16", "texts": TEXTS},
        "must be one that onnxruntime has on this processor, 'float32', 'int8', or 'fastest'; got 'bfloat16'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_arguments(name, keras_one, quick):
    engine, options, message = REFUSED[name]
    with pytest.raises(kb.ConfigError, match=message):
        kb.engines.compile_for_inference(keras_one, engine, **options)


@needs_openvino
def test_a_processor_without_bfloat16(keras_one, quick, monkeypatch):
    import openvino

    monkeypatch.setattr(openvino.Core, "get_property", lambda self, *name: ["FP32", "INT8"])
    with pytest.raises(
        kb.ConfigError, match="openvino has on this processor, 'float32', 'int8', or 'fastest'; got 'bfl"
    ):
        kb.engines.compile_for_inference(keras_one, "openvino", precision="bfloat16", texts=TEXTS)


@pytest.mark.parametrize("missing", ["onnxruntime", "openvino", "tf2onnx"])
def test_what_is_not_installed(missing, keras_one, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    engine = "openvino" if missing == "openvino" else "onnxruntime"
    with pytest.raises(kb.ConfigError, match=rf"{missing}.*pip install 'kerasbert\[{engine}\]'"):
        kb.engines.compile_for_inference(keras_one, engine)


def test_windows_are_refused(tiny_config, tiny_folder):
    model = kb.build_binary(encoder=tiny_config, window_pooling="mean", max_length=8, compile=False)
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=kb.data.LongTexts("windows"))
    with pytest.raises(kb.ConfigError, match="`long_texts` must be 'truncate' or 'head_tail' for an engine"):
        kb.engines.compile_for_inference(kb.TrainedClassifier(model, tokenizer), "onnxruntime")


def test_a_part_that_cannot_be_converted(keras_one, monkeypatch):
    from kerasbert.engines import graph

    def fail(*arguments, **options):
        raise ValueError("Unsupported ops: Bessel")

    monkeypatch.setattr(graph, "to_onnx", fail)
    with pytest.raises(kb.ConfigError, match=r"cannot be converted to ONNX.*\(ValueError: 'Unsupported ops: Bessel'\)"):
        kb.engines.compile_for_inference(keras_one, "onnxruntime")


def test_an_untrained_classifier_is_refused():
    with pytest.raises(kb.NotFittedError, match="is not trained yet"):
        kb.TextClassifier().compile_for_inference("onnxruntime")


def test_every_engine_has_float32():
    for name, runtime in runtimes.RUNTIMES.items():
        if importlib.util.find_spec(name):
            assert runtime.precisions()[0] == "float32"
