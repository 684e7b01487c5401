"""Toy classifiers of every kind."""

import functools

import pytest
from held_out import KINDS
from trained_classifiers import trained


@pytest.fixture(scope="session")
def classifier_of(two_block_folder):
    """Gives a toy classifier of a kind of `KINDS`, made once; nothing is to be changed in it."""

    @functools.cache
    def of(kind):
        name, arguments = KINDS[kind]
        return trained(name, two_block_folder, **arguments).trained_

    return of
