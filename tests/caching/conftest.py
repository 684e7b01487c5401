import hashlib

import numpy as np
import pytest

from kerasbert.tokenization.token_arrays import TokenArrays


class ToyModel:
    """Stands for a model: a result follows from its weight and the tokens, and it counts the texts that it computes."""

    notices_undone = True

    def __init__(self, weight=1):
        self.weight, self.seen, self.computed = weight, weight, 0

    @property
    def digest(self):
        return hashlib.sha256(str(self.seen).encode()).digest()

    def unchanged(self):
        unchanged, self.seen = self.seen == self.weight, self.weight
        return unchanged

    def compute(self, tokens):
        self.computed += len(tokens)
        return self.expected(tokens)

    def expected(self, tokens):
        sums = [row.sum() for row in np.split(tokens.input_ids, tokens.offsets[1:-1])] if len(tokens) else []
        return np.array([[self.weight * total, total + 0.5] for total in sums], np.float32).reshape(-1, 2)

    def ask(self, cache, tokens, kind="sums"):
        return cache.rows(self, kind, tokens, self.compute, width=2)


@pytest.fixture
def toy():
    return ToyModel()


@pytest.fixture
def toy_model():
    return ToyModel


@pytest.fixture
def texts():
    """Makes token arrays of texts by number, each other than all others."""
    return lambda numbers: TokenArrays.from_lists([[2, 10 + number, 3] for number in numbers])
