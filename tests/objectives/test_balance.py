import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from kerasbert.objectives.balance import class_weights, positive_weights

IDS = np.repeat([0, 1, 2], [60, 30, 10])
ROWS = np.zeros((100, 2), "float32")
ROWS[:20, 0] = 1
ROWS[:50, 1] = 1


def test_balanced_classes_are_those_of_scikit_learn():
    expected = compute_class_weight("balanced", classes=np.arange(3), y=IDS)
    assert np.allclose(class_weights(np.bincount(IDS)), expected)


def test_roots_keep_the_mean_weight_of_an_example():
    weights = class_weights(np.bincount(IDS), "sqrt")
    assert np.isclose(weights[IDS].mean(), 1) and np.isclose(weights[2] / weights[0], np.sqrt(6))


def test_effective_numbers_by_their_sum():
    numbers = np.array([sum(0.9**power for power in range(count)) for count in (60, 30, 10)])
    assert np.allclose(class_weights(np.bincount(IDS), "effective", beta=0.9), 3 / numbers / (1 / numbers).sum())


def test_a_class_without_examples_weighs_one():
    assert class_weights(np.array([0, 5, 5])).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("method", "expected"), [("balanced", [4, 1]), ("sqrt", [2, 1])])
def test_positives_weigh_as_much_as_negatives(method, expected):
    assert np.allclose(positive_weights(ROWS.sum(axis=0), 100, method), expected)


def test_effective_positives():
    few, many = (sum(0.9**power for power in range(count)) for count in (20, 80))
    assert np.isclose(positive_weights(np.array([20]), 100, "effective", beta=0.9)[0], many / few)


def test_labels_of_all_or_no_texts_weigh_one():
    assert positive_weights(np.array([0, 100]), 100).tolist() == [1.0, 1.0]
