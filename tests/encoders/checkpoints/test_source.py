import pytest

from kerasbert import CheckpointError
from kerasbert.encoders.checkpoints.source import MOST_TENSORS, clean_name, clean_names

NAMES = {
    "bert.encoder.layer.0.output.dense.weight": "encoder.layer.0.output.dense.weight",
    "encoder.layer.0.output.dense.weight": "encoder.layer.0.output.dense.weight",
    "module.bert.pooler.dense.bias": "pooler.dense.bias",
    "distilbert.embeddings.LayerNorm.weight": "embeddings.LayerNorm.weight",
    "roberta.embeddings.LayerNorm.gamma": "embeddings.LayerNorm.weight",
    "electra.embeddings.LayerNorm.beta": "embeddings.LayerNorm.bias",
    "classifier.weight": "classifier.weight",
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_clean_name(name, expected):
    assert clean_name(name) == expected


def test_two_names_of_one_tensor():
    with pytest.raises(CheckpointError, match="'file': two tensors are 'a.weight'; which of them is meant"):
        clean_names(["bert.a.gamma", "a.weight"], "'file'")


def test_too_many():
    with pytest.raises(CheckpointError, match="'file': at most 10000 tensors are read; it holds more"):
        clean_names([str(number) for number in range(MOST_TENSORS + 1)], "'file'")
