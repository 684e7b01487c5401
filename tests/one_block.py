"""Fixtures of rooms whose tests train often: one block instead of two, whose step is traced in two thirds of the time."""

import pytest
from toy_encoder import toy_config, write_toy


@pytest.fixture(scope="session")
def tiny_config():
    return toy_config(blocks=1)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory, tiny_config):
    return write_toy(tmp_path_factory.mktemp("encoders") / "one", tiny_config)
