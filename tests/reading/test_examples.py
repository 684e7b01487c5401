import dataclasses

import numpy as np
import pytest

from kerasbert.reading.examples import Examples


def test_rows_count_from_one():
    assert Examples(["a", "b"]).rows == [1, 2]


@pytest.mark.parametrize("indices", [[2, 0], np.array([2, 0])], ids=["list", "array"])
def test_take_keeps_all_columns_together(indices):
    examples = Examples(["a", "b", "c"], ["x", "y", "z"], {"label": [0, 1, 2]}, "data.csv", [2, 5, 6])
    taken = examples.take(indices)
    assert (taken.texts, taken.text_pairs, taken.labels) == (["c", "a"], ["z", "x"], {"label": [2, 0]})
    assert (taken.source, taken.rows, len(taken)) == ("data.csv", [6, 2], 2)


def test_take_none():
    assert len(Examples(["a"]).take([])) == 0


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError, match="texts"):
        Examples(["a"]).texts = []
