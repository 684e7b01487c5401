import numpy as np
import pytest

from kerasbert import DataError
from kerasbert.batches.row_arrays import checked_array, checked_rows


def test_each_head_is_checked():
    found = checked_rows("labels", {"a": [1, 0], "b": [[1.0], [0.5]]}, 2)
    assert found["a"].tolist() == [1, 0] and found["b"].shape == (2, 1) and checked_rows("labels", None, 2) is None


def test_the_way_out_is_that_of_the_argument():
    with pytest.raises(TypeError, match=r"`ages` must be an array of numbers; got \['x'\] of type <U1. Look it up."):
        checked_array("`ages`", ["x"], 1, "Look it up.")


@pytest.mark.parametrize(
    ("value", "message"),
    [([1], "one row for each text; got 1 rows and 2 texts"), ([0, np.inf], "finite numbers; got inf in row 2")],
)
def test_refused(value, message):
    with pytest.raises(DataError, match=message):
        checked_array("`ages`", value, 2)
