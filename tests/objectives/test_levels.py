import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from kerasbert._core.errors import ConfigError
from kerasbert.objectives.levels import (
    BinaryLevelCrossentropy,
    HierarchicalF1,
    KnownLabels,
    SparseLevelCrossentropy,
)
from kerasbert.objectives.metrics import F1Score

RANDOM = np.random.default_rng(0)
PROBABILITIES = RANDOM.dirichlet(np.ones(5), size=40).astype("float32")
IDS = RANDOM.integers(-1, 5, 40)
ROWS = RANDOM.integers(-1, 2, (40, 5))
PARENTS = [[0, 0, 1, 1, 1]]


def test_the_sparse_loss_is_the_mean_over_all_rows():
    known = IDS >= 0
    expected = -np.log(PROBABILITIES[known, IDS[known]]).sum() / len(IDS)
    assert np.isclose(float(SparseLevelCrossentropy()(IDS, PROBABILITIES)), expected)


def smoothed_by_hand(row, label, parents, share):
    """The sum over the path of cross-entropies of P(label | parent) with smoothed targets."""
    cost, tables = 0.0, [None, *map(np.array, parents)]
    by_level = [row]
    for table in reversed(tables[1:]):
        by_level.insert(0, np.array([by_level[0][table == parent].sum() for parent in range(table.max() + 1)]))
    for depth in reversed(range(len(tables))):
        table = tables[depth]
        inside = np.arange(len(by_level[depth])) if table is None else np.flatnonzero(table == table[label])
        target = share / len(inside) + (1 - share) * (inside == label)
        cost -= (target * np.log(by_level[depth][inside] / by_level[depth][inside].sum())).sum()
        label = label if table is None else table[label]
    return cost


@pytest.mark.parametrize("parents", [[], PARENTS, [[0, 0, 1], [0, 1, 1, 2, 2]]], ids=["classes", "two", "three"])
def test_smoothing_stays_among_the_children_of_a_parent(parents):
    expected = [
        smoothed_by_hand(row, i, parents, 0.2) if i >= 0 else 0 for row, i in zip(PROBABILITIES, IDS, strict=True)
    ]
    loss = SparseLevelCrossentropy(parents, label_smoothing=0.2)
    assert np.isclose(float(loss(IDS, PROBABILITIES)), np.mean(expected))
    again = SparseLevelCrossentropy.from_config(loss.get_config())
    assert float(again(IDS, PROBABILITIES)) == float(loss(IDS, PROBABILITIES))


def test_smoothed_independent_labels_move_towards_a_half():
    target = np.maximum(ROWS, 0) * 0.8 + 0.1
    costs = -(target * np.log(PROBABILITIES) + (1 - target) * np.log(1 - PROBABILITIES)) * (ROWS >= 0)
    loss = BinaryLevelCrossentropy(label_smoothing=0.2)
    assert np.isclose(float(loss(ROWS, PROBABILITIES)), costs.mean())
    assert loss.get_config()["label_smoothing"] == 0.2


@pytest.mark.parametrize("loss_class", [SparseLevelCrossentropy, BinaryLevelCrossentropy])
def test_a_share_out_of_range(loss_class):
    with pytest.raises(ConfigError, match="`label_smoothing` must be"):
        loss_class(label_smoothing=1.0)


def test_the_binary_loss_skips_unknown_entries():
    costs = np.where(ROWS == 1, -np.log(PROBABILITIES), -np.log(1 - PROBABILITIES)) * (ROWS >= 0)
    assert np.isclose(float(BinaryLevelCrossentropy()(ROWS, PROBABILITIES)), costs.mean())


def test_metrics_see_known_labels_only():
    known = IDS >= 0
    accuracy = KnownLabels(keras.metrics.SparseCategoricalAccuracy(name="accuracy"))
    macro = KnownLabels(F1Score(5, sparse=True))
    for part in (slice(0, 7), slice(7, 40)):
        accuracy.update_state(IDS[part], PROBABILITIES[part])
        macro.update_state(IDS[part], PROBABILITIES[part])
    predicted = PROBABILITIES.argmax(axis=1)
    assert np.isclose(float(accuracy.result()), accuracy_score(IDS[known], predicted[known]))
    assert np.isclose(float(macro.result()), f1_score(IDS[known], predicted[known], average="macro"))


def test_multi_label_metrics_see_known_entries_only():
    metric = KnownLabels(F1Score(5, average="micro", threshold=0.2), sparse=False)
    metric.update_state(ROWS, PROBABILITIES)
    known = ROWS >= 0
    assert np.isclose(float(metric.result()), f1_score(ROWS[known], PROBABILITIES[known] >= 0.2))


def test_a_metric_starts_again_and_comes_back_from_its_config():
    metric = KnownLabels(F1Score(5, sparse=True, name="f1"))
    metric.update_state(IDS, PROBABILITIES)
    metric.reset_state()
    assert float(metric.result()) == 0 and metric.name == "f1"
    again = KnownLabels.from_config(metric.get_config())
    assert again.metric.get_config() == metric.metric.get_config()


def test_hierarchical_f1_against_sets():
    metric = HierarchicalF1(PARENTS)
    metric.update_state(IDS, PROBABILITIES)
    hits = total = 0
    for row, label in zip(PROBABILITIES, IDS, strict=True):
        if label >= 0:
            first = row[:2].sum() > row[2:].sum()
            predicted = int(row[:2].argmax()) if first else 2 + int(row[2:].argmax())
            hits += len({("class", 0 if predicted < 2 else 1), predicted} & {("class", 0 if label < 2 else 1), label})
            total += 2
    assert np.isclose(float(metric.result()), hits / total)


@pytest.mark.parametrize("metric", [HierarchicalF1(PARENTS)], ids=["hierarchical_f1"])
def test_no_known_row(metric):
    metric.update_state(np.array([-1]), PROBABILITIES[:1])
    assert float(metric.result()) == 0
