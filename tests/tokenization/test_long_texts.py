import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.data import LongTexts, Tokenizer, make_batches
from kerasbert.tokenization.long_texts import cut_windows, group_rows, window_rows

TEXTS = ["good bad " * 12, "late", "", "lost refund please where is my parcel", "card ! " * 40, "thanks"]


def slow_windows(ids, room, overlap, budget):
    """Windows of one text by a plain loop: as few as overlap enough, spread evenly from its start to its end."""
    if len(ids) <= room:
        return [list(ids)]
    count = 1
    while room + (count - 1) * (room - overlap) < len(ids):
        count += 1
    count = min(count, budget)
    starts = [(len(ids) - room) * k // max(count - 1, 1) for k in range(count)]
    return [list(ids[start : start + room]) for start in starts]


@pytest.mark.parametrize(("room", "overlap", "budget"), [(8, 2, 64), (8, 0, 64), (5, 4, 64), (8, 2, 3), (1, 0, 64)])
def test_windows_equal_a_plain_loop(room, overlap, budget):
    bodies = [np.arange(length) + 100 * length for length in (0, 1, 7, 8, 9, 14, 15, 40)]
    offsets = np.cumsum([0, *map(len, bodies)])
    long_texts = LongTexts("windows", overlap, budget)
    (ids, ends), counts, is_cut = cut_windows((np.concatenate(bodies), offsets), room, long_texts)
    found = [ids[a:b].tolist() for a, b in zip(ends[:-1], ends[1:], strict=True)]
    expected = [slow_windows(body, room, overlap, budget) for body in bodies]
    assert found == [window for windows in expected for window in windows]
    assert counts.tolist() == list(map(len, expected))
    assert is_cut.tolist() == [len(w) < len(slow_windows(b, room, overlap, 10**6)) for w, b in zip(expected, bodies, strict=True)]  # fmt: skip


def test_windows_cover_the_text_and_overlap(tiny_folder):
    whole = Tokenizer.from_folder(tiny_folder, max_length=200).encode(TEXTS[4:5]).input_ids[1:-1]
    encoder = Tokenizer.from_folder(tiny_folder, max_length=10, long_texts=LongTexts("windows", 3))
    windows = encoder.encode(TEXTS[4:5]).windows
    rows = np.split(windows.input_ids, windows.offsets[1:-1])
    assert all(row[0] == 2 and row[-1] == 3 and len(row) == 10 for row in rows)
    starts = (len(whole) - 8) * np.arange(len(rows)) // (len(rows) - 1)
    assert all(np.array_equal(row[1:-1], whole[start : start + 8]) for row, start in zip(rows, starts, strict=True))
    assert np.diff(starts).max() <= 5 and starts[-1] + 8 == len(whole)


def test_head_and_tail_of_a_long_text(tiny_folder):
    whole = Tokenizer.from_folder(tiny_folder, max_length=200).encode(TEXTS)
    ends = Tokenizer.from_folder(tiny_folder, max_length=10, long_texts=LongTexts("head_tail")).encode(TEXTS)
    for index in range(len(TEXTS)):
        body = whole.take([index]).input_ids[1:-1].tolist()
        kept = ends.take([index]).input_ids[1:-1].tolist()
        assert kept == (body if len(body) <= 8 else body[:2] + body[-6:])
    assert ends.num_truncated == sum(whole.lengths > 10) and ends.lengths.max() == 10


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_hold_every_window_once_and_keep_the_budget(shuffle, tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows", 2, 16))
    texts = encoder.encode(TEXTS * 5)
    labels = np.arange(30)
    batches = make_batches(texts, labels, batch_size=4, shuffle=shuffle, seed=1, by_length=not shuffle)
    orders = []
    for _ in range(2):
        seen = []
        for inputs, rows in batches.dataset:
            seen.extend(rows.numpy().tolist())
            expected = texts.take(rows.numpy()).padded()
            width = expected["input_ids"].shape[1]
            assert np.array_equal(inputs["window_rows"], expected["window_rows"])
            assert np.array_equal(inputs["input_ids"][:, :width], expected["input_ids"])
            assert np.array_equal(inputs["attention_mask"][:, :width], expected["attention_mask"])
            assert len(expected["input_ids"]) <= 16 and len(rows) <= 4
        assert sorted(seen) == list(range(30)) and batches.steps == len(list(batches._plan(0)))
        orders.append(seen)
    assert (orders[0] != orders[1]) == shuffle
    assert shuffle or orders[0] == batches.order.tolist()


def test_windows_come_in_the_order_of_the_texts(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows", 2, 16))
    batches = make_batches(encoder.encode(TEXTS), np.arange(len(TEXTS)), batch_size=4)
    assert [row for _, rows in batches.dataset for row in rows.numpy()] == list(range(len(TEXTS)))


def test_no_texts(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows"))
    assert len(encoder.encode([])) == 0 and encoder.encode([]).num_truncated == 0


def test_rows_count_windows_from_one():
    assert window_rows(np.array([1, 3, 2])).tolist() == [[1, 0, 0], [2, 3, 4], [5, 6, 0]]


def test_a_group_never_exceeds_the_budget(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows", 0, 5))
    texts = encoder.encode(TEXTS)
    groups = group_rows(texts, np.arange(len(texts)), 3)
    assert [row for group in groups for row in group] == list(range(6))
    assert all(texts.counts[group].sum() <= 5 for group in groups) and texts.num_truncated == 1


def test_tokens_of_an_encoder_of_windows(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=6, long_texts=LongTexts("windows"))
    assert encoder.tokens("good bad late lost refund") == ["[CLS]", "good", "bad", "late", "lost", "[SEP]"]


BAD = {
    "way": (lambda: LongTexts("window"), "`long_texts` must be one of .* Did you mean 'windows'"),
    "budget": (lambda: LongTexts("windows", budget=0), "`max_windows_per_batch` must be an integer >= 1; got 0"),
    "overlap": (lambda: LongTexts("windows", -1), "`window_overlap` must be an integer >= 0; got -1"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_settings(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_an_overlap_as_long_as_the_window(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows", 6))
    with pytest.raises(ConfigError, match="`window_overlap` must be below the 6 tokens of a text in a window; got 6"):
        encoder.encode(["a"])


def test_pairs_are_refused(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows"))
    with pytest.raises(ConfigError, match="`long_texts` must be 'truncate' with pairs of texts; got 'windows'"):
        encoder.encode(["a"], ["b"])


def test_labels_of_another_number(tiny_folder):
    encoder = Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=LongTexts("windows"))
    with pytest.raises(DataError, match="must have one row for each text"):
        make_batches(encoder.encode(TEXTS), np.zeros(3))
