import numpy as np
import pytest

import kerasbert as kb
from kerasbert.caching.keys import KEY_BYTES, text_keys
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays


def windows(lists, counts):
    offsets = np.cumsum([0, *counts])
    return WindowArrays(TokenArrays.from_lists(lists), offsets, np.zeros(len(counts), bool), 64)


def test_a_key_does_not_depend_on_the_texts_beside():
    tokens = TokenArrays.from_lists([[2, 5, 3], [2, 3], [2, 5, 6, 3]])
    keys = text_keys(tokens, b"seed")
    assert [len(key) for key in keys] == [KEY_BYTES] * 3
    assert keys == [text_keys(tokens.take([row]), b"seed")[0] for row in range(3)]
    assert keys[::-1] == text_keys(tokens.take([2, 1, 0]), b"seed") and text_keys(tokens.take([]), b"seed") == []


ALIKE = {
    "ids": ([[2, 5, 3]], [[2, 6, 3]], None, None),
    "length": ([[2, 5]], [[2, 5, 0]], None, None),
    "empty": ([[]], [[0]], None, None),
    "types": ([[2, 5, 3]], [[2, 5, 3]], [[0, 0, 0]], [[0, 1, 1]]),
}


@pytest.mark.parametrize(("one", "other", "types", "other_types"), ALIKE.values(), ids=ALIKE)
def test_other_tokens_have_another_key(one, other, types, other_types):
    keys = [text_keys(TokenArrays.from_lists(*given), b"s") for given in ((one, types), (other, other_types))]
    assert keys[0] != keys[1]


def test_another_seed_gives_another_key():
    tokens = TokenArrays.from_lists([[2, 5, 3]])
    assert text_keys(tokens, b"one") != text_keys(tokens, b"other")


def test_where_windows_end_is_part_of_the_key():
    tokens = [windows([[2, 5], [6, 3]], [2]), windows([[2, 5, 6], [3]], [2]), windows([[2, 5, 6, 3]], [1])]
    keys = {text_keys(one, b"s")[0] for one in tokens} | set(text_keys(TokenArrays.from_lists([[2, 5, 6, 3]]), b"s"))
    assert len(keys) == 4
    both = windows([[2, 9], [2, 5], [6, 3]], [1, 2])
    assert text_keys(both, b"s")[1] == text_keys(tokens[0], b"s")[0]


def test_texts_that_are_cut_alike_share_a_key(tiny_folder):
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=4)
    one, same, other = text_keys(tokenizer.encode(["good card late", "Good  card lost parcel", "bad"]), b"s")
    assert one == same != other
    single, pair = (text_keys(tokenizer.encode(["good"], pairs), b"s") for pairs in (None, ["card"]))
    assert single != pair
