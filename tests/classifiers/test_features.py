import keras
import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.features import Features, resolve_layers
from kerasbert.classifiers.settings import COMBINATIONS

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


MASKED = [np.where(MASK[..., None], state, 0) for state in STATES]
COUNTS = MASK.sum(1, keepdims=True)
FIRST = {
    "concat": EXPECTED["concat"],
    "mean": EXPECTED["mean"],
    "max": np.max(MASKED, axis=0).sum(1) / COUNTS,
    "weighted": EXPECTED["mean"],
}


@pytest.mark.parametrize("combine", FIRST)
def test_combines_and_pools(combine):
    states = [np.where(MASK[..., None], state, 0).astype("float32") for state in STATES]
    assert np.allclose(
        Features("mean", combine=combine, combine_before_pooling=True)(states, MASK), FIRST[combine], atol=1e-6
    )


def test_the_two_orders_differ_where_a_maximum_is_taken():
    one, other = (
        Features("mean", combine="max", combine_before_pooling=first)(STATES, MASK) for first in (False, True)
    )
    assert not np.allclose(one, other, atol=1e-2)


@pytest.mark.parametrize("combine", ["weighted", "attention"])
def test_learned_mix_of_pooled_states(combine):
    features = Features("mean", combine=combine)
    features(STATES, MASK)
    features.combination.layer_bias.assign([50.0, -50.0])
    assert np.allclose(features(STATES, MASK), MEANS[0], atol=1e-5)


@pytest.mark.parametrize("combine", COMBINATIONS)
@pytest.mark.parametrize("pooling", ["mean", "cls", "last", "max", "attention", "multihead_attention"])
def test_combined_first_is_masked(combine, pooling):
    features = Features(pooling, combine=combine, combine_before_pooling=True)
    other = [np.where(MASK[..., None], state, 1e3).astype("float32") for state in STATES]
    features(STATES, MASK)
    assert np.allclose(features(STATES, MASK), features(other, MASK), atol=1e-5)


@pytest.mark.parametrize("combine_before_pooling", [False, True])
@pytest.mark.parametrize("combine", COMBINATIONS)
def test_symbolic_shape_is_the_eager_one(combine, combine_before_pooling):
    features = Features("multihead_attention", combine=combine, combine_before_pooling=combine_before_pooling)
    symbolic = features([keras.Input((None, 4)), keras.Input((None, 4))], keras.Input((None,)))
    assert symbolic.shape[1:] == features(STATES, MASK).shape[1:]


def test_combine_first_is_a_bool():
    with pytest.raises(TypeError, match="`combine_before_pooling` must be True or False; got 'yes'"):
        Features("mean", combine_before_pooling="yes")


@pytest.mark.parametrize("combine_before_pooling", [False, True])
@pytest.mark.parametrize("combine", COMBINATIONS)
def test_one_state_is_passed_on(combine, combine_before_pooling):
    states = (np.where(MASK[..., None], STATES[0], 0).astype("float32"),)
    features = Features("mean", combine=combine, combine_before_pooling=combine_before_pooling)
    assert np.allclose(features(states, MASK), MEANS[0], atol=1e-6)


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
    layer = Features("attention", combine="attention", combine_before_pooling=True, max_length=64, layer_indices=(1, 2))
    assert Features.from_config(layer.get_config()).get_config() == layer.get_config()
