import resource
import sys

import numpy as np
import pytest

from kerasbert.training.memory import _glibc, kept_memory

pytestmark = pytest.mark.skipif(_glibc() is None, reason="the C library is not glibc")
SIZE = 64_000_000


def page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def take_and_free(times):
    before = page_faults()
    for _ in range(times):
        np.ones(SIZE, "uint8")
    return page_faults() - before


def test_freed_memory_is_taken_again():
    with kept_memory():
        take_and_free(2)
        assert take_and_free(5) < SIZE // 4096


def test_afterwards_it_goes_back():
    with kept_memory():
        take_and_free(2)
    # Every array has to be handed out anew by the system, in pages of at most 2 MB.
    assert take_and_free(5) >= 5 * SIZE // (2 << 20)


def test_an_error_ends_it_too():
    with pytest.raises(ValueError, match="while training"), kept_memory():
        raise ValueError("while training")
    assert take_and_free(5) >= 5 * SIZE // (2 << 20)


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _glibc() is None
    with kept_memory():
        pass
