import numpy as np

from kerasbert.monitoring.late_labels import PendingTexts
from kerasbert.monitoring.monitor_state import MonitorState

NONE = np.zeros(0, np.int64)


def state():
    return MonitorState("f", {})


def ids(letters):
    return np.array([ord(letter) for letter in letters], np.uint64)


def letters(own):
    return "".join(chr(number) for number in own.ids)


def rows(*numbers):
    return {"head": np.array(numbers, np.float32)[:, None]}


def test_the_newest_texts_without_a_label_are_kept():
    own = state()
    pending = PendingTexts(own)
    pending.add(ids("abc"), rows(1, 2, 3), np.array([1]), 3)
    assert letters(own) == "ac" and own.windows.tolist() == [1, 1]
    own.num_windows = 1
    pending.add(ids("de"), rows(4, 5), NONE, 3)
    assert (letters(own), own.windows.tolist()) == ("cde", [1, 2, 2])
    assert own.probabilities["head"][:, 0].tolist() == [3, 4, 5]
    pending.add(ids("fghi"), rows(6, 7, 8, 9), NONE, 3)
    assert letters(own) == "ghi" and own.probabilities["head"][:, 0].tolist() == [7, 8, 9]


def test_a_text_that_comes_again_replaces_the_first():
    own = state()
    pending = PendingTexts(own)
    pending.add(ids("ab"), rows(1, 2), NONE, 9)
    pending.add(ids("a"), rows(3), NONE, 9)
    assert letters(own) == "ba" and own.probabilities["head"][:, 0].tolist() == [2, 3]


def test_texts_are_taken_once():
    own = state()
    pending = PendingTexts(own)
    pending.add(ids("abc"), rows(1, 2, 3), NONE, 9)
    found, numbers, probabilities = pending.take(ids("xca"))
    assert sorted(zip(found.tolist(), probabilities["head"][:, 0].tolist(), strict=True)) == [(1, 3), (2, 1)]
    assert numbers.tolist() == [1, 1]
    assert letters(own) == "b" and not len(pending.take(ids("a"))[0])
