import os
import threading
import time

import pytest

from kerasbert import ArtifactError
from kerasbert._core import locks
from kerasbert._core.locks import identity, read_locked, try_lock, write_locked


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    return tmp_path


def replace(folder):
    (folder / "new").write_text("{}")
    os.replace(folder / "new", folder / "manifest.json")


def test_a_reading_during_which_the_folder_changes_is_repeated(folder):
    readings = []

    def read():
        readings.append(len(readings))
        if len(readings) < 3:
            replace(folder)
            raise FileNotFoundError
        return "whole"

    assert read_locked(folder, read) == "whole"
    assert readings == [0, 1, 2]


def test_an_error_of_a_folder_that_stays_is_an_error(folder):
    with pytest.raises(FileNotFoundError):
        read_locked(folder, lambda: (folder / "nothing").read_text())


def test_a_folder_that_never_stays_is_told(folder, monkeypatch):
    monkeypatch.setattr(locks, "MOST_READINGS", 3)
    with pytest.raises(ArtifactError, match="was replaced 3 times while it was read"):
        read_locked(folder, lambda: replace(folder))


def test_a_writer_waits_for_a_reader(folder):
    order = []

    def read():
        threading.Thread(target=write).start()
        time.sleep(0.1)
        order.append("read")

    def write():
        with write_locked(folder):
            order.append("written")

    read_locked(folder, read)
    time.sleep(0.1)
    assert order == ["read", "written"]


def test_patience_ends(folder, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE_SECONDS", 0.05)
    descriptor = os.open(folder / "manifest.json", os.O_RDONLY)
    assert try_lock(descriptor)
    with write_locked(folder):
        pass
    os.close(descriptor)


def test_another_manifest_has_another_identity(folder):
    before = identity(folder)
    assert identity(folder) == before
    replace(folder)
    assert identity(folder) != before and identity(folder / "nothing") is None
