import sys

import numpy as np
import pytest
import tensorflow as tf

from kerasbert import ConfigError
from kerasbert.data import LongTexts, Tokenizer

TEXTS = ["Hello, WORLD!", "", "where is my parcel? I have been waiting for it since last week"]
PAIRS = ["good", "bad", "late"]


CALLS = {
    "longest": {"padding": True, "truncation": True, "return_tensors": "np"},
    "longest by name": {"padding": "longest", "truncation": "longest_first", "return_tensors": "np"},
    "cut": {"padding": True, "truncation": True, "max_length": 8, "return_tensors": "np"},
    "fixed": {"padding": "max_length", "truncation": True, "max_length": 20, "return_tensors": "np"},
    "uncut": {"padding": True, "truncation": False, "return_tensors": "np"},
    "tensors of PyTorch": {"padding": "max_length", "truncation": True, "max_length": 20, "return_tensors": "pt"},
    "lists": {"padding": False, "truncation": True, "return_tensors": None},
    "lists of one length": {"padding": True, "truncation": True, "return_tensors": None},
    "lists by name": {"padding": "do_not_pad", "truncation": "do_not_truncate", "return_tensors": None},
}


@pytest.mark.parametrize("pairs", [None, PAIRS], ids=["texts", "pairs"])
@pytest.mark.parametrize("options", CALLS.values(), ids=CALLS)
def test_a_call_gives_what_transformers_gives(options, pairs, minilm, hugging_face):
    ours, theirs = minilm(TEXTS, pairs, **options), hugging_face(TEXTS, pairs, **options)
    assert sorted(ours) == sorted(theirs)
    for name, value in ours.items():
        if options["return_tensors"] is None:
            assert value == theirs[name]
        else:
            assert np.array_equal(value, theirs[name])


def test_one_text_gives_one_row_or_one_list(minilm, hugging_face):
    assert minilm("hello")["input_ids"].shape == (1, 3)
    expected = hugging_face("hello")
    assert minilm("hello", padding=False, return_tensors=None) == dict(expected)
    assert minilm([], padding=False, return_tensors=None) == {name: [] for name in expected}


def test_the_length_of_the_tokenizer_is_the_fixed_one(minilm_folder):
    short = Tokenizer.from_folder(minilm_folder, max_length=12)
    assert short("hello", padding="max_length")["attention_mask"].tolist() == [[1] * 3 + [0] * 9]
    assert short.max_length == 12 and short("hello " * 30, max_length=20)["input_ids"].shape == (1, 20)


def test_tensors_of_tensorflow(minilm):
    found = minilm(TEXTS, return_tensors="tf")
    assert all(isinstance(value, tf.Tensor) for value in found.values())
    assert np.array_equal(found["input_ids"], minilm(TEXTS)["input_ids"])


def test_windows_are_padded_to_a_fixed_length(minilm_folder):
    tokens = Tokenizer.from_folder(minilm_folder, max_length=12, long_texts=LongTexts("windows"))
    found = tokens(TEXTS, padding="max_length")
    assert found["input_ids"].shape[1] == 12 and "window_rows" in found


WRONG = {
    "padding": (
        {"padding": "max_len"},
        "`padding` must be one of True, False, 'longest', .*got 'max_len'. Did you mean 'max_length'",
    ),
    "a number": ({"padding": 1}, "`padding` must be one of .*got 1"),
    "truncation": (
        {"truncation": "only_first"},
        "`truncation` must be one of True, False, 'longest_first'.*got 'only_first'",
    ),
    "tensors": ({"return_tensors": "jax"}, "`return_tensors` must be one of None, 'np', 'tf', 'pt'; got 'jax'"),
    "ragged": (
        {"padding": False},
        "`padding` must be True or 'max_length' with return_tensors='np', .* Write return_tensors",
    ),
    "length": ({"max_length": 2}, "`max_length` must be an integer >= 3 .* got 2"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_followed_is_refused(options, message, toy_folder):
    with pytest.raises(ConfigError, match=message):
        Tokenizer.from_folder(toy_folder)(["hello"], **options)


def test_other_arguments_of_transformers_are_refused_by_name(toy_folder):
    with pytest.raises(TypeError, match="no argument 'stride'; it takes .*`padding`, `truncation`, `max_length`"):
        Tokenizer.from_folder(toy_folder)(["hello"], stride=4)


def test_a_missing_pytorch_is_told(toy_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigError, match=r"needs PyTorch; run pip install 'kerasbert\[torch\]'"):
        Tokenizer.from_folder(toy_folder)("hello", return_tensors="pt")
