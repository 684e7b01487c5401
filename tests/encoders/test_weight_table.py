import numpy as np
import pytest

from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.weight_table import Weight, weight_table

from .reference import torch_model, toy_config

CONFIGS = {
    "bert": {},
    "distilbert": {"model_type": "distilbert", "dim": 12, "n_heads": 3, "n_layers": 2, "hidden_dim": 29},
    "electra": {"model_type": "electra", "embedding_size": 5},
    "electra, not projected": {"model_type": "electra", "embedding_size": 12},
    "roberta": {"model_type": "roberta"},
}


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def config(request):
    return toy_config(**request.param)


def test_every_variable_has_one_row(config):
    encoder = ENCODERS[config.model_type](config)
    paths = [weight.path for weight in weight_table(config, encoder.pooler is not None)]
    kept = [w.path.removeprefix(f"{encoder.name}/") for w in encoder.weights if "seed_generator" not in w.path]
    assert sorted(paths) == sorted(kept)


def test_names_and_shapes_are_those_of_pytorch(config):
    table = weight_table(config, pooler=config.model_type in ("bert", "roberta"))
    theirs = {name: tuple(value.shape) for name, value in torch_model(config).named_parameters()}
    assert {name: weight.shape for weight in table for name in weight.names} == theirs


def test_split_undoes_join():
    weight = Weight("kernel", ("query", "key", "value"), (4, 3), transposed=True)
    tensors = [np.random.default_rng(seed).normal(size=(4, 3)) for seed in range(3)]
    joined = weight.join(tensors)
    assert joined.shape == (3, 12)
    assert np.array_equal(joined[:, 4:8], tensors[1].T)
    for name, tensor in zip(weight.names, tensors, strict=True):
        assert np.array_equal(weight.split(joined)[name], tensor)
