import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.tasks.head_tasks import TASKS, Binary, Multiclass, Multilabel, task_row

PAIRS = [(task, activation) for task, rows in TASKS.items() for activation in rows]
REFUSED = [
    ("binary", "softmax", "num_classes=2"),
    ("multiclass", "sigmoid", "build_multilabel"),
    ("multilabel", "softmax", "build_multiclass"),
]


@pytest.mark.parametrize(("task", "activation"), PAIRS)
def test_every_row_trains_on_logits_exactly_when_it_gives_them(task, activation):
    assert task_row(task, activation).make_loss().from_logits == (activation == "linear")


@pytest.mark.parametrize(("task", "activation", "way_out"), REFUSED)
def test_wrong_pairs_name_the_way_out(task, activation, way_out):
    with pytest.raises(ConfigError, match=f"`activation` must be .* for a {task} head; got '{activation}'.*{way_out}"):
        task_row(task, activation)


def test_unknown_task():
    with pytest.raises(
        ConfigError, match="`task` must be one of 'binary', 'multiclass', 'multilabel'; got 'multilable'"
    ):
        task_row("multilable")


def test_softmax_prior_predicts_the_frequencies():
    bias = task_row("multiclass").prior_bias(np.array([0] * 60 + [1] * 30 + [2] * 10), 3)
    assert np.allclose(np.exp(bias) / np.exp(bias).sum(), [0.6, 0.3, 0.1], atol=0.01)


def test_sigmoid_prior_predicts_the_frequencies():
    labels = np.array([[1.0, 0.0]] * 20 + [[0.0, 0.0]] * 80)
    assert np.allclose(1 / (1 + np.exp(-task_row("multilabel").prior_bias(labels, 2))), [0.2, 0.0], atol=0.01)


@pytest.mark.parametrize("value", [0, 1, -1], ids=repr)
def test_too_few_classes(value):
    with pytest.raises(ConfigError, match=rf"`num_classes` must be an integer from 2 .*; got {value}"):
        Multiclass(value)


@pytest.mark.parametrize("value", [2.0, True, "3", None], ids=repr)
def test_a_number_of_classes_of_another_type(value):
    with pytest.raises((TypeError, ConfigError), match="num_classes|label_names"):
        Multiclass(value)


def test_names_are_kept_in_order():
    assert Multilabel(["b", "a"]).label_names == ("b", "a")


def test_a_binary_head_has_two_names():
    with pytest.raises(ConfigError, match="must be 2 names, negative and positive; got 3"):
        Binary(["a", "b", "c"])
