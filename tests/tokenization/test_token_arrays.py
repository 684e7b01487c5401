import types

import numpy as np
import pytest

from kerasbert.tokenization.token_arrays import TemplatePart, TokenArrays, assemble, ranges, template_of

LISTS = [[2, 5, 3], [2, 3], [], [2, 6, 7, 3]]
FIRST, SECOND, THIRD = TemplatePart(2, None, 0), TemplatePart(3, None, 0), TemplatePart(3, None, 1)
PAIR = [FIRST, TemplatePart(None, 0, 0), SECOND, TemplatePart(None, 1, 1), THIRD]


def lists_of(tokens):
    return [tokens.input_ids[a:b].tolist() for a, b in zip(tokens.offsets, tokens.offsets[1:], strict=False)]


def test_from_lists():
    tokens = TokenArrays.from_lists(LISTS)
    assert (lists_of(tokens), tokens.lengths.tolist(), len(tokens)) == (LISTS, [3, 2, 0, 4], 4)
    assert (tokens.input_ids.dtype, tokens.token_type_ids.dtype, tokens.offsets.dtype) == (np.int32, np.uint8, np.int64)


def test_from_lists_with_types():
    assert TokenArrays.from_lists([[2, 5, 3]], [[0, 1, 1]]).token_type_ids.tolist() == [0, 1, 1]


def test_from_no_lists():
    tokens = TokenArrays.from_lists([])
    assert (len(tokens), tokens.num_truncated, tokens.offsets.tolist()) == (0, 0, [0])


def test_take():
    taken = TokenArrays.from_lists(LISTS).take(np.array([3, 0, 3, 2]))
    assert lists_of(taken) == [LISTS[3], LISTS[0], LISTS[3], []]


def test_take_counts_the_cut_texts_again():
    tokens = TokenArrays(np.zeros(3, "int32"), np.zeros(3, "uint8"), np.arange(4), np.array([True, False, True]))
    assert (tokens.num_truncated, tokens.take([0, 1]).num_truncated, tokens.take([]).num_truncated) == (2, 1, 0)


def test_ranges():
    random = np.random.default_rng(0)
    starts, lengths = random.integers(0, 50, 20), random.integers(0, 5, 20)
    expected = [start + step for start, length in zip(starts, lengths, strict=True) for step in range(length)]
    assert ranges(starts, lengths).tolist() == expected


def test_padded_is_what_a_padding_tokenizer_gives(tiny_folder):
    from transformers import AutoTokenizer

    from kerasbert.data import Tokenizer

    texts = ["good parcel", "thanks", "where is my lost card ?"]
    expected = AutoTokenizer.from_pretrained(tiny_folder)(texts, padding=True, return_tensors="np")
    ours = Tokenizer.from_folder(tiny_folder)(texts)
    assert set(ours) == {"input_ids", "attention_mask", "token_type_ids"}
    for name, value in ours.items():
        assert value.dtype == np.int32
        np.testing.assert_array_equal(value, expected[name])


def test_joined_arrays_are_those_of_all_texts():
    lists = [[2, 5, 3], [2, 3], [2, 7, 8, 3]]
    whole, parts = TokenArrays.from_lists(lists), [TokenArrays.from_lists(lists[:2]), TokenArrays.from_lists(lists[2:])]
    joined = TokenArrays.concatenate(parts, 8)
    for name in ("input_ids", "token_type_ids", "offsets"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name))
    assert joined.is_truncated is None and joined.max_length == 8 and len(TokenArrays.concatenate([])) == 0


def test_texts_that_nobody_cut_join_those_that_were():
    cut = TokenArrays(np.array([2, 3], np.int32), np.zeros(2, np.uint8), np.array([0, 2]), np.array([True]))
    joined = TokenArrays.concatenate([TokenArrays.from_lists([[2, 3]]), cut])
    assert joined.is_truncated.tolist() == [False, True] and joined.num_truncated == 1


def pieces(*texts):
    return np.array([number for text in texts for number in text]), np.cumsum([0, *map(len, texts)])


def test_the_template_of_a_pair():
    probe = types.SimpleNamespace(
        ids=[2, 10, 11, 3, 12, 3], sequence_ids=[None, 0, 0, None, 1, None], type_ids=[0, 0, 0, 0, 1, 1]
    )
    assert template_of(probe) == PAIR


def test_texts_between_special_tokens():
    found = assemble([FIRST, TemplatePart(None, 0, 0), SECOND], [pieces([10, 11, 12], [], [13])], 4)
    assert found.input_ids.tolist() == [2, 10, 11, 3, 2, 3, 2, 13, 3]
    assert found.offsets.tolist() == [0, 4, 6, 9] and found.is_truncated.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([10, 11, 12, 13], [20], [2, 10, 11, 12, 3, 20, 3]),
        ([10], [20, 21, 22, 23], [2, 10, 3, 20, 21, 22, 3]),
        ([10, 11, 12], [20, 21, 22], [2, 10, 11, 3, 20, 21, 3]),
    ],
    ids=["first longer", "second longer", "as long"],
)
def test_the_longer_text_of_a_pair_is_cut_first(first, second, expected):
    found = assemble(PAIR, [pieces(first), pieces(second)], 7)
    assert found.input_ids.tolist() == expected
    assert found.token_type_ids.tolist() == [0] * (expected.index(3) + 1) + [1] * (6 - expected.index(3))
