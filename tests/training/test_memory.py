import resource
import sys

import numpy as np
import pytest

from kerasbert.training.memory import GIVE_BACK, KEEP, _glibc, kept_memory

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


@pytest.mark.parametrize(
    "environment",
    [{"MALLOC_TRIM_THRESHOLD_": "1"}, {"GLIBC_TUNABLES": "glibc.malloc.top_pad=1"}],
    ids=["variable", "tunables"],
)
def test_what_the_user_settled_is_left_alone(environment, monkeypatch):
    monkeypatch.setattr("kerasbert.training.memory._set", lambda *values: pytest.fail("the settings were changed"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with kept_memory():
        pass


def test_the_last_of_two_trainings_gives_the_memory_back(monkeypatch):
    found = []
    monkeypatch.setattr("kerasbert.training.memory._set", lambda library, values: found.append(values))
    with kept_memory(), kept_memory():
        pass
    assert found == [KEEP, GIVE_BACK]
