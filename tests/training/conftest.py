import keras
import numpy as np
import pytest
from one_block import tiny_config as tiny_config
from one_block import tiny_folder as tiny_folder
from training_server import Server

from kerasbert import build_multiclass
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays


@pytest.fixture
def toy_batches():
    """Three classes that the first word tells; the last of the batches is odd."""
    rows = [[2, 5 + row % 3, 8 + row % 5, 3] for row in range(44)]
    labels = np.array([row % 3 for row in range(44)], dtype="int32")
    return make_batches(TokenArrays.from_lists(rows), labels, batch_size=8, shuffle=True)


@pytest.fixture
def toy_model(tiny_config):
    """Makes models of the same weights, without dropout in the head."""

    def make(**options):
        keras.utils.set_random_seed(3)
        return build_multiclass(3, encoder=tiny_config, **{"dropout": 0.0, **options})

    return make


@pytest.fixture(scope="session")
def server():
    """A process that runs the command for tests."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def servers(server):
    """Two such processes."""
    second = Server()
    yield server, second
    second.close()
