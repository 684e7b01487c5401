import json

import keras
import numpy as np
import pytest
from keras import ops

import kerasbert as kb
from kerasbert import BertConfig, ConfigError
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.given_pooling import (
    UnknownClassError,
    as_pooling,
    describe_pooling,
    own_copy,
    pooling_from,
    pooling_name,
)
from kerasbert.classifiers.pooling import AttentionPooling, MeanPooling, MultiHeadAttentionPooling, Pooling
from kerasbert.saving.rebuild import rebuild, weights_by_path

STATES = np.random.default_rng(0).normal(size=(2, 4, 16)).astype("float32")
MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 1]], "int32")


@keras.saving.register_keras_serializable(package="tests")
class PositionMean(Pooling):
    """Later tokens count more: the weight of a token is its place, from 1, to a power."""

    torch_code = """
        places = torch.arange(1, hidden.shape[1] + 1) ** {power} * mask
        return (hidden * places[..., None]).sum(1) / places.sum(1, keepdim=True)
    """.replace("{power}", "1.0")

    def __init__(self, power=1.0, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def call(self, hidden_states, attention_mask):
        places = ops.cast(ops.arange(1, ops.shape(hidden_states)[1] + 1), hidden_states.dtype) ** self.power
        places = ops.expand_dims(places * ops.cast(attention_mask, hidden_states.dtype), -1)
        return ops.sum(hidden_states * places, axis=1) / ops.maximum(ops.sum(places, axis=1), 1.0)

    def get_config(self):
        return {**super().get_config(), "power": self.power}


@keras.saving.register_keras_serializable(package="tests")
class FirstAndGate(keras.layers.Layer):
    """No pooling of ours: [CLS] and a gated maximum side by side, twice as wide as the hidden states."""

    def build(self, hidden_states_shape, attention_mask_shape):
        self.gate = self.add_weight((hidden_states_shape[-1],), name="gate", initializer="random_normal")

    def call(self, hidden_states, attention_mask):
        largest = ops.max(hidden_states * ops.expand_dims(ops.cast(attention_mask, hidden_states.dtype), -1), axis=1)
        return ops.concatenate([hidden_states[:, 0], largest * self.gate], axis=-1)


class Unregistered(keras.layers.Layer):
    def call(self, hidden_states, attention_mask):
        return hidden_states[:, 0]


OWN = {"derived": lambda: PositionMean(2.0), "any layer": FirstAndGate}


def expected_position_mean(states, mask, power=2.0):
    places = (np.arange(1, states.shape[1] + 1) ** power * mask)[..., None]
    return (states * places).sum(1) / places.sum(1)


@pytest.fixture(params=OWN)
def own(request):
    return OWN[request.param]()


def model_of(pooling, config, **options):
    return kb.build_multiclass(3, encoder=config, pooling=pooling, **options)


def test_a_derived_pooling_equals_numpy(tiny_config, tiny_inputs):
    model = model_of(PositionMean(2.0), tiny_config)
    states = np.array(model.encoder(tiny_inputs).last_hidden_state)
    vectors = keras.Model(model.input, model.vectors)(tiny_inputs)
    assert np.allclose(vectors, expected_position_mean(states, tiny_inputs["attention_mask"]), atol=1e-5)


def test_any_layer_with_this_call_pools(tiny_config, tiny_inputs):
    model = model_of(FirstAndGate(), tiny_config)
    states, gate = np.array(model.encoder(tiny_inputs).last_hidden_state), np.array(model.features.pooling.layer.gate)
    expected = np.concatenate([states[:, 0], (states * tiny_inputs["attention_mask"][..., None]).max(1) * gate], -1)
    assert np.allclose(keras.Model(model.input, model.vectors)(tiny_inputs), expected, atol=1e-5)
    assert model.head.output_layer.kernel.shape == (32, 3)


LAYOUTS = {
    "concatenated": {"layers": (1, 2)},
    "combined first": {"layers": (1, 2), "combine": "weighted", "combine_before_pooling": True},
    "weighted": {"layers": (0, 2), "combine": "attention"},
}


@pytest.mark.parametrize("options", LAYOUTS.values(), ids=LAYOUTS)
def test_its_width_goes_through_every_combination(options, own, tiny_config, tiny_inputs):
    model = model_of(own, tiny_config, **options)
    assert model.vectors.shape[-1] == keras.Model(model.input, model.vectors)(tiny_inputs).shape[-1]


def test_each_layer_of_a_layerwise_model_has_one_of_its_own(own, tiny_config):
    model = kb.build_layerwise(kb.Multiclass(3), encoder=tiny_config, pooling=own)
    first, second = (model.get_layer(f"features_{layer}").pooling for layer in (1, 2))
    assert first is not second and pooling_name(first) == pooling_name(second) == type(own).__name__
    assert pooling_name(kb.truncate(model, 1).features.pooling) == type(own).__name__


def test_a_description_is_plain_and_makes_the_same_model(own, tiny_config, tiny_inputs):
    model = model_of(own, tiny_config, compile=False)
    again = rebuild(json.loads(json.dumps(architecture_of(model))))
    values = weights_by_path(model)
    for path, weight in weights_by_path(again).items():
        weight.assign(values[path])
    assert np.allclose(again(tiny_inputs), model(tiny_inputs), atol=1e-6)


def test_keras_saves_and_loads_it(own, tiny_config, tiny_inputs, tmp_path):
    model = model_of(own, tiny_config)
    model.save(tmp_path / "own.keras")
    again = keras.models.load_model(tmp_path / "own.keras")
    assert np.allclose(again(tiny_inputs), model(tiny_inputs), atol=1e-6)


@pytest.mark.parametrize("layer", [MeanPooling(), AttentionPooling(3), MultiHeadAttentionPooling(2)], ids=repr)
def test_description_makes_the_same_layer(layer):
    again = pooling_from(describe_pooling(layer))
    assert type(again) is type(layer) and {**again.get_config(), "name": 0} == {**layer.get_config(), "name": 0}


def test_descriptions_are_names_where_nothing_differs():
    assert (describe_pooling(AttentionPooling()), describe_pooling(AttentionPooling(3))) == (
        "attention",
        {"name": "attention", "units": 3},
    )


def test_a_layer_that_is_given_is_copied(own, tiny_config):
    trained = model_of(own, tiny_config).features.pooling
    trained.set_weights([value + 1 for value in trained.get_weights()])
    model = model_of(trained, tiny_config)
    assert model.features.pooling is not trained
    assert all(map(np.array_equal, model.features.pooling.get_weights(), trained.get_weights()))


def test_weights_of_another_width_are_refused(tiny_config):
    layer = AttentionPooling(4)
    layer(np.ones((1, 2, 8)), np.ones((1, 2)))
    with pytest.raises(ConfigError, match=r"those for this encoder, .*16, 4.*; got .*8, 4"):
        model_of(layer, tiny_config)


def test_a_named_layer_is_found_in_a_saved_model(tiny_config):
    # Whatever the caller calls it, its weights have one path.
    model = model_of(AttentionPooling(4, name="mine"), tiny_config)
    assert set(weights_by_path(rebuild(architecture_of(model)))) == set(weights_by_path(model))


def test_frozen_stays_frozen(tiny_config):
    layer = FirstAndGate()
    layer.trainable = False
    model = model_of(layer, tiny_config)
    assert not model.features.pooling.trainable_weights and model.features.pooling.weights


REFUSED = {
    "no layer": (3, TypeError, "`pooling` must be a name, a pooling layer, or a Keras layer with .*; got 3"),
    "name": ("means", ConfigError, "'means'. Did you mean 'mean'"),
    "other call": (keras.layers.Dense(3), ConfigError, r"`call\(hidden_states, attention_mask\)`; the call of Dense takes"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_pooling(value, error, message):
    with pytest.raises(error, match=message):
        kb.build_binary(pooling=value, encoder=BertConfig(num_hidden_layers=1))


def test_a_class_that_nothing_registered_is_not_described(tiny_config):
    model = model_of(Unregistered(), tiny_config)
    with pytest.raises(ConfigError, match="class Unregistered must be registered.*register_keras_serializable"):
        architecture_of(model)


def test_nothing_is_imported_for_a_description():
    with pytest.raises(UnknownClassError, match="'mine>Sum' of the module 'antigravity', .*Import the module"):
        pooling_from({"class": "mine>Sum", "module": "antigravity", "config": {}})


FORGED = {
    "another layer": ({"class": "kerasbert>ClassificationHead", "config": {}}, "the call of ClassificationHead takes"),
    "no layer": ({"class": "kerasbert>BinaryCrossentropy", "config": {}}, "must be of a class of layers"),
    "config": ({"class": "tests>PositionMean", "config": {"other": 1}}, "cannot be made again from its get_config"),
    "no config": ({"class": "tests>PositionMean"}, "must name a class and hold its config"),
}


@pytest.mark.parametrize(("description", "message"), FORGED.values(), ids=FORGED)
def test_forged_descriptions(description, message):
    with pytest.raises(ConfigError, match=message):
        pooling_from(description)


def test_a_config_without_the_arguments_is_refused_before_training():
    class Forgetful(PositionMean):
        def __init__(self, power, **kwargs):
            super().__init__(power, **kwargs)

        def get_config(self):
            return {"name": self.name}

    with pytest.raises(ConfigError, match="Forgetful cannot be made again from its get_config"):
        own_copy(Forgetful(2.0))


def test_a_config_that_is_no_plain_data():
    layer = PositionMean(np.float32(2.0))
    with pytest.raises(ConfigError, match="get_config of PositionMean must give plain data"):
        describe_pooling(layer)


def test_another_width_than_it_says():
    class Wide(Pooling):
        def call(self, hidden_states, attention_mask):
            return ops.concatenate([hidden_states[:, 0]] * 2, axis=-1)

    with pytest.raises(ConfigError, match=r"Wide gives \(2, 32\)"):
        kb.layers.Features(Wide())((STATES,), MASK)


def test_a_layer_that_pools_nothing(tiny_config):
    class Same(keras.layers.Layer):
        def call(self, hidden_states, attention_mask):
            return hidden_states

    with pytest.raises(ConfigError, match=r"`pooling` must give \(batch, width\); Same gives"):
        model_of(Same(), tiny_config)


def test_windows_are_read_by_three_poolings():
    with pytest.raises(ConfigError, match="`window_pooling` must be one of .*; got 'PositionMean'"):
        kb.build_binary(window_pooling=PositionMean(), encoder=BertConfig(num_hidden_layers=1))


def test_features_are_not_extracted_with_it(tiny_folder):
    with pytest.raises(
        ConfigError, match="`poolings` must be names, or trained layers of this package; got PositionMean"
    ):
        kb.extract_features(tiny_folder, ["good"], poolings=PositionMean())


def test_names_of_layers():
    assert (pooling_name(MeanPooling()), pooling_name(as_pooling(FirstAndGate()))) == ("mean", "FirstAndGate")
