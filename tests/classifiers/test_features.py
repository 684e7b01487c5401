import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.features import Features, resolve_layers

STATES = tuple(np.random.default_rng(seed).normal(size=(2, 3, 4)).astype("float32") for seed in range(2))
MASK = np.array([[1, 1, 0], [1, 1, 1]])
MEANS = [np.stack([states[0, :2].mean(0), states[1].mean(0)]) for states in STATES]
EXPECTED = {
    "concat": np.concatenate(MEANS, axis=1),
    "mean": np.mean(MEANS, axis=0),
    "max": np.max(MEANS, axis=0),
}


@pytest.mark.parametrize("combine", EXPECTED)
def test_pools_each_and_combines(combine):
    assert np.allclose(Features("mean", combine=combine)(STATES, MASK), EXPECTED[combine], atol=1e-6)


@pytest.mark.parametrize("combine", EXPECTED)
def test_one_state_is_passed_on(combine):
    assert np.allclose(Features("mean", combine=combine)(STATES[:1], MASK), MEANS[0], atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "expected"), [(None, (12,)), (-1, (12,)), (0, (0,)), ([-13, 12], (0, 12)), ((3, 1), (3, 1))], ids=repr
)
def test_indices_count_from_the_embeddings(layers, expected):
    assert resolve_layers(layers, 12) == expected


@pytest.mark.parametrize("layers", [[13], [-14], [], [1, 1], [12, -1]], ids=repr)
def test_layers_outside_name_the_valid_range(layers):
    with pytest.raises(ConfigError, match=r"`layers` must .*0 \(embeddings\) to 12 \(last block\), or -13 to -1"):
        resolve_layers(layers, 12)


@pytest.mark.parametrize("layers", ["all", True, 1.5, [1.0]], ids=repr)
def test_layers_of_another_type(layers):
    with pytest.raises(TypeError, match="`layers` must be an"):
        resolve_layers(layers, 12)


def test_config_round_trip():
    layer = Features("attention", combine="max", max_length=64, layer_indices=(1, 2))
    assert Features.from_config(layer.get_config()).get_config() == layer.get_config()
