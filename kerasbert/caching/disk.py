"""`DiskEntries`: entries on disk. Whatever happens there, an answer is never wrong and never fails."""

import contextlib
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from kerasbert._core.errors import ArtifactError, KerasbertWarning
from kerasbert.caching.database import DamagedError, Database, Entry
from kerasbert.caching.folder import CacheFolder

Result = TypeVar("Result")

# How long the disk is left alone after a lock that did not open, and after any other trouble.
LOCKED_SECONDS = 5.0
TROUBLE_SECONDS = 60.0
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}


class DiskEntries:
    """Entries in the folder of a cache; a damaged file is replaced, and a disk that fails is left alone for a while.

    Each trouble is told once, as a `KerasbertWarning`.

    Args:
        folder: the folder.
        max_bytes: bound on the file of the entries.
    """

    def __init__(self, folder: CacheFolder, max_bytes: int) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        #: Entries that were found damaged, and files that were replaced.
        self.num_damaged = 0
        self._database: Database | None = None
        self._file: Path | None = None
        self._version: tuple[int, ...] | None = None
        self._rests_until = 0.0
        self._told: set[str] = set()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the entries of those keys that are there; none where the disk fails."""

        def read(database: Database) -> dict[bytes, bytes]:
            before = len(database.damaged)
            found = database.read(keys)
            if len(database.damaged) > before:
                self.num_damaged += len(database.damaged) - before
                self._tell("damaged", "holds damaged entries, which are computed again")
            return found

        return self._attempt(read) or {}

    def put(self, entries: Sequence[Entry], used: Iterable[bytes] = ()) -> None:
        """Add entries, and note which others were used."""
        self._attempt(lambda database: database.write(entries, used))

    def measure(self) -> tuple[int, int]:
        """Return how many entries there are, and the bytes of their file."""
        return self._attempt(lambda database: (len(database), database.num_bytes)) or (0, 0)

    def clear(self) -> None:
        """Replace the file by an empty one."""
        self._attempt(lambda database: self._replace())

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def leave(self) -> "DiskEntries":
        """Return the same for a process that was forked, where a connection of its parent is of no use."""
        return DiskEntries(self.folder, self.max_bytes)

    def _attempt(self, work: Callable[[Database], Result]) -> Result | None:
        if time.monotonic() < self._rests_until:
            return None
        try:
            return work(self._opened())
        except (sqlite3.DatabaseError, DamagedError) as error:
            self._handle(error)
        except (OSError, ArtifactError) as error:
            self._rest(TROUBLE_SECONDS, "trouble", f"cannot be used ({error})")
        return None

    def _opened(self) -> Database:
        version = self.folder.version()
        if self._database is None or version is None or version != self._version:
            self.close()
            file = self.folder.described_file()
            if file is None and version is not None:
                self._tell("emptied", "was damaged or of an older format, and starts empty")
            if file is None:
                file, version = self.folder.renew(None), self.folder.version()
            self._file, self._version = file, version
            self._database = Database(file, self.max_bytes)
        return self._database

    def _replace(self) -> None:
        self.close()
        self.folder.renew(self._file)

    def _handle(self, error: Exception) -> None:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in LOCKED:
            self._rest(LOCKED_SECONDS, "locked", "is locked by another process, and is not used until it is free")
        elif primary in DAMAGED or isinstance(error, DamagedError):
            self.num_damaged += 1
            self._tell("emptied", f"was damaged ({error}), and starts empty")
            try:
                self._replace()
            except (sqlite3.DatabaseError, OSError, ArtifactError) as failed:
                self._rest(TROUBLE_SECONDS, "trouble", f"cannot be used ({failed})")
        else:
            self._rest(TROUBLE_SECONDS, "trouble", f"cannot be used ({error})")

    def _rest(self, seconds: float, trouble: str, what: str) -> None:
        self.close()
        self._rests_until = time.monotonic() + seconds
        self._tell(trouble, f"{what}; answers do not need it")

    def _tell(self, trouble: str, what: str) -> None:
        if trouble not in self._told:
            self._told.add(trouble)
            warnings.warn(f"The cache {str(self.folder.path)!r} {what}.", KerasbertWarning, stacklevel=8)
