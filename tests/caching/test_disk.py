import os
import shutil
import sqlite3
import threading
import warnings

import pytest

from kerasbert import KerasbertWarning
from kerasbert.caching import database, disk
from kerasbert.caching.disk import DiskEntries
from kerasbert.caching.folder import CacheFolder

MOST = 1_000_000
ENTRIES = [(b"one", b"1"), (b"two", b"22")]


@pytest.fixture
def entries(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)
    return DiskEntries(CacheFolder(tmp_path), MOST)


def file_of(entries):
    return entries.folder.described_file()


def test_two_at_once(entries, tmp_path):
    other = DiskEntries(CacheFolder(tmp_path), MOST)
    entries.put(ENTRIES)
    other.put([(b"three", b"3")])
    assert other.get([b"one", b"two"]) == dict(ENTRIES) and entries.get([b"three"]) == {b"three": b"3"}
    assert entries.measure()[0] == other.measure()[0] == 3
    entries.clear()
    assert entries.get([b"one"]) == other.get([b"one"]) == {}
    other.put(ENTRIES)
    assert entries.get([b"one", b"two"]) == dict(ENTRIES)


def overwrite(start, count):
    def damage(file):
        with open(file, "r+b") as stream:
            stream.seek(start)
            stream.write(b"\xff" * count)

    return damage


DAMAGES = {
    "header": overwrite(0, 100),
    "tables": overwrite(100, 3900),
    "no database": lambda file: file.write_bytes(b"not a database at all" * 300),
    "empty": lambda file: file.write_bytes(b""),
    "cut": lambda file: os.truncate(file, 4096 + 100),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_starts_empty_and_goes_on(damage, entries):
    entries.put(ENTRIES)
    entries.close()
    damage(file_of(entries))
    with pytest.warns(KerasbertWarning, match="The cache .* was damaged .* starts empty"):
        assert entries.get([b"one", b"two"]) == {}
    assert entries.num_damaged == 1
    entries.put(ENTRIES)
    assert entries.get([b"one", b"two"]) == dict(ENTRIES)


def test_damaged_pages_of_an_open_file(entries):
    many = [(str(number).encode(), bytes(1000)) for number in range(300)]
    entries.put(many)
    entries.close()
    overwrite(8192, 200_000)(file_of(entries))
    with pytest.warns(KerasbertWarning, match="damaged"):
        found = entries.get([key for key, _ in many])
    assert found.items() <= dict(many).items() and len(found) < 300
    entries.put(many)
    assert entries.get([key for key, _ in many]).items() <= dict(many).items()


def test_a_damaged_entry_is_told_once(entries):
    entries.put(ENTRIES)
    with sqlite3.connect(file_of(entries)) as connection:
        connection.execute("UPDATE entries SET value = CAST(value || 'x' AS BLOB)")
    connection.close()
    with pytest.warns(KerasbertWarning, match="holds damaged entries, which are computed again"):
        assert entries.get([b"one"]) == {}
    assert entries.get([b"two"]) == {} and entries.num_damaged == 2


def test_a_description_that_was_damaged_is_told(entries):
    entries.put(ENTRIES)
    entries.close()
    (entries.folder.path / "prediction_cache.json").write_text("{")
    with pytest.warns(KerasbertWarning, match="was damaged or of an older format, and starts empty"):
        assert entries.get([b"one"]) == {}


def test_a_folder_that_was_deleted_is_made_again(entries):
    entries.put(ENTRIES)
    shutil.rmtree(entries.folder.path)
    with pytest.warns(KerasbertWarning, match="cannot be used .* answers do not need it"):
        assert entries.get([b"one"]) == {}
    entries.folder.path.mkdir()
    entries._rests_until = 0.0
    entries.put(ENTRIES)
    assert entries.get([b"one", b"two"]) == dict(ENTRIES)


def test_it_waits_for_a_lock_and_then_goes_on_without(entries, monkeypatch):
    entries.put(ENTRIES)
    holder = sqlite3.connect(file_of(entries), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.warns(KerasbertWarning, match="is locked by another process, and is not used until it is free"):
        entries.put([(b"three", b"3")])
    # It rests, and tells it once.
    assert entries.get([b"one"]) == {}
    holder.execute("ROLLBACK")
    holder.close()
    entries._rests_until = 0.0
    assert entries.get([b"one"]) == {b"one": b"1"}


def test_it_waits_while_another_writes(entries, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 10.0)
    entries.put(ENTRIES)
    holder = sqlite3.connect(file_of(entries), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    entries.close()
    timer = threading.Timer(0.2, holder.execute, ["COMMIT"])
    timer.start()
    entries.put([(b"three", b"3")])
    timer.join()
    holder.close()
    assert entries.get([b"three"]) == {b"three": b"3"}


def test_a_full_database_is_told_once_and_read_on(entries):
    entries.put(ENTRIES)
    # SQLite's own bound on the file, which fails as a full disk does.
    entries._database.connection.execute("PRAGMA max_page_count = 1").fetchall()
    with pytest.warns(KerasbertWarning, match="cannot be used .database or disk is full.; answers do not need it"):
        entries.put([(b"large", bytes(100_000))])
    with warnings.catch_warnings(action="error"):
        entries.put([(b"large", bytes(100_000))])
        entries._rests_until = 0.0
        assert entries.get([b"one"]) == {b"one": b"1"}


def test_a_process_that_was_forked_opens_it_anew(entries):
    entries.put(ENTRIES)
    assert entries.leave().get([b"one"]) == {b"one": b"1"}


def test_the_disk_is_left_alone_for_a_while(entries, monkeypatch):
    calls = []
    monkeypatch.setattr(disk, "Database", lambda *given: calls.append(given) or _fail())
    with pytest.warns(KerasbertWarning, match="cannot be used"):
        entries.get([b"one"])
    entries.get([b"one"])
    entries.put(ENTRIES)
    assert len(calls) == 1


def _fail():
    raise OSError("broken")
