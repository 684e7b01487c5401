"""Every malformed vocabulary or tokenizer gets its own error when it is loaded, not at the first unlucky text."""

import malformed_tokenizers as corpus
import pytest

from kerasbert import KerasBertError
from kerasbert.tokenization.tokenizer import Tokenizer


@pytest.mark.parametrize("case", corpus.CASES.values(), ids=corpus.CASES)
def test_malformed_tokenizer(case, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    case.good(tmp_path)
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'sentinel')!r}, 'w')")
    case.spoil(tmp_path)
    with pytest.raises(case.error, match=case.message) as caught:
        Tokenizer.from_folder(tmp_path)
    assert isinstance(caught.value, KerasBertError) and len(str(caught.value)) < 600
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize("good", [corpus.vocabulary_only, corpus.tokenizer_json, corpus.byte_level])
def test_good_folders_load(good, tmp_path):
    good(tmp_path)
    assert Tokenizer.from_folder(tmp_path).encode(["hello"]).lengths[0] >= 3


def test_no_case_is_lost():
    counts = {"vocabularies": len(corpus.VOCABULARIES), "tokenizers": len(corpus.TOKENIZERS)}
    assert counts == corpus.COUNTS and sum(counts.values()) == len(corpus.CASES)


def test_what_the_library_cannot_encode_is_told(monkeypatch):
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import models

    words = FastTokenizer(models.WordLevel({"[PAD]": 0, "a": 1}, unk_token="[UNK]"))
    with pytest.raises(KerasBertError, match=r"The tokenizer cannot encode these texts: .*Missing \[UNK\]"):
        Tokenizer(words).encode(["b"])
