"""The graph that engines run: fused normalisations, and weights of 8 bits."""

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.engines import graph as graph_module
from kerasbert.engines.graph import float32_graph, round_weights, write_graph
from kerasbert.export.onnx_runtime import open_session
from kerasbert.saving.folder import load_trained

for package in ("onnx", "onnxruntime", "tf2onnx"):
    pytest.importorskip(package)


@pytest.fixture(scope="module")
def counted():
    """How many normalisations were fused, by call."""
    counts = []
    fuse = graph_module.fuse_norms
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_module, "fuse_norms", lambda model: counts.append(fuse(model)))
        yield counts


@pytest.fixture(scope="module")
def trained(saved_classifier):
    return load_trained(saved_classifier("binary"))


@pytest.fixture(scope="module")
def graph(trained, counted):
    return float32_graph(trained)


def run(graph, folder, tokens):
    write_graph(graph, folder / "model.onnx", "openvino", "float32")
    session = open_session(folder / "model.onnx", 1)
    return session.run(None, {one.name: tokens[one.name].astype("int64") for one in session.get_inputs()})


def test_every_normalisation_is_one_operation(graph, counted, trained, tmp_path):
    blocks = trained.model.encoder.config.num_hidden_layers
    kinds = [node.op_type for node in graph.graph.node]
    assert counted == [2 * blocks + 1] == [kinds.count("LayerNormalization")]
    assert not {"GlobalAveragePool", "Reciprocal"} & set(kinds)
    tokens = trained.tokenizer(["good card", "bad"])
    probabilities, vectors = run(graph, tmp_path, tokens)
    np.testing.assert_allclose(probabilities, trained.predict_proba(["good card", "bad"]), atol=1e-5)
    np.testing.assert_allclose(vectors, trained.probabilities_and_vectors(["good card", "bad"])[1], atol=1e-4)


def test_rounded_weights_are_nearest_in_8_bits(graph, trained, tmp_path):
    from onnx import numpy_helper

    rounded = type(graph).FromString(graph.SerializeToString())
    round_weights(rounded)
    before = {one.name: numpy_helper.to_array(one) for one in graph.graph.initializer}
    after = {one.name: numpy_helper.to_array(one) for one in rounded.graph.initializer}
    names = [name.removesuffix("_int8") for name in after if name.endswith("_int8")]
    assert len(names) == sum(node.op_type == "DequantizeLinear" for node in rounded.graph.node) >= 9
    for name in names:
        scales = np.abs(before[name]).max(axis=0) / 127
        np.testing.assert_allclose(
            after[name + "_int8"] * after[name + "_scales"], before[name], atol=scales.max() * 0.51
        )
        assert name not in after
    tokens = trained.tokenizer(["good card", "bad"])
    for own, expected in zip(run(rounded, tmp_path, tokens), run(graph, tmp_path, tokens), strict=True):
        np.testing.assert_allclose(own, expected, atol=0.1)


def test_a_quantised_model_is_refused(tiny_config, tiny_folder):
    model = kb.build_binary(encoder=tiny_config, compile=False)
    model.quantize("int8")
    with pytest.raises(kb.ConfigError, match="is quantised"):
        float32_graph(kb.TrainedClassifier(model, kb.data.Tokenizer.from_folder(tiny_folder)))
