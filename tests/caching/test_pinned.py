import keras
import numpy as np
import pytest

from kerasbert.caching.pinned import PinnedContents, hash_weights, pin

tf = pytest.importorskip("tensorflow")


@pytest.fixture
def weights():
    table = keras.layers.Embedding(50, 4)
    table.build()
    dense = keras.layers.Dense(3)
    dense.build((None, 4))
    counter = keras.Variable(3, dtype="int32", trainable=False)
    return [*table.weights, *dense.weights, counter]


def rows(variable):
    return tf.IndexedSlices(tf.ones((1, variable.shape[1])), tf.constant([7]))


@tf.function
def trained_step(variables, gradients):
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.assign_sub(gradient)


CHANGES = {
    "assign": lambda weights: weights[1].assign(weights[1].value + 0.0),
    "assign_add": lambda weights: weights[2].value.assign_add(np.ones(3, "float32")),
    "one row of a table": lambda weights: weights[0].value.scatter_sub(rows(weights[0])),
    "one number": lambda weights: weights[1].value[0, 0].assign(5.0),
    "a compiled step": lambda weights: trained_step([weights[2].value], [np.ones(3, "float32")]),
    "an optimiser": lambda weights: keras.optimizers.Adam().apply([tf.ones((4, 3))], [weights[1]]),
    "a counter": lambda weights: weights[3].assign(4),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_noticed(change, weights):
    pinned = pin(weights)
    assert pinned.unchanged(weights) and pinned.unchanged(weights)
    change(weights)
    assert not pinned.unchanged(weights)
    again = pin(weights)
    assert again.unchanged(weights) and not pinned.unchanged(weights)


def test_a_change_and_back_is_a_change(weights):
    pinned, before = pin(weights), weights[1].numpy()
    for _ in range(20):
        weights[1].assign(before + 1)
        weights[1].assign(before)
    assert not pinned.unchanged(weights)


def test_a_weight_that_is_exchanged_added_or_left_out(weights):
    pinned = pin(weights)
    other = keras.Variable(weights[2].numpy())
    assert not pinned.unchanged([*weights[:2], other, weights[3]])
    assert not pinned.unchanged(weights[:3]) and not pinned.unchanged([*weights, other])


def test_weights_are_held_without_reading_them(weights):
    assert not isinstance(pin(weights), PinnedContents) and pin(weights).notices_undone


def test_a_variable_of_a_strategy():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        variable = keras.Variable([1.0, 2.0])
    pinned = pin([variable])
    assert pinned.unchanged([variable])
    variable.assign([1.0, 3.0])
    assert not pinned.unchanged([variable])


def test_elsewhere_the_numbers_are_compared(weights, monkeypatch):
    monkeypatch.setattr("kerasbert.caching.pinned.keras.backend.backend", lambda: "torch")
    pinned = pin(weights)
    assert isinstance(pinned, PinnedContents) and not pinned.notices_undone and pinned.unchanged(weights)
    weights[2].assign([1.0, 2.0, 3.0])
    assert not pinned.unchanged(weights)


def test_the_hash_follows_numbers_types_and_shapes():
    arrays = [
        np.zeros(4, "float32"),
        np.zeros((2, 2), "float32"),
        np.zeros(4, "int32"),
        np.array([0, 0, 0, -0.0], "float32"),
    ]
    found = [hash_weights([keras.Variable(array, dtype=str(array.dtype))]) for array in arrays]
    assert len(set(found)) == 4
    assert hash_weights([keras.Variable(np.zeros(4), dtype="bfloat16")]) not in found
