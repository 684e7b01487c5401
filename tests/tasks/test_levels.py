import numpy as np
import pytest

from kerasbert.labels.counts import LabelCounts
from kerasbert.objectives.levels import BinaryLevelCrossentropy, HierarchicalF1, SparseLevelCrossentropy
from kerasbert.tasks.levels import LEVEL_TASKS, ExclusiveLevel, IndependentLevel
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel

PARENTS = ((0, 0, 1),)
NAMES = ("a1", "a2", "b1")


@pytest.mark.parametrize("name", LEVEL_TASKS)
def test_a_level_may_have_unknown_labels_and_gives_probabilities(name):
    level = LEVEL_TASKS[name](NAMES, PARENTS)
    assert level.name == name and level.label_form.unknown and len(level.activations) == 1
    assert level != LEVEL_TASKS[name](NAMES)


def test_losses_and_metrics_know_the_tree():
    level = ExclusiveLevel(NAMES, PARENTS)
    assert isinstance(level.loss(), SparseLevelCrossentropy) and level.loss().parents == [[0, 0, 1]]
    assert [metric.name for metric in level.metrics()] == ["accuracy", "macro_f1", "hierarchical_f1"]
    assert isinstance(level.metrics()[-1], HierarchicalF1)
    assert [metric.name for metric in ExclusiveLevel(("a", "b")).metrics()] == ["accuracy", "macro_f1"]
    assert isinstance(IndependentLevel(NAMES, PARENTS).loss(label_smoothing=0.1), BinaryLevelCrossentropy)


def test_priors_leave_unknown_labels_out():
    ids = np.array([0, 1, 1, -1, 2])
    bias = ExclusiveLevel(NAMES).prior_bias(ids)
    assert bias == pytest.approx(Multiclass(NAMES).prior_bias(ids[ids >= 0]))
    assert bias == pytest.approx(ExclusiveLevel(NAMES).prior_bias(LabelCounts(np.array([1, 2, 1]), 4)))
    rows = np.array([[1, 0, -1], [0, 0, -1], [1, 1, 0]], "float32")
    known = Multilabel(NAMES[:2]).prior_bias(rows[:, :2])
    assert IndependentLevel(NAMES).prior_bias(rows)[:2] == pytest.approx(known)
    assert IndependentLevel(NAMES).prior_bias(rows)[2] == pytest.approx(np.log(0.5 / 1.5))


def test_a_text_without_a_label_is_unknown():
    array = ExclusiveLevel.array(np.array([2, 0]), np.array([0, 1, 1, 2]), 3)
    assert array.tolist() == [2, -1, 0] and array.dtype == np.int32
