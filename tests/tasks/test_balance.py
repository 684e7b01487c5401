import numpy as np
import pytest

from kerasbert import Binary, ConfigError, Multiclass, Multilabel
from kerasbert.classifiers.hierarchical_head import HierarchicalHead
from kerasbert.objectives.balance import class_weights
from kerasbert.tasks.balance import BALANCES, balance_head, balance_levels

IDS = np.repeat([0, 1, 2], [60, 30, 10])
ROWS = np.zeros((100, 2), "float32")
ROWS[:20, 0] = 1
ROWS[:50, 1] = 1


def test_auto_leaves_even_labels_alone():
    chosen = balance_head(Multiclass(2), np.array([0, 1] * 8), balance="auto")
    assert chosen.weights is None and "all count alike" in chosen.summary


def test_auto_takes_roots_of_uneven_ones():
    chosen = balance_head(Multiclass(3), IDS, balance="auto")
    assert np.allclose(chosen.weights, class_weights(np.bincount(IDS), "sqrt"))
    assert "auto -> sqrt: class weights" in chosen.summary


def test_imbalance_is_the_largest_ratio():
    assert Multiclass(3).imbalance(np.bincount(IDS), 100) == 6
    assert Multilabel(2).imbalance(ROWS.sum(axis=0), 100) == 4


@pytest.mark.parametrize("balance", [name for name in BALANCES if name != "auto"])
def test_every_way_changes_the_loss_of_uneven_labels(balance):
    plain, chosen = (balance_head(Multilabel(2), ROWS, balance=name).loss for name in (None, balance))
    predicted = np.full((100, 2), 0.3, "float32")
    assert not np.isclose(float(plain(ROWS, predicted)), float(chosen(ROWS, predicted)), rtol=1e-3)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        (Binary(), {"balance": "auot"}, "`balance` must be one of .* Did you mean 'auto'"),
        (Multiclass(3), {"balance": "asymmetric"}, "must not be 'asymmetric' for a multiclass head"),
        (Binary(), {"label_smoothing": 1.0}, "`label_smoothing` must be"),
    ],
    ids=["unknown", "task", "smoothing"],
)
def test_what_is_refused(task, options, message):
    with pytest.raises(ConfigError, match=message):
        balance_head(task, IDS, **options)


@pytest.mark.parametrize("classes, share", [(9, 0.0), (10, 0.1)])
def test_many_classes_are_smoothed_unless_told_otherwise(classes, share):
    task = Multiclass([str(number) for number in range(classes)])
    labels = np.arange(classes)
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(classes), size=classes).astype("float32")
    spread = np.eye(classes) * (1 - share) + share / classes
    expected = -(spread * np.log(probabilities)).sum(axis=1).mean()
    assert float(balance_head(task, labels).loss(labels, probabilities)) == pytest.approx(expected, rel=1e-5)
    told = balance_head(task, labels, label_smoothing=0.0).loss(labels, probabilities)
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
    levels = list(HierarchicalHead({"a": list("bcdefg"), "h": list("ijklmn")}, level_task="multilabel").tasks.values())
    assert [one.loss.label_smoothing for one in balance_levels(levels)] == [0, 0]
    assert [one.loss.label_smoothing for one in balance_levels(levels, label_smoothing=0.2)] == [0.2, 0.2]
