import os

import pytest

from kerasbert._core import staging as module
from kerasbert._core.files import atomic_dir_write
from kerasbert._core.staging import LOCK_CONTENT, LOCK_FILE, StagingFolder, clear_leftovers, exchange, recover_folder


def left_by_a_killed_writer(path, inside=()):
    """The folder that a writer leaves which is killed, with some folders of ours in it."""
    folder = path.parent / f".tmp-{path.name}-0123abcd"
    folder.mkdir()
    (folder / LOCK_FILE).write_bytes(LOCK_CONTENT)
    for name in inside:
        with atomic_dir_write(folder / name, kind="probe") as beside:
            (beside / "file").write_text(name)
    return folder


def test_a_staging_is_gone_afterwards(tmp_path):
    with StagingFolder(tmp_path / "out") as staging:
        staging.new.mkdir()
        (staging.new / "file").write_text("half")
    assert os.listdir(tmp_path) == []


def test_what_a_killed_writer_left_is_cleared(tmp_path):
    left = left_by_a_killed_writer(tmp_path / "out")
    (left / "new").mkdir()
    (left / "new" / "half").write_text("")
    clear_leftovers(tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_the_staging_of_a_living_writer_stays(tmp_path):
    with StagingFolder(tmp_path / "out") as staging:
        staging.new.mkdir()
        clear_leftovers(tmp_path / "out")
        assert staging.new.is_dir()


NOT_OURS = {
    "other content of the lock": lambda f: (f / LOCK_FILE).write_text("mine"),
    "no lock": lambda f: (f / LOCK_FILE).unlink(),
    "lock that is a link": lambda f: (f / LOCK_FILE).rename(f / "x") and (f / LOCK_FILE).symlink_to("x"),
}


@pytest.mark.parametrize("spoil", NOT_OURS.values(), ids=NOT_OURS)
def test_what_is_not_provably_ours_stays(spoil, tmp_path):
    left = left_by_a_killed_writer(tmp_path / "out")
    (left / "thesis.txt").write_text("ten years")
    spoil(left)
    clear_leftovers(tmp_path / "out")
    assert (left / "thesis.txt").read_text() == "ten years"


@pytest.mark.parametrize("name", [".tmp-out-notes", ".tmp-out-0123abcd.bak", ".tmp-other-0123abcd", "tmp-out-0123abcd"])
def test_other_names_stay(name, tmp_path):
    left_by_a_killed_writer(tmp_path / "out").rename(tmp_path / name)
    clear_leftovers(tmp_path / "out")
    assert (tmp_path / name / LOCK_FILE).is_file()


def test_a_file_of_somebody_else_in_a_leftover_stays(tmp_path):
    left = left_by_a_killed_writer(tmp_path / "out", ["old"])
    (left / "old" / "notes.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    clear_leftovers(tmp_path / "out")
    assert [path.name for path in left.rglob("*.txt")] == ["notes.txt"]


def test_the_old_folder_is_put_back(tmp_path):
    left_by_a_killed_writer(tmp_path / "out", ["old", "new"])
    recover_folder(tmp_path / "out")
    assert (tmp_path / "out" / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_nothing_is_put_over_what_is_there(tmp_path):
    left_by_a_killed_writer(tmp_path / "out", ["old"])
    (tmp_path / "out").write_text("another")
    recover_folder(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "another"


def test_a_name_as_long_as_the_system_takes(tmp_path):
    with atomic_dir_write(tmp_path / ("n" * 255), kind="probe") as folder:
        (folder / "file").write_text("x")
    assert (tmp_path / ("n" * 255) / "file").is_file()


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
