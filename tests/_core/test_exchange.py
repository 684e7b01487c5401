import pytest

from kerasbert._core import exchange as module
from kerasbert._core.exchange import exchange


def folder(path, content):
    path.mkdir()
    (path / "file").write_text(content)
    return path


def test_two_folders_change_places(tmp_path):
    first, second = folder(tmp_path / "a", "1"), folder(tmp_path / "b", "2")
    if not exchange(first, second):
        pytest.skip("this file system cannot")
    assert [(path / "file").read_text() for path in (first, second)] == ["2", "1"]


def test_what_cannot_be_exchanged_stays(tmp_path):
    first = folder(tmp_path / "a", "1")
    assert not exchange(first, tmp_path / "nothing")
    assert (first / "file").read_text() == "1"


def test_a_system_without_the_call_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(module.sys, "platform", "win32")
    module._system_call.cache_clear()
    assert not exchange(folder(tmp_path / "a", "1"), folder(tmp_path / "b", "2"))
    module._system_call.cache_clear()
