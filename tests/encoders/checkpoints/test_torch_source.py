import sys

import pytest

from kerasbert import CheckpointError, UnsafeArtifactError
from kerasbert.encoders.checkpoints.torch_source import TorchSource, open_torch_file

from .formats import malicious_pickle


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_names_are_cleaned_and_half_precision_widened(torch):
    state = {"bert.a.gamma": torch.tensor([0.5, 1.5], dtype=torch.bfloat16), "_metadata": {"version": 1}}
    source = TorchSource(state, "here")
    assert source.names() == ["a.weight"]
    assert (source.read("a.weight").dtype, source.read("a.weight").tolist()) == ("float32", [0.5, 1.5])


def test_shared_and_transposed_tensors_are_read(torch, tmp_path):
    words = torch.arange(6.0).reshape(2, 3)
    torch.save({"words": words, "decoder": words, "turned": words.T}, tmp_path / "x.bin")
    source = open_torch_file(tmp_path / "x.bin")
    assert source.read("decoder").tolist() == words.tolist()
    assert source.read("turned").tolist() == words.T.tolist()


def test_pickle_runs_nothing(torch, tmp_path):
    (tmp_path / "x.bin").write_bytes(malicious_pickle(tmp_path / "sentinel"))
    with pytest.raises(UnsafeArtifactError, match="x.bin' is cut or holds more than tensors; refused"):
        open_torch_file(tmp_path / "x.bin")
    assert not (tmp_path / "sentinel").exists()


def test_without_pytorch_the_conversion_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CheckpointError, match="only PyTorch may open: pip install .* writes model.safetensors"):
        open_torch_file(tmp_path / "x.bin")


@pytest.mark.parametrize("version", ["1.13.1", "2.6.0", "2.9.1+cu121", "2.5.0a0"])
def test_old_pytorch_is_refused(torch, tmp_path, monkeypatch, version):
    monkeypatch.setattr(torch, "__version__", version)
    with pytest.raises(
        CheckpointError, match=r"needs PyTorch >= 2.10 to be opened safely; got .* Update it, or convert"
    ):
        open_torch_file(tmp_path / "x.bin")
