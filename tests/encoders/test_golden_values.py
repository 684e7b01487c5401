"""PyTorch's numbers from a committed file, compared where PyTorch is not installed too."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from kerasbert.encoders.source import load_encoder

from .reference import largest_difference

GOLDEN = Path(__file__).parent / "golden"
FAMILIES = ("bert", "distilbert", "electra", "roberta")
SCRIPT = Path(__file__).parents[2] / "scripts" / "make_golden_values.py"


def checkpoint(family, folder):
    """The golden weights as a checkpoint folder, and all golden arrays."""
    file = GOLDEN / f"{family}.safetensors"
    arrays = load_file(file)
    with safe_open(file, "numpy") as opened:
        (folder / "config.json").write_text(opened.metadata()["config"])
    weights = {name.removeprefix("model."): value for name, value in arrays.items() if name.startswith("model.")}
    save_file(weights, folder / "model.safetensors")
    return arrays


@pytest.mark.parametrize("family", FAMILIES)
def test_golden_values(family, tmp_path):
    arrays = checkpoint(family, tmp_path)
    names = ("input_ids", "attention_mask", "token_type_ids")
    output = load_encoder(tmp_path)({name: arrays[name] for name in names if name in arrays}, output_attentions=True)
    hidden_states = [arrays[f"hidden_states.{index}"] for index in range(3)]
    assert largest_difference(hidden_states, output.hidden_states) < 1e-5
    assert largest_difference([arrays["attentions.0"], arrays["attentions.1"]], output.attentions) < 1e-5
    if "pooler_output" in arrays:
        assert largest_difference([arrays["pooler_output"]], [output.pooler_output]) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_golden_files_are_what_the_script_makes(family):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    spec = importlib.util.spec_from_file_location("make_golden_values", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    arrays, metadata = script.golden_values(family)
    committed = load_file(GOLDEN / f"{family}.safetensors")
    assert sorted(arrays) == sorted(committed)
    assert max(np.abs(arrays[name] - committed[name]).max() for name in arrays) < 1e-5
    with safe_open(GOLDEN / f"{family}.safetensors", "numpy") as opened:
        assert json.loads(opened.metadata()["config"]) == json.loads(metadata["config"])
