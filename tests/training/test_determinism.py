import random

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasbert as kb
from kerasbert.training.determinism import kept_random_state


def drawn():
    """One draw of every global generator."""
    return [
        random.random(),
        float(np.random.random()),
        float(keras.random.uniform(())),
        float(tf.random.uniform(())),
        float(keras.initializers.RandomNormal()((1,))[0]),
    ]


def fit(folder):
    texts, labels = ["good parcel", "bad card"] * 4, ["a", "b"] * 4
    kb.TextClassifier("multiclass", encoder=folder, epochs=1, max_length=12, verbose=False).fit(texts, labels)


def rate(folder):
    texts, labels = ["good parcel", "bad card"] * 4, ["a", "b"] * 4
    classifier = kb.TextClassifier("multiclass", encoder=folder, max_length=12, verbose=False)
    classifier.find_learning_rate(texts, labels, steps=10)


@pytest.mark.parametrize("train", [fit, rate], ids=["fit", "find_learning_rate"])
def test_a_training_leaves_the_global_generators_as_it_found_them(train, tiny_folder):
    keras.utils.set_random_seed(11)
    drawn()
    expected = drawn()
    keras.utils.set_random_seed(11)
    drawn()
    train(tiny_folder)
    assert drawn() == expected


def test_what_is_drawn_inside_changes_nothing_outside():
    keras.utils.set_random_seed(5)
    expected = drawn()
    keras.utils.set_random_seed(5)
    with kept_random_state():
        keras.utils.set_random_seed(6)
        assert drawn() != expected
    assert drawn() == expected


def test_no_seed_stays_no_seed():
    with kept_random_state():
        keras.utils.set_random_seed(6)
        one = drawn()
    with kept_random_state():
        keras.utils.set_random_seed(6)
        assert drawn() == one
