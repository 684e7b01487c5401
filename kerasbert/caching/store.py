"""`EntryStore`: entries in memory in front of those on disk."""

import time
from collections.abc import Mapping, Sequence

from kerasbert.caching.disk import DiskEntries
from kerasbert.caching.memory import MemoryEntries

# The disk is told which entries were used when so many were, or after so long, or with the next new ones.
MOST_USED = 4096
USED_SECONDS = 60.0


class EntryStore:
    """Entries by key, in memory and, where there is one, on disk.

    Args:
        disk: entries on disk; None: memory alone.
        max_memory_bytes: bound on the memory.
    """

    def __init__(self, disk: DiskEntries | None, max_memory_bytes: int) -> None:
        self.disk, self.memory = disk, MemoryEntries(max_memory_bytes)
        self._used: set[bytes] = set()
        self._told_at = time.monotonic()

    def get(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        """Return the entries that are in memory, and those that only the disk has."""
        held = self.memory.get(keys)
        if self.disk is None:
            return held, {}
        missing = [key for key in keys if key not in held] if held else keys
        read = self.disk.get(missing) if missing else {}
        self.memory.put(read)
        self._used.update(held, read)
        if len(self._used) >= MOST_USED or (self._used and time.monotonic() - self._told_at > USED_SECONDS):
            self.flush()
        return held, read

    def put(self, entries: Mapping[bytes, bytes]) -> None:
        """Add entries."""
        self.memory.put(entries)
        if self.disk is not None:
            self._write(list(entries.items()))

    def flush(self) -> None:
        """Tell the disk which entries were used."""
        if self.disk is not None and self._used:
            self._write([])

    def clear(self) -> None:
        """Forget everything, in memory and on disk."""
        self.memory.clear()
        self._used.clear()
        if self.disk is not None:
            self.disk.clear()

    def close(self) -> None:
        """Close the disk."""
        self.flush()
        if self.disk is not None:
            self.disk.close()

    def _write(self, entries: Sequence[tuple[bytes, bytes]]) -> None:
        assert self.disk is not None  # for the type checker
        self.disk.put(entries, self._used)
        self._used.clear()
        self._told_at = time.monotonic()
