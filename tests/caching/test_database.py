import os
import sqlite3

import pytest

from kerasbert.caching import database as module
from kerasbert.caching.database import DamagedError, Database, create_database

MOST = 1_000_000


@pytest.fixture
def file(tmp_path):
    create_database(tmp_path / "entries.sqlite")
    return tmp_path / "entries.sqlite"


def named(count, start=0):
    """Entries of 1,000 bytes, each other than all others."""
    return [(f"{number:08d}".encode(), f"{number:08d}".encode() * 125) for number in range(start, start + count)]


def keys(entries):
    return [key for key, _ in entries]


def test_what_is_written_is_read_by_another(file, monkeypatch):
    monkeypatch.setattr(module, "KEYS_AT_ONCE", 3)
    entries = named(10)
    Database(file, MOST).write(entries)
    assert Database(file, MOST).read([*keys(entries), b"unknown"]) == dict(entries)
    assert Database(file, MOST).read([]) == {} and len(Database(file, MOST)) == 10


def test_the_first_of_two_writers_stays(file):
    one, other = Database(file, MOST), Database(file, MOST)
    one.write([(b"key", b"first")])
    other.write([(b"key", b"second"), (b"more", b"third")])
    assert one.read([b"key", b"more"]) == {b"key": b"first", b"more": b"third"}


def test_the_file_stays_below_its_bound_and_the_least_used_leave(file, monkeypatch):
    clock = iter(range(10**18, 10**19, 10**6))
    monkeypatch.setattr(module.time, "time_ns", lambda: next(clock))
    database, sizes = Database(file, MOST), []
    first = named(100)
    database.write(first)
    for start in range(100, 3000, 100):
        database.write(named(100, start), used=keys(first[:10]))
        sizes.append(database.num_bytes)
    assert max(sizes) <= MOST and len(database) > 400
    assert database.read(keys(first)) == dict(first[:10])
    assert database.read(keys(named(100, 2900))) == dict(named(100, 2900))
    database.close()
    assert os.path.getsize(file) <= MOST


def test_a_bound_that_was_higher_before_is_kept(file):
    large = Database(file, 4 * MOST)
    large.write(named(3000))
    assert large.num_bytes > 3 * MOST
    small = Database(file, MOST)
    small.write(named(1, 5000))
    assert small.num_bytes <= MOST and small.read([b"00005000"])


def test_an_entry_that_takes_a_quarter_of_all_room_is_left_out(file):
    database = Database(file, MOST)
    database.write([(b"large", bytes(MOST // 4 + 1)), (b"small", b"1")])
    assert database.read([b"large", b"small"]) == {b"small": b"1"}


def test_a_changed_entry_is_not_read_and_leaves_with_the_next_write(file):
    database, entries = Database(file, MOST), named(3)
    database.write(entries)
    changed = bytearray(
        database.connection.execute("SELECT value FROM entries WHERE key = ?", entries[:1][0][:1]).fetchone()[0]
    )
    changed[50] ^= 1
    database.connection.execute("UPDATE entries SET value = ? WHERE key = ?", (bytes(changed), entries[0][0]))
    database.connection.execute("UPDATE entries SET value = x'' WHERE key = ?", (entries[1][0],))
    assert database.read(keys(entries)) == dict(entries[2:]) and database.damaged == set(keys(entries[:2]))
    database.write(entries[:1])
    assert database.read(keys(entries)) == dict([entries[0], entries[2]]) and not database.damaged


def test_an_entry_under_another_key_is_not_read(file):
    database = Database(file, MOST)
    database.write([(b"one", b"content")])
    database.connection.execute("UPDATE entries SET key = 'two'")
    database.connection.execute("UPDATE entries SET key = CAST(key AS BLOB)")
    assert database.read([b"two"]) == {} and database.damaged == {b"two"}


def test_a_write_that_fails_leaves_nothing_behind(file, monkeypatch):
    database = Database(file, MOST)
    monkeypatch.setattr(module, "checksum", lambda key, content: "no bytes")
    with pytest.raises(TypeError):
        database.write([(b"key", b"content")])
    monkeypatch.undo()
    assert len(database) == 0 and not database.connection.in_transaction
    database.write([(b"key", b"content")])
    assert len(database) == 1


@pytest.mark.parametrize("statement", ["CREATE TABLE other (x)", "DROP INDEX by_use", "CREATE TRIGGER t AFTER INSERT ON entries BEGIN SELECT 1; END"])  # fmt: skip
def test_another_schema_is_refused(statement, file):
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(DamagedError, match="holds "):
        Database(file, MOST)


def test_a_folder_that_cannot_be_written_is_read(file, monkeypatch):
    writer = Database(file, MOST)
    writer.write([(b"key", b"content")])
    writer.close()
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)
    database = Database(file, MOST)
    assert database.read([b"key"]) == {b"key": b"content"}
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.write([(b"more", b"content")])
