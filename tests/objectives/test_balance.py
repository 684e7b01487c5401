import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from kerasbert import Binary, ConfigError, Multiclass, Multilabel
from kerasbert.classifiers.hierarchical_head import HierarchicalHead
from kerasbert.objectives.balance import (
    BALANCES,
    balance_head,
    balance_levels,
    class_weights,
    imbalance,
    positive_weights,
)
from kerasbert.tasks.head_tasks import task_row

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


def test_auto_leaves_even_labels_alone():
    chosen = balance_head(task_row("multiclass"), Multiclass(2), np.array([0, 1] * 8), balance="auto")
    assert chosen.weights is None and "all count alike" in chosen.summary


def test_auto_takes_roots_of_uneven_ones():
    chosen = balance_head(task_row("multiclass"), Multiclass(3), IDS, balance="auto")
    assert np.allclose(chosen.weights, class_weights(np.bincount(IDS), "sqrt"))
    assert "auto -> sqrt: class weights" in chosen.summary


def test_imbalance_is_the_largest_ratio():
    assert imbalance(Multiclass(3), np.bincount(IDS), 100) == 6
    assert imbalance(Multilabel(2), ROWS.sum(axis=0), 100) == 4


@pytest.mark.parametrize("balance", [name for name in BALANCES if name != "auto"])
def test_every_way_changes_the_loss_of_uneven_labels(balance):
    plain, chosen = (
        balance_head(task_row("multilabel"), Multilabel(2), ROWS, balance=name).loss for name in (None, balance)
    )
    predicted = np.full((100, 2), 0.3, "float32")
    assert not np.isclose(float(plain(ROWS, predicted)), float(chosen(ROWS, predicted)), rtol=1e-3)


@pytest.mark.parametrize(
    ("task", "head", "options", "message"),
    [
        ("binary", Binary(), {"balance": "auot"}, "`balance` must be one of .* Did you mean 'auto'"),
        ("multiclass", Multiclass(3), {"balance": "asymmetric"}, "must not be 'asymmetric' for a multiclass head"),
        ("binary", Binary(), {"label_smoothing": 1.0}, "`label_smoothing` must be"),
    ],
    ids=["unknown", "task", "smoothing"],
)
def test_what_is_refused(task, head, options, message):
    with pytest.raises(ConfigError, match=message):
        balance_head(task_row(task), head, IDS, **options)


@pytest.mark.parametrize("classes, share", [(9, 0.0), (10, 0.1)])
def test_many_classes_are_smoothed_unless_told_otherwise(classes, share):
    head_task = Multiclass([str(number) for number in range(classes)])
    labels = np.arange(classes)
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(classes), size=classes).astype("float32")
    spread = np.eye(classes) * (1 - share) + share / classes
    expected = -(spread * np.log(probabilities)).sum(axis=1).mean()
    row = task_row("multiclass")
    assert float(balance_head(row, head_task, labels).loss(labels, probabilities)) == pytest.approx(expected, rel=1e-5)
    told = balance_head(row, head_task, labels, label_smoothing=0.0).loss(labels, probabilities)
    assert float(told) == pytest.approx(-np.log(probabilities[labels, labels]).mean(), rel=1e-5)


@pytest.mark.parametrize("children, share", [(4, 0.0), (5, 0.1)], ids=["few", "many"])
@pytest.mark.parametrize("told", [None, 0.3], ids=["default", "told"])
def test_every_level_is_smoothed_where_the_deepest_has_many_labels(children, share, told):
    tree = {parent: [f"{parent}{number}" for number in range(children)] for parent in "ab"}
    levels = list(HierarchicalHead(tree).tasks.values())
    chosen = balance_levels(levels, label_smoothing=told)
    assert [one.loss.label_smoothing for one in chosen] == [share if told is None else told] * 2
    assert chosen[1].loss.parents == [[0] * children + [1] * children]


def test_independent_levels_are_not_smoothed_unless_told():
    levels = list(HierarchicalHead({"a": list("bcdefg"), "h": list("ijklmn")}, multilabel=True).tasks.values())
    assert [one.loss.label_smoothing for one in balance_levels(levels)] == [0, 0]
    assert [one.loss.label_smoothing for one in balance_levels(levels, label_smoothing=0.2)] == [0.2, 0.2]
