import numpy as np
import pytest

from kerasbert import Multiclass
from kerasbert.monitoring import counting
from kerasbert.monitoring.counting import count_heads
from kerasbert.tasks.single import SingleOutput


def counted(task, true, predicted):
    outputs = SingleOutput(task)
    (head,) = outputs.tasks
    probabilities = np.eye(task.units, dtype=np.float32)[predicted]
    return count_heads(outputs, {head: probabilities}, {head: predicted}, {head: true}, np.arange(len(true)))[head]


def test_unknown_levels_are_left_out_of_what_true_labels_tell():
    head = counted(Multiclass(3), np.array([0, -1, 2, -1]), np.array([0, 1, 1, 1]))
    assert head.num_labelled == 2 and head.num_right == 1 and head.num_predicted.tolist() == [1, 3, 0]
    assert head.confusion.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_confusions_of_very_many_labels_are_not_counted(monkeypatch):
    monkeypatch.setattr(counting, "MOST_CONFUSED", 2)
    head = counted(Multiclass(3), np.array([0, 1]), np.array([0, 2]))
    assert head.confusion is None and (head + head).confusion is None and (head + head).num_right == 2


@pytest.mark.parametrize("number", [0, 5])
def test_without_true_labels_only_answers_are_counted(number):
    outputs = SingleOutput(Multiclass(3))
    (head,) = outputs.tasks
    predicted = np.arange(number) % 3
    probabilities = {head: np.full((number, 3), 1 / 3, np.float32)}
    found = count_heads(outputs, probabilities, {head: predicted}, None, np.zeros(0, np.int64))[head]
    assert found.num_labelled == 0 == found.num_true.sum() and found.num_predicted.sum() == number
    assert found.probabilities.sum() == 3 * number and found.confidence.sum() == number
