"""Entries in memory, of which the least recently used leave first."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

# What Python keeps beside the bytes of an entry: two objects and a place in the dict.
ENTRY_OVERHEAD = 220


class MemoryEntries:
    """Bytes by key, up to a number of bytes in all; reading an entry makes it the most recently used.

    Args:
        max_bytes: bound on what the entries take, with what Python keeps beside them.

    Example:
        >>> entries = MemoryEntries(2 * (ENTRY_OVERHEAD + 1))
        >>> entries.put({b"a": b"1", b"b": b"2"})
        >>> entries.get([b"a"]), entries.put({b"c": b"3"}), entries.get([b"a", b"b", b"c"])
        ({b'a': b'1'}, None, {b'a': b'1', b'c': b'3'})
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.num_bytes = max_bytes, 0
        self._entries: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the entries of those keys that are there."""
        found, entries = {}, self._entries
        for key in keys:
            value = entries.get(key)
            if value is not None:
                entries.move_to_end(key)
                found[key] = value
        return found

    def put(self, new: Mapping[bytes, bytes]) -> None:
        """Keep entries; those that are larger than all room are left out."""
        for key, value in new.items():
            size = len(value) + ENTRY_OVERHEAD
            if key not in self._entries and size <= self.max_bytes:
                self._entries[key] = value
                self.num_bytes += size
        while self.num_bytes > self.max_bytes:
            _, value = self._entries.popitem(last=False)
            self.num_bytes -= len(value) + ENTRY_OVERHEAD

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.num_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)
