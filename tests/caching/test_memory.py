from kerasbert.caching.memory import ENTRY_OVERHEAD, MemoryEntries


def test_the_least_recently_used_leave():
    entries = MemoryEntries(3 * (ENTRY_OVERHEAD + 10))
    for name in (b"a", b"b", b"c"):
        entries.put({name: bytes(10)})
    entries.get([b"a"])
    entries.put({b"d": bytes(10)})
    assert set(entries.get([b"a", b"b", b"c", b"d"])) == {b"a", b"c", b"d"}
    assert len(entries) == 3 and entries.num_bytes == 3 * (ENTRY_OVERHEAD + 10)


def test_what_is_larger_than_all_room_is_left_out():
    entries = MemoryEntries(ENTRY_OVERHEAD + 10)
    entries.put({b"small": bytes(10)})
    entries.put({b"large": bytes(11)})
    assert set(entries.get([b"small", b"large"])) == {b"small"}


def test_an_entry_counts_once():
    entries = MemoryEntries(1_000_000)
    entries.put({b"a": bytes(10)})
    entries.put({b"a": bytes(10)})
    assert entries.num_bytes == ENTRY_OVERHEAD + 10
    entries.clear()
    assert (len(entries), entries.num_bytes, entries.get([b"a"])) == (0, 0, {})
