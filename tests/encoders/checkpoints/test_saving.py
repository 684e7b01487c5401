import json

import numpy as np
import pytest
from safetensors import safe_open

from kerasbert import ArtifactError, TFBertModel
from kerasbert._core.files import verify_manifest
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.source import load_encoder

from ..reference import inputs_for, largest_difference, torch_outputs, toy_config

CONFIGS = {
    "bert": {},
    "distilbert": {"model_type": "distilbert", "dim": 12, "n_heads": 3, "n_layers": 2, "hidden_dim": 29},
    "electra": {"model_type": "electra", "embedding_size": 5},
    "roberta": {"model_type": "roberta"},
}
CLASSES = {"bert": "BertModel", "distilbert": "DistilBertModel", "electra": "ElectraModel", "roberta": "RobertaModel"}


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def encoder(request):
    config = toy_config(initializer_range=0.25, **request.param)
    return ENCODERS[config.model_type](config)


def test_pytorch_transformers_loads_it(encoder, tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("torch")
    encoder.save_pretrained(tmp_path / "saved")
    model, report = transformers.AutoModel.from_pretrained(
        tmp_path / "saved", attn_implementation="eager", output_loading_info=True
    )
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert type(model).__name__ == CLASSES[encoder.model_type]
    inputs = inputs_for(encoder.config)
    theirs = torch_outputs(model.eval(), encoder.config, inputs).hidden_states
    assert largest_difference(theirs, encoder(inputs).hidden_states) < 1e-5


def test_round_trip(encoder, tmp_path):
    encoder.save_pretrained(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved")
    assert again.config == encoder.config
    assert [w.path.split("/", 1)[1] for w in again.weights] == [w.path.split("/", 1)[1] for w in encoder.weights]
    assert all(np.array_equal(a, b) for a, b in zip(again.weights, encoder.weights, strict=True))


def test_files(encoder, tmp_path):
    encoder.save_pretrained(tmp_path / "saved")
    verify_manifest(tmp_path / "saved")
    assert json.loads((tmp_path / "saved/config.json").read_text())["architectures"] == [CLASSES[encoder.model_type]]
    with safe_open(tmp_path / "saved/model.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt"}
        assert not [name for name in file.keys() if name.startswith(encoder.checkpoint_prefix)]  # noqa: SIM118


def test_half_precision_weights_are_saved_as_float32(tmp_path):
    TFBertModel(toy_config(), dtype="bfloat16").save_pretrained(tmp_path / "saved")
    with safe_open(tmp_path / "saved/model.safetensors", "numpy") as file:
        assert file.get_slice("pooler.dense.bias").get_dtype() == "F32"


def test_existing_folder_needs_overwrite(tmp_path, tiny_config):
    encoder = TFBertModel(tiny_config)
    encoder.save_pretrained(tmp_path / "saved")
    with pytest.raises(ArtifactError, match="already holds a saved encoder"):
        encoder.save_pretrained(tmp_path / "saved")
    encoder.save_pretrained(tmp_path / "saved", overwrite=True)


def test_failed_save_leaves_the_old_folder(tmp_path, tiny_config, monkeypatch):
    TFBertModel(tiny_config).save_pretrained(tmp_path / "saved")
    before = (tmp_path / "saved/model.safetensors").read_bytes()

    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.numpy.save_file", full_disk)
    with pytest.raises(ArtifactError, match="could not be written: No space left on device. Make room"):
        TFBertModel(tiny_config).save_pretrained(tmp_path / "saved", overwrite=True)
    assert (tmp_path / "saved/model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
