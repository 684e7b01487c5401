import keras
import numpy as np

from kerasbert.classifiers.declared import declared_only, give_values


def declared_dense():
    with declared_only() as variables:
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
    return layer, variables


def test_declared_variables_have_a_shape_and_take_no_memory():
    with declared_only() as variables:
        # 4 TB, if it were made.
        keras.layers.Dense(1_000_000).build((None, 1_000_000))
    assert [tuple(one.shape) for one in variables] == [(1_000_000, 1_000_000), (1_000_000,)]


def test_nobody_else_makes_them_later():
    declared_only_before = declared_dense()[1]
    with keras.StatelessScope():
        pass
    assert all(variable._value is None for variable in declared_only_before)


def test_they_take_the_values_that_are_given_and_their_own_else():
    layer, variables = declared_dense()
    kernel = np.arange(6, dtype="float32").reshape(3, 2)
    give_values(variables, {layer.kernel.path: kernel}.get)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer.kernel), kernel)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(np.ones((1, 3), "float32"))), [[6, 9]])
