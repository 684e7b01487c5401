"""`Database`: entries in an SQLite file, which several processes read and write at once.

A table of `key`, `used` (milliseconds since 1970 of the last use) and `value`: a checksum of key and content, then the
content. Values are raw bytes: nothing that is read is ever decoded into objects. The write-ahead log of SQLite makes each
write whole or nothing, whenever the process is killed.
"""

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

CHECKSUM_BYTES = 8
# How long to wait for a process that writes.
LOCK_SECONDS = 2.0
# Keys in one statement, bytes in one transaction, entries that leave at once.
KEYS_AT_ONCE = 500
BYTES_AT_ONCE = 4_000_000
LEAVING_AT_ONCE = 50
# What SQLite keeps of an entry beside its value: in its row, and in the two indices, of which pages are half full.
ROW_BYTES, INDEX_BYTES = 50, 120
SCHEMA = {
    "entries": "CREATE TABLE entries (key BLOB NOT NULL UNIQUE, used INTEGER NOT NULL, value BLOB NOT NULL)",
    "by_use": "CREATE INDEX by_use ON entries (used)",
}
Entry = tuple[bytes, bytes]


class DamagedError(Exception):
    """A file that is no database of entries, or was cut or changed."""


class Database:
    """An open file of entries; every error of SQLite passes through.

    Args:
        file: made by `create_database`.
        max_bytes: bound on the file; the least recently used entries leave.

    Raises:
        DamagedError: when the file holds other tables.
    """

    def __init__(self, file: Path, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        #: Keys of entries whose checksum did not fit, until the next write deletes them.
        self.damaged: set[bytes] = set()
        # A database in a folder that cannot be written can be read only as one that does not change.
        unchanging = "" if os.access(file.parent, os.W_OK) else "&immutable=1"
        self.connection = _connect(f"file:{quote(str(file))}?mode=rw{unchanging}")
        try:
            self.page_bytes = int(self._number("page_size"))
            found = dict(self.connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
            if found != SCHEMA:
                raise DamagedError(f"holds {', '.join(found) or 'no table'}")
        except BaseException:
            self.connection.close()
            raise

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the contents of those keys that are there and whole."""
        found = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            places = ",".join("?" * len(some))
            for key, value in self.connection.execute(f"SELECT key, value FROM entries WHERE key IN ({places})", some):
                content = value[CHECKSUM_BYTES:]
                if value[:CHECKSUM_BYTES] == checksum(key, content):
                    found[key] = content
                else:
                    self.damaged.add(key)
        return found

    def write(self, entries: Sequence[Entry], used: Iterable[bytes] = ()) -> None:
        """Add entries, in transactions of a few megabytes, and note which others were used."""
        now = time.time_ns() // 1_000_000
        portions = list(_portions(entries, min(BYTES_AT_ONCE, self.max_bytes // 4))) or [[]]
        for portion in portions:
            rows = [(key, now, checksum(key, content) + content) for key, content in portion]
            with self._transaction():
                self.connection.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in self.damaged])
                self.connection.executemany("UPDATE entries SET used = ? WHERE key = ?", [(now, key) for key in used])
                self._make_room([len(value) for _, _, value in rows])
                self.connection.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?)", rows)
            self.damaged.clear()
            used = ()
        self._shrink()

    @property
    def num_bytes(self) -> int:
        """Bytes of the file."""
        return self._number("page_count") * self.page_bytes

    def __len__(self) -> int:
        [(count,)] = self.connection.execute("SELECT count(*) FROM entries")
        return int(count)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _make_room(self, sizes: Sequence[int]) -> None:
        """Let the least recently used entries leave until the file need not grow over its bound."""
        most = self.max_bytes // self.page_bytes
        needed = 8 + round(sum(map(self._pages_of, sizes)))
        if self._pages_in_use() + needed <= most:
            return
        # A little more room than is needed now, so that not every write has to make some.
        while self._pages_in_use() + needed > most - most // 32:
            left = self.connection.execute(
                "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries ORDER BY used, rowid LIMIT ?)",
                (LEAVING_AT_ONCE,),
            )
            if left.rowcount <= 0:
                break

    def _shrink(self) -> None:
        """Give pages back, where the bound was higher before."""
        surplus = self._number("page_count") - self.max_bytes // self.page_bytes
        if surplus > 0:
            # `execute` would give back one page.
            self.connection.executescript(f"PRAGMA incremental_vacuum({surplus})")

    def _pages_of(self, size: int) -> float:
        """Pages that an entry takes: rows do not go on to the next page, but for what is larger than one."""
        row = size + ROW_BYTES
        fitting = self.page_bytes // row
        return INDEX_BYTES / self.page_bytes + (1 / fitting if fitting else row // self.page_bytes + 1)

    def _pages_in_use(self) -> int:
        return self._number("page_count") - self._number("freelist_count")

    def _number(self, pragma: str) -> int:
        [(number,)] = self.connection.execute(f"PRAGMA {pragma}")
        return int(number)


def create_database(file: Path) -> None:
    """Make an empty file of entries."""
    connection = _connect(f"file:{quote(str(file))}?mode=rwc")
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        for statement in SCHEMA.values():
            connection.execute(statement)
    finally:
        connection.close()


def checksum(key: bytes, content: bytes) -> bytes:
    """Return the checksum of an entry, BLAKE2b."""
    return hashlib.blake2b(key + content, digest_size=CHECKSUM_BYTES).digest()


def _connect(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    # Nothing in a schema that somebody else wrote may run; and a log that is not yet in the file survives this process.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _portions(entries: Sequence[Entry], most: int) -> Iterator[list[Entry]]:
    portion: list[Entry] = []
    size = 0
    for key, content in entries:
        if len(content) > most:
            continue
        if size + len(content) > most:
            yield portion
            portion, size = [], 0
        portion.append((key, content))
        size += len(content)
    if portion:
        yield portion
