import json

import pytest
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import models

from kerasbert import KerasbertWarning
from kerasbert.data import Tokenizer
from kerasbert.tokenization.given_tokenizers import as_tokenizer

transformers = pytest.importorskip("transformers")
TEXTS = ["hello [SEP] world", "unhappily a", "[USER] b"]


@pytest.fixture
def theirs(toy_folder):
    (toy_folder / "config.json").write_text('{"model_type": "bert"}')
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(toy_folder))
    tokenizer.add_special_tokens({"extra_special_tokens": ["[USER]"]})
    return tokenizer


FORMS = {
    "folder": lambda tokenizer, folder: folder,
    "text": lambda tokenizer, folder: str(folder),
    "transformers": lambda tokenizer, folder: tokenizer,
    "tokenizers": lambda tokenizer, folder: tokenizer.backend_tokenizer,
    "text encoder": lambda tokenizer, folder: Tokenizer.from_folder(folder),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("split", [True, False])
def test_every_form_gives_the_ids_of_transformers(form, split, theirs, tmp_path):
    theirs.save_pretrained(str(tmp_path / "saved"))
    given = FORMS[form](theirs, tmp_path / "saved")
    encoder = as_tokenizer(given, positions=40, split_special_tokens=split)
    ids = [encoder.encode([text]).input_ids.tolist() for text in TEXTS]
    expected = theirs(TEXTS)["input_ids"]
    assert ids[1:] == expected[1:] and (ids[0] == expected[0]) is not split
    assert encoder.split_special_tokens is split and encoder is not given


@pytest.mark.parametrize("form", FORMS)
def test_the_length_is_the_models_or_the_callers(form, theirs, tmp_path):
    theirs.save_pretrained(str(tmp_path / "saved"))
    given = FORMS[form](theirs, tmp_path / "saved")
    assert as_tokenizer(given, positions=40).max_length == 40
    assert as_tokenizer(given, positions=40, max_length=9).max_length == 9


def test_the_tokenizers_own_length(theirs, toy_folder):
    theirs.model_max_length = 12
    assert as_tokenizer(theirs, positions=40).max_length == 12
    (toy_folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 13, "do_lower_case": True}))
    assert as_tokenizer(toy_folder, positions=40).max_length == 13
    assert as_tokenizer(Tokenizer.from_folder(toy_folder, max_length=7), positions=40).max_length == 7


def test_a_text_encoder_stays_as_it_was(toy_folder):
    encoder = Tokenizer.from_folder(toy_folder, max_length=20)
    as_tokenizer(encoder, positions=40, max_length=5, split_special_tokens=False)
    assert (encoder.max_length, encoder.split_special_tokens) == (20, True)


def test_what_transformers_would_read_is_told(theirs):
    with pytest.warns(KerasbertWarning, match=r"spells the special token \[SEP\]"):
        as_tokenizer(theirs, positions=40).encode(TEXTS)


@pytest.mark.parametrize("value", [3, b"bert", ["a"], models.BPE()], ids=["number", "bytes", "list", "model"])
def test_other_kinds_are_refused(value):
    with pytest.raises(TypeError, match="`tokenizer` must be a Tokenizer, a name or folder, .* got .* of type"):
        as_tokenizer(value, positions=40)


def test_names_of_special_tokens_come_along():
    tokenizer = FastTokenizer(models.WordLevel({"a": 0, "nothing": 1, "pad": 2}, unk_token="nothing"))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="pad", unk_token="nothing")
    encoder = as_tokenizer(fast, positions=8)
    assert (encoder.pad_id, encoder.encode(["a b"]).input_ids.tolist()) == (2, [1])
