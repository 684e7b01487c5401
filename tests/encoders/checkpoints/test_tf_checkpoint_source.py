import random

import numpy as np
import pytest

from kerasbert import CheckpointError
from kerasbert.encoders.checkpoints.tf_checkpoint_source import TFCheckpointSource

from ..reference import random_tensors, toy_config
from .formats import original

TENSORS = random_tensors(toy_config(num_hidden_layers=1))


@pytest.fixture
def prefix(tmp_path):
    original(TENSORS, tmp_path)
    return tmp_path / "bert_model.ckpt"


def test_kernels_are_turned_and_the_optimiser_left_out(prefix):
    source = TFCheckpointSource(prefix)
    assert sorted(source.names()) == sorted([*TENSORS, "cls.predictions.output_bias"])
    for name, value in TENSORS.items():
        assert source.shape(name) == value.shape and np.array_equal(source.read(name), value)


def test_flipped_bits_give_our_error_or_none(prefix):
    index, draw = prefix.with_suffix(".ckpt.index"), random.Random(0)
    good = index.read_bytes()
    for _ in range(150):
        position = draw.randrange(len(good))
        index.write_bytes(good[:position] + bytes([good[position] ^ 1 << draw.randrange(8)]) + good[position + 1 :])
        try:
            source = TFCheckpointSource(prefix)
            assert all(source.read(name).shape == source.shape(name) for name in source.names())
        except CheckpointError:
            pass


def test_no_such_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="nothing.ckpt' is not a readable checkpoint"):
        TFCheckpointSource(tmp_path / "nothing.ckpt")
