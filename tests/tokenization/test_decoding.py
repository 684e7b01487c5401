import numpy as np
import pytest
import tensorflow as tf

from kerasbert import DataError
from kerasbert.data import Tokenizer

TEXTS = ["Hello, WORLD!", "isn't it 3.14% of $5?! #tag", "naïve café, “quoted” (really)...", "", "unaffable 你好"]


@pytest.mark.parametrize("skip", [False, True], ids=["all", "without special tokens"])
def test_texts_and_tokens_are_those_of_transformers(skip, minilm, hugging_face):
    ids = minilm(TEXTS)["input_ids"]
    expected = hugging_face.batch_decode(ids, skip_special_tokens=skip)
    assert minilm.batch_decode(ids, skip_special_tokens=skip) == expected
    assert [minilm.decode(row, skip_special_tokens=skip) for row in ids.tolist()] == expected
    for row in ids:
        tokens = minilm.convert_ids_to_tokens(row, skip_special_tokens=skip)
        assert tokens == hugging_face.convert_ids_to_tokens(row.tolist(), skip_special_tokens=skip)


def test_every_form_of_ids_is_read(minilm, hugging_face):
    encoded = minilm.encode(TEXTS[:2])
    ids = [encoded.take([row]).input_ids for row in (0, 1)]
    expected = hugging_face.batch_decode([one.tolist() for one in ids], skip_special_tokens=True)
    assert expected[0] == "hello, world!"
    for form in (encoded, ids, [one.tolist() for one in ids], [tf.constant(one) for one in ids]):
        assert minilm.batch_decode(form, skip_special_tokens=True) == expected
    assert minilm.decode([]) == "" and minilm.batch_decode([]) == []


def test_one_id_is_one_token(minilm):
    assert minilm.convert_ids_to_tokens(101) == minilm.convert_ids_to_tokens(np.int32(101)) == "[CLS]"
    assert len(minilm) == minilm.vocabulary_size == 30522


WRONG = {
    "too large": (
        lambda toy: toy.decode([2, 99]),
        DataError,
        "`ids` holds 99, which is no id of the vocabulary of 21 tokens",
    ),
    "negative": (lambda toy: toy.convert_ids_to_tokens(-1), DataError, "`ids` holds -1, which is no id"),
    "rows": (lambda toy: toy.decode([[2, 3]]), TypeError, "must be one row of token ids; .* read by batch_decode"),
    "floats": (lambda toy: toy.decode([2.0]), TypeError, "`ids` must be one row of token ids"),
    "a text": (lambda toy: toy.batch_decode("abc"), TypeError, "`sequences` must be rows of token ids; got 'abc'"),
    "one row": (lambda toy: toy.batch_decode(np.array([2, 3])), TypeError, "One row is read by decode"),
    "a flag": (lambda toy: toy.decode([2], skip_special_tokens=1), TypeError, "must be True or False; got 1"),
}


@pytest.mark.parametrize(("decode", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_are_no_ids_is_refused(decode, error, message, toy_folder):
    with pytest.raises(error, match=message):
        decode(Tokenizer.from_folder(toy_folder))
