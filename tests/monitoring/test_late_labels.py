import numpy as np

from kerasbert.monitoring.late_labels import PendingTexts
from kerasbert.monitoring.monitor_state import MonitorState


def state():
    return MonitorState("f", {})


def rows(*numbers):
    return {"head": np.array(numbers, np.float32)[:, None]}


def test_the_newest_texts_without_a_label_are_kept():
    own = state()
    pending = PendingTexts(own)
    pending.add(["a", "b", "c"], rows(1, 2, 3), {1}, 3)
    assert own.ids == ["a", "c"] and own.windows == [1, 1]
    own.num_windows = 1
    pending.add(["d", "e"], rows(4, 5), set(), 3)
    assert (own.ids, own.windows) == (["c", "d", "e"], [1, 2, 2])
    assert own.probabilities["head"][:, 0].tolist() == [3, 4, 5]
    pending.add(["f", "g", "h", "i"], rows(6, 7, 8, 9), set(), 3)
    assert own.ids == ["g", "h", "i"] and own.probabilities["head"][:, 0].tolist() == [7, 8, 9]


def test_a_text_that_comes_again_replaces_the_first():
    own = state()
    pending = PendingTexts(own)
    pending.add(["a", "b"], rows(1, 2), set(), 9)
    pending.add(["a"], rows(3), set(), 9)
    assert own.ids == ["b", "a"] and own.probabilities["head"][:, 0].tolist() == [2, 3]


def test_texts_are_taken_once():
    own = state()
    pending = PendingTexts(own)
    pending.add(["a", "b", "c"], rows(1, 2, 3), set(), 9)
    found, numbers, probabilities = pending.take(["x", "c", "a"])
    assert (found, numbers.tolist(), probabilities["head"][:, 0].tolist()) == ([1, 2], [1, 1], [3, 1])
    assert own.ids == ["b"] and pending.take(["a"])[0] == []
