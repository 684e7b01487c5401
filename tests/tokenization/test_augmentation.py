"""Augmentation: rates as asked, special tokens left alone, words whole, the same for the same seed."""

import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.data import Tokenizer
from kerasbert.tokenization.augmentation import (
    CONTINUES,
    SPECIAL,
    STARTS,
    Augmentation,
    augment_step,
    parse_augmentation,
)

# [PAD] [UNK] [CLS] [SEP] [MASK], then words 5 to 44, of which the odd ones go on with the word before.
KINDS = np.array([SPECIAL, STARTS, SPECIAL, SPECIAL, SPECIAL, *([CONTINUES, STARTS] * 20)], dtype=np.uint8)
MASK = 4
ROWS, WORDS, LENGTH = 300, 9, 24


def inputs_of(texts):
    """[CLS] text [SEP], padded; of type 1 behind a first [SEP] inside."""
    ids = np.zeros((len(texts), LENGTH), dtype=np.int32)
    types = np.zeros_like(ids)
    for row, text in enumerate(texts):
        whole = [2, *text, 3]
        ids[row, : len(whole)] = whole
        if 3 in text:
            types[row, text.index(3) + 2 : len(whole)] = 1
    return {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int32), "token_type_ids": types}


def some_texts(seed=0):
    """Words of two pieces each, an even and an odd id."""
    starts = 6 + 2 * np.random.default_rng(seed).integers(0, 19, (ROWS, WORDS))
    return [[token for start in row for token in (start, start + 1)] for row in starts.tolist()]


def augmented(texts, number=0, seed=0, **rates):
    step = augment_step(Augmentation(KINDS, MASK, **rates), seed, 0)
    return {name: value.numpy() for name, value in step(inputs_of(texts), number).items()}


def texts_of(outputs):
    return [
        row[1 : int(mask.sum()) - 1].tolist()
        for row, mask in zip(outputs["input_ids"], outputs["attention_mask"], strict=True)
    ]


def test_tokens_are_masked_at_the_rate_and_nothing_else_changes():
    texts = some_texts()
    outputs = augmented(texts, mask=0.2)
    changed = outputs["input_ids"] != inputs_of(texts)["input_ids"]
    total = ROWS * WORDS * 2
    assert (outputs["input_ids"][changed] == MASK).all()
    assert abs(changed.sum() / total - 0.2) < 4 * np.sqrt(0.2 * 0.8 / total)
    assert changed.any(axis=0)[1 : 1 + 2 * WORDS].all()  # at every place


def test_whole_words_are_left_out_at_the_rate():
    texts = some_texts()
    outputs = augmented(texts, drop=0.3)
    left = texts_of(outputs)
    assert all(
        token % 2 == 0 and following == token + 1
        for text in left
        for token, following in zip(text[::2], text[1::2], strict=True)
    )
    assert all(is_subsequence(short, long) for short, long in zip(left, texts, strict=True))
    kept = sum(map(len, left)) / sum(map(len, texts))
    assert abs(kept - 0.7) < 4 * np.sqrt(0.3 * 0.7 / (ROWS * WORDS))
    assert (outputs["input_ids"][outputs["attention_mask"] == 0] == 0).all()


def is_subsequence(short, long):
    rest = iter(long)
    return all(token in rest for token in short)


def test_neighbouring_words_change_places_at_the_rate():
    texts = some_texts()
    moved = total = 0
    for before, after in zip(texts, texts_of(augmented(texts, swap=0.4)), strict=True):
        assert sorted(zip(before[::2], before[1::2], strict=True)) == sorted(zip(after[::2], after[1::2], strict=True))
        place = 0
        while place < WORDS:
            if before[2 * place] == after[2 * place]:
                place += 1
                continue
            assert (
                before[2 * place : 2 * place + 4]
                == after[2 * place + 2 : 2 * place + 4] + after[2 * place : 2 * place + 2]
            )
            place += 2
            moved += 2
        total += WORDS
    # Of nine words eight have a partner, and of twenty pairs of words about one is of equal ones.
    assert abs(moved / total - 0.4 * 8 / 9 * 18 / 19) < 0.03


@pytest.mark.parametrize(
    "rates", [{"mask": 0.9}, {"drop": 0.9}, {"swap": 0.9}, {"mask": 0.5, "drop": 0.5, "swap": 0.5}]
)
def test_special_tokens_stay(rates):
    texts = [[*some[:8], 3, *some[8:16]] for some in some_texts()]
    outputs = augmented(texts, **rates)
    ids, mask = outputs["input_ids"], outputs["attention_mask"]
    assert (ids[:, 0] == 2).all()
    assert ((ids == 3).sum(axis=1) == 2).all()
    assert (ids[np.arange(ROWS), mask.sum(axis=1) - 1] == 3).all()
    assert ((ids == 0) == (mask == 0)).all()
    # A second text stays behind the first one.
    for row, types in enumerate(outputs["token_type_ids"]):
        first = int(np.flatnonzero(ids[row] == 3)[0])
        size = int(mask[row].sum())
        assert types[: first + 1].tolist() == [0] * (first + 1)
        assert types[first + 1 : size].tolist() == [1] * (size - first - 1)


def test_of_no_text_all_words_go():
    assert all(map(len, texts_of(augmented([[6]] * 200, drop=0.99))))
    assert texts_of(augmented([[]] * 3, mask=0.9, drop=0.9, swap=0.9)) == [[], [], []]


def test_the_same_number_gives_the_same_tokens_and_another_gives_others():
    texts = some_texts()
    one, same, other, seed = (
        augmented(texts, number, seed, mask=0.2, drop=0.2, swap=0.2)["input_ids"].tolist()
        for number, seed in ((5, 0), (5, 0), (6, 0), (5, 1))
    )
    assert one == same
    assert one not in (other, seed)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ({"masks": 0.1}, ConfigError, "`augment` must have keys among drop, mask, swap; got 'masks'"),
        ({"mask": 1.0}, ConfigError, r"`mask` must be a number in \[0, 1\)"),
        (0.1, TypeError, "`augment` must be a dict"),
    ],
    ids=["key", "range", "type"],
)
def test_arguments_are_checked(value, error, words):
    with pytest.raises(error, match=words):
        parse_augmentation(value, KINDS, MASK)
    with pytest.raises(ConfigError, match="has no mask token"):
        Augmentation(KINDS, None, mask=0.1)


def test_a_tokenizer_tells_its_words(toy_folder, vocabulary):
    kinds = Tokenizer.from_folder(toy_folder).token_kinds()
    wanted = {
        "[PAD]": SPECIAL,
        "[CLS]": SPECIAL,
        "[SEP]": SPECIAL,
        "[MASK]": SPECIAL,
        "[UNK]": STARTS,
        "##happ": CONTINUES,
    }
    assert {token: kinds[vocabulary.index(token)] for token in wanted} == wanted
    assert kinds[vocabulary.index("hello")] == STARTS
