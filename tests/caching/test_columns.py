import numpy as np

from kerasbert import PredictionCache
from kerasbert.caching.columns import known_or_computed
from kerasbert.caching.fixed_state import FixedState
from kerasbert.tokenization.token_arrays import TokenArrays

WIDTHS = {"first": 2, "second": 1}
TOKENS = TokenArrays.from_lists([[2, 5, 3], [2, 6, 3], [2, 5, 3]])


def columns_of(part):
    numbers = np.array([ids[1] for ids in part.lists()["input_ids"]], "float32")[:, None]
    return {"first": np.hstack([numbers, -numbers]), "second": numbers * 10}


def test_columns_of_a_cache_are_those_computed():
    computed = []

    def compute(part):
        computed.append(len(part))
        return columns_of(part)

    state = FixedState({"file": "f00d"})
    with PredictionCache() as cache:
        for kept in (None, cache, cache):
            found = known_or_computed(kept, lambda: state, "both", TOKENS, WIDTHS, compute)
            assert {name: values.tolist() for name, values in found.items()} == {
                "first": [[5, -5], [6, -6], [5, -5]],
                "second": [[50], [60], [50]],
            }
    # All, each text once, and none.
    assert computed == [3, 2]


def test_no_texts_are_no_rows():
    found = known_or_computed(None, FixedState, "both", TokenArrays.from_lists([]), WIDTHS, columns_of)
    assert {name: values.shape for name, values in found.items()} == {"first": (0, 2), "second": (0, 1)}
