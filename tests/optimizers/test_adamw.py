import keras
import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.optimizers import AdamW

tf = pytest.importorskip("tensorflow")


def reference(weight, gradients, *, rate, decay, clip=None):
    """Loshchilov and Hutter's algorithm 2 in NumPy, float64."""
    weight, first, second = weight.astype("float64"), 0.0, 0.0
    for step, gradient in enumerate(gradients, start=1):
        if clip:
            gradient = gradient * min(1.0, clip / np.linalg.norm(gradient))
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        change = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-12)
        weight = weight - rate * decay * weight - rate * change
    return weight


def run(optimizer, gradients, path="kernel"):
    variable = keras.Variable(np.linspace(1, 2, 6).reshape(3, 2).astype("float32"), name=path)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return variable.numpy()


GRADIENTS = np.random.default_rng(0).normal(size=(20, 3, 2))
START = np.linspace(1, 2, 6).reshape(3, 2)


@pytest.mark.parametrize("clip", [None, 0.5], ids=["unclipped", "clipped"])
def test_equals_the_published_algorithm(clip):
    ours = run(AdamW(0.01, 0.1, global_clipnorm=clip, epsilon=1e-12), [tf.constant(g, "float32") for g in GRADIENTS])
    assert np.allclose(ours, reference(START, GRADIENTS, rate=0.01, decay=0.1, clip=clip), atol=1e-5)


def test_biases_are_not_decayed():
    ours = run(
        AdamW(0.01, 0.1, global_clipnorm=None, epsilon=1e-12), [tf.constant(g, "float32") for g in GRADIENTS], "bias"
    )
    assert np.allclose(ours, reference(START, GRADIENTS, rate=0.01, decay=0.0), atol=1e-5)


def test_rate_factor_of_the_first_matching_pattern():
    optimizer = AdamW(0.01, 0.1, rate_factors={"ker": 0.5, "": 9.0}, global_clipnorm=None, epsilon=1e-12)
    ours = run(optimizer, [tf.constant(g, "float32") for g in GRADIENTS])
    assert np.allclose(ours, reference(START, GRADIENTS, rate=0.005, decay=0.1), atol=1e-5)


def slices(rows, indices):
    return tf.IndexedSlices(tf.constant(rows, "float32"), tf.constant(indices), tf.constant([3, 2]))


def test_rows_that_are_always_there_move_as_dense_ones():
    sparse = [slices(gradient, [0, 1, 2]) for gradient in GRADIENTS]
    ours = run(AdamW(0.01, 0.1, global_clipnorm=0.5, epsilon=1e-12, lazy_embeddings=True), sparse)
    assert np.allclose(ours, reference(START, GRADIENTS, rate=0.01, decay=0.1, clip=0.5), atol=1e-5)


@pytest.mark.parametrize("lazy", [True, False], ids=["lazy", "dense"])
def test_repeated_tokens_add_up(lazy):
    repeated = [slices(np.concatenate([g / 2, g / 2]), [0, 1, 2, 0, 1, 2]) for g in GRADIENTS]
    ours = run(AdamW(0.01, 0.1, global_clipnorm=0.5, epsilon=1e-12, lazy_embeddings=lazy), repeated)
    assert np.allclose(ours, reference(START, GRADIENTS, rate=0.01, decay=0.1, clip=0.5), atol=1e-5)


def test_lazy_rows_stay_where_they_are():
    ours = run(AdamW(0.01, 0.1, lazy_embeddings=True), [slices(np.ones((1, 2)), [1])] * 3)
    assert np.array_equal(ours[[0, 2]], START[[0, 2]].astype("float32"))
    assert np.all(ours[1] < START[1])


def test_config_survives():
    optimizer = AdamW(0.01, 0.1, rate_factors={"encoder/": 1.0, "": 9.0}, global_clipnorm=2.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    ("name", "value"), [("learning_rate", -1.0), ("weight_decay", 1.0), ("weight_decay", float("nan"))]
)
def test_numbers_out_of_range(name, value):
    with pytest.raises(ConfigError, match=rf"`{name}` must be a number in"):
        AdamW(**{name: value})


def test_amsgrad_is_refused():
    with pytest.raises(ConfigError, match="`amsgrad` must be False"):
        AdamW(amsgrad=True)


def functional():
    inputs = keras.Input((2,))
    return keras.Model(inputs, keras.layers.Dense(1, name="top")(keras.layers.Dense(2, name="below")(inputs)))


@pytest.mark.parametrize("argument", ["rate_factors", "start_steps"])
def test_a_pattern_that_matches_nothing_is_refused(argument):
    model = functional()
    model.compile(AdamW(0.01, **{argument: {"bellow": 1, "": 2}}), "mse")
    with pytest.raises(
        ConfigError, match=f"`{argument}` must have patterns .*'bellow', which occurs in none.* mean 'below'"
    ):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)


def test_a_pattern_behind_a_wider_one_is_refused():
    with pytest.raises(ConfigError, match="`rate_factors` must have 'top/' before '', which matches all that it does"):
        AdamW(0.01, rate_factors={"": 1.0, "top/": 2.0})


def test_a_loaded_optimiser_takes_a_model_whose_part_was_frozen_since(tmp_path):
    model = functional()
    model.compile(AdamW(0.01, rate_factors={"below/": 0.5, "": 2.0}), "mse")
    model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)
    model.layers[1].trainable = False
    model.compile(AdamW.from_config(model.optimizer.get_config()), "mse")
    assert model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0).history["loss"]
