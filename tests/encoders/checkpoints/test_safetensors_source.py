import random

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from kerasbert import CheckpointError
from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource

VALUES = np.array([[0.1, -2.5, 3e-3], [1e4, 0.0, 7.0]])


def test_reads_what_the_library_writes(tmp_path):
    tensors = {"bert.a": VALUES.astype("float32"), "b": np.zeros((0, 3), "float32"), "c": np.array(2, "float32")}
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    source = SafetensorsSource(tmp_path / "x.safetensors")
    assert {name: source.shape(name) for name in source.names()} == {"a": (2, 3), "b": (0, 3), "c": ()}
    assert np.array_equal(source.read("a"), tensors["bert.a"]) and source.read("c") == 2
    assert SafetensorsSource(tmp_path / "x.safetensors", strip_prefix=False).shape("bert.a") == (2, 3)


@pytest.mark.parametrize("dtype", ["float16", "float64", ml_dtypes.bfloat16], ids=["F16", "F64", "BF16"])
def test_other_floats_become_float32(tmp_path, dtype):
    stored = VALUES.astype(dtype)
    save_file({"a": stored}, tmp_path / "x.safetensors")
    found = SafetensorsSource(tmp_path / "x.safetensors").read("a")
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, stored.astype("float32"))


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool"])
def test_integers_are_listed_and_refused_when_read(tmp_path, dtype):
    save_file({"position_ids": np.ones(3, dtype)}, tmp_path / "x.safetensors")
    source = SafetensorsSource(tmp_path / "x.safetensors")
    assert source.shape("position_ids") == (3,)
    with pytest.raises(CheckpointError, match="position_ids must be of a type among BF16, F16, F32, F64; got"):
        source.read("position_ids")


@pytest.mark.parametrize("length", range(100, 400, 8))
def test_header_that_starts_as_a_pickle_does(tmp_path, length):
    # The length's lowest byte is 0x80 at 128 and 384, as is a pickle's first.
    save_file({"a": np.ones(2, "float32")}, tmp_path / "x.safetensors", metadata={"pad": "p" * length})
    assert SafetensorsSource(tmp_path / "x.safetensors").read("a").tolist() == [1, 1]


def test_flipped_bits_give_our_error_or_none(tmp_path):
    file = tmp_path / "x.safetensors"
    save_file({"bert.a": VALUES.astype("float32"), "b": np.ones(4, "float16")}, file, metadata={"format": "pt"})
    good, draw = file.read_bytes(), random.Random(0)
    for _ in range(600):
        position = draw.randrange(len(good))
        file.write_bytes(good[:position] + bytes([good[position] ^ 1 << draw.randrange(8)]) + good[position + 1 :])
        try:
            source = SafetensorsSource(file)
            assert all(source.read(name).shape == source.shape(name) for name in source.names())
        except CheckpointError:
            pass


def test_file_cut_after_it_was_opened(tmp_path):
    file = tmp_path / "x.safetensors"
    save_file({"a": VALUES}, file)
    source = SafetensorsSource(file)
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(CheckpointError, match="file not fully covered.*; copy it again"):
        source.read("a")
