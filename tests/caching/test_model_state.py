import keras
import pytest

import kerasbert as kb
from kerasbert.caching.model_state import ModelState
from kerasbert.caching.pinned import hash_weights


@pytest.fixture
def dense():
    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    return layer


def state_of(layer, **facts):
    return ModelState(layer, lambda: layer.weights, facts)


def test_it_follows_the_weights(dense):
    state, before = state_of(dense), state_of(dense).digest
    assert not state.unchanged() and state.digest == before and state.unchanged()
    kept = dense.get_weights()
    dense.bias.assign([1.0, 2.0, 3.0])
    assert state.digest == before and not state.unchanged() and state.digest != before and state.unchanged()
    dense.set_weights(kept)
    assert not state.unchanged() and state.digest == before


def test_it_follows_facts_and_versions_and_no_names(dense, monkeypatch):
    other = keras.layers.Dense(3, name="other")
    other.build((None, 4))
    other.set_weights(dense.get_weights())
    assert state_of(other, a=1).digest == state_of(dense, a=1).digest != state_of(dense, a=2).digest
    before = state_of(dense).digest
    monkeypatch.setattr("kerasbert.caching.model_state.__version__", "other")
    assert state_of(dense).digest != before


def test_it_follows_precision_and_quantisation(dense):
    state = state_of(dense)
    before = state.digest
    dense.quantize("int8")
    assert not state.unchanged() and state.digest != before
    half = keras.layers.Dense(3, dtype="mixed_bfloat16")
    half.build((None, 4))
    half.set_weights([kernel for kernel in dense.get_weights()[:0]] or half.get_weights())
    whole = keras.layers.Dense(3)
    whole.build((None, 4))
    whole.set_weights(half.get_weights())
    assert state_of(half).digest != state_of(whole).digest


def test_weights_that_change_while_they_are_read_have_no_digest(dense, monkeypatch):
    def changing(weights):
        dense.bias.assign(dense.bias.value + 1)
        return hash_weights(weights)

    state = state_of(dense)
    monkeypatch.setattr("kerasbert.caching.model_state.hash_weights", changing)
    first = state.digest
    assert state.digest == first and not state.unchanged() and state.digest != first
    monkeypatch.undo()
    assert not state.unchanged() and state.digest == state_of(dense).digest and state.unchanged()


class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def test_it_follows_the_source_of_other_layers(dense, monkeypatch):
    before = state_of(Doubled()).digest
    assert state_of(Doubled()).digest == before
    monkeypatch.setattr("kerasbert.caching.model_state.inspect.getsource", lambda kind: "other")
    assert state_of(Doubled()).digest != before


def test_a_layer_whose_source_cannot_be_read_is_refused():
    kind = type("Typed", (keras.layers.Layer,), {"__module__": "nowhere"})
    with pytest.raises(
        kb.ConfigError, match="`cache` must be None for a model with a Typed, whose source cannot be read"
    ):
        state_of(kind())
