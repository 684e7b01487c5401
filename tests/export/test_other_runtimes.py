"""An independent reader of SavedModels, OpenVINO's own, runs our models from token ids."""

import keras
import numpy as np
import pytest

from kerasbert import build_hierarchical, build_multiclass, build_multilabel
from kerasbert.encoders.families import ENCODERS

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed; pip install openvino")
SIZES = {"vocab_size": 23, "max_position_embeddings": 40, "num_hidden_layers": 2, "hidden_size": 8}
SIZES |= {"num_attention_heads": 2, "intermediate_size": 8}
TREE = {"x": ["x1", "x2"], "y": ["y1"]}
MODELS = {
    "mean": lambda encoder: build_multiclass(3, encoder=encoder, max_length=32),
    "attention over layers": lambda encoder: build_multilabel(
        4, encoder=encoder, layers=(0, 1, 2), combine="attention", pooling="multihead_attention", max_length=32
    ),
    "last token": lambda encoder: build_multiclass(3, encoder=encoder, pooling="last", max_length=32),
    "hierarchical": lambda encoder: build_hierarchical(TREE, encoder=encoder, pooling="max", max_length=32),
}


def tokens(batch, length):
    random = np.random.default_rng(0)
    ids, lengths = random.integers(5, 23, (batch, length)), random.integers(2, length + 1, (batch, 1))
    mask = (np.arange(length) < lengths).astype("int32")
    return {
        "input_ids": (ids * mask).astype("int32"),
        "attention_mask": mask,
        "token_type_ids": np.zeros_like(mask),
    }


def check(model, folder):
    for weight in model.weights:
        if "seed_generator" not in weight.path:
            weight.assign(weight + keras.random.normal(weight.shape) * 0.3)
    model.export(str(folder), format="tf_saved_model", verbose=False)
    # Else it computes in bfloat16 where the processor has it.
    precise = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(openvino.Core().read_model(str(folder)), "CPU", precise)
    for shape in ((1, 5), (4, 17)):
        inputs = tokens(*shape)
        expected = model(inputs, training=False)
        expected = expected if isinstance(expected, dict) else {"": expected}
        # A family without token types has no such input.
        wanted = {next(name for name in inputs if name in one.any_name): one for one in compiled.inputs}
        got = compiled({one: inputs[name] for name, one in wanted.items()})
        by_width = {values.shape: values for values in got.values()}
        for values in expected.values():
            values = keras.ops.convert_to_numpy(values)
            np.testing.assert_allclose(by_width[values.shape], values, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_openvino_gives_the_same(name, tmp_path):
    check(MODELS[name]({"model_type": "bert", **SIZES}), tmp_path / "model")


@pytest.mark.parametrize("family", [family for family in ENCODERS if family != "bert"])
def test_openvino_runs_every_family(family, tmp_path):
    own = {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 8} if family == "distilbert" else {}
    check(MODELS["mean"]({"model_type": family, **SIZES, **own}), tmp_path / "model")
