import numpy as np

from kerasbert.reading.text_facts import NUM_BINS, TextCollector, _bins, as_lists, cut_text


def test_bars_hold_every_text():
    counts = np.arange(131)
    bins = _bins(counts)
    assert len(bins) <= NUM_BINS and bins[-1][0] >= 130
    assert sum(count for _, count in bins) == counts.sum()
    assert bins[0] == (5, counts[:6].sum()) and bins[1] == (11, counts[6:12].sum())


def test_groups_of_equal_texts():
    collector = TextCollector()
    collector.add([2, 3, 4], ["a", "A ", "b"], None, [(0,), (1,), (0,)])
    collector.add([5, 6], ["b", "a"], None, [(0,), (0,)])
    repeated, equal, unequal = collector.groups()
    assert repeated == 3 and [group.tolist() for group in equal] == [[0, 1, 4], [2, 3]]
    assert [group.tolist() for group in unequal] == [[0, 1, 4]]
    assert collector.different_labels(unequal[0]) == [(0,), (1,)]
    assert TextCollector().groups() == (0, [], [])


def test_pieces_and_lines():
    assert list(as_lists(iter(range(5)), 2)) == [[0, 1], [2, 3], [4]]
    assert cut_text("a\n b") == "a b" and cut_text("x" * 200, 10) == "x" * 9 + "…"
