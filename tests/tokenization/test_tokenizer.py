import copy
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasbert import ConfigError, DataError
from kerasbert.tokenization import tokenizer as module
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import DEFAULT_MAX_LENGTH

TEXTS = [
    "Hello, WORLD!",
    "naïve Straße ﬁ Ａ１！",
    "你好 world 안녕",
    "👩‍👩‍👧 e\u0301 \u202eabc\u202c \ufeff soft\xadhyphen",
    "a\x00b\x7fc\ufffd d\x85e\u2028f\x0bg\x0ch\x1ci \ue000",
    "x" * 100 + " " + "y" * 101,
    "tabs\tand\nnewlines\r\nand  spaces ",
    "isn't it 3.14% of $5?! #tag @user http://x.y/z",
    "",
    " \t\n\u00a0",
]


def lists_of(tokens):
    return [tokens.input_ids[a:b].tolist() for a, b in zip(tokens.offsets, tokens.offsets[1:], strict=False)]


def types_of(tokens):
    return [tokens.token_type_ids[a:b].tolist() for a, b in zip(tokens.offsets, tokens.offsets[1:], strict=False)]


@pytest.fixture
def toy(toy_folder):
    return Tokenizer.from_folder(toy_folder)


def test_ids_by_hand(toy, vocabulary):
    ids = lists_of(toy.encode(["unhappily HELLO?"]))[0]
    assert [vocabulary[number] for number in ids] == ["[CLS]", "un", "##happ", "##ily", "hello", "[UNK]", "[SEP]"]


def test_same_ids_as_transformers(minilm, hugging_face):
    expected = hugging_face(TEXTS, truncation=True, max_length=DEFAULT_MAX_LENGTH)["input_ids"]
    assert lists_of(minilm.encode(TEXTS)) == expected


@pytest.mark.parametrize("max_length", [4, 5, 6, 7, 16, 33])
def test_same_pairs_as_transformers(minilm_folder, hugging_face, max_length):
    firsts, seconds = zip(*[(a, b) for a in TEXTS for b in TEXTS], strict=True)
    expected = hugging_face(list(firsts), list(seconds), truncation="longest_first", max_length=max_length)
    encoded = Tokenizer.from_folder(minilm_folder, max_length=max_length).encode(firsts, seconds)
    assert lists_of(encoded) == expected["input_ids"]
    assert types_of(encoded) == expected["token_type_ids"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300), second=st.one_of(st.none(), st.text(max_size=100)))
def test_any_text_has_ids_within_bounds(minilm, text, second):
    ids = lists_of(minilm.encode([text], None if second is None else [second]))[0]
    assert 2 <= len(ids) <= DEFAULT_MAX_LENGTH and max(ids) < minilm.vocabulary_size
    assert [number for number in ids if number in (0, 101, 102, 103)] == [101, *[102] * (1 if second is None else 2)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200).filter(lambda text: "[" not in text))
def test_any_text_has_the_ids_of_transformers(minilm, hugging_face, text):
    expected = hugging_face([text], truncation=True, max_length=DEFAULT_MAX_LENGTH)["input_ids"]
    assert lists_of(minilm.encode([text])) == expected


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u00a0\u3000", "\u200b\x00"], ids=repr)
def test_nothing_is_two_special_tokens(minilm, text):
    assert minilm.tokens(text) == ["[CLS]", "[SEP]"]


def test_special_tokens_in_a_text_are_text(minilm):
    assert minilm.tokens("a [SEP] b") == ["[CLS]", "a", "[", "sep", "]", "b", "[SEP]"]
    written = "[CLS][PAD]x[MASK] [UNK][SEP]"
    assert not {0, 100, 101, 102, 103} & set(lists_of(minilm.encode([written]))[0][1:-1])


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda encoder: pickle.loads(pickle.dumps(encoder))], ids=["copy", "pickle"]
)
def test_copies_encode_alike(toy, duplicate):
    again = duplicate(toy)
    assert lists_of(again.encode(["a [SEP] b"])) == lists_of(toy.encode(["a [SEP] b"]))


def test_the_truncation_and_padding_of_the_file_are_dropped(minilm_folder):
    assert Tokenizer.from_folder(minilm_folder, max_length=300).encode(["a " * 200, "a"]).lengths.tolist() == [202, 3]


def test_long_texts_are_cut_and_counted(toy_folder):
    tokens = Tokenizer.from_folder(toy_folder, max_length=4).encode(["a b a", "a b", ""])
    assert (tokens.lengths.tolist(), tokens.num_truncated) == ([4, 4, 2], 1)
    assert (tokens.is_truncated.tolist(), tokens.max_length) == ([True, False, False], 4)


def test_pair_of_an_empty_text(toy):
    tokens = toy.encode(["", "a", ""], ["b", "", ""])
    assert lists_of(tokens) == [[2, 3, 11, 3], [2, 10, 3, 3], [2, 3, 3]]
    assert types_of(tokens) == [[0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 1]]


def test_both_separators_survive_in_the_shortest_pair(toy_folder):
    tokens = Tokenizer.from_folder(toy_folder, max_length=3).encode(["a a a"], ["b b b"])
    assert (lists_of(tokens), tokens.num_truncated) == ([[2, 3, 3]], 1)


def test_no_texts(toy):
    tokens = toy.encode([])
    assert (len(tokens), tokens.num_truncated, tokens.input_ids.dtype) == (0, 0, np.int32)
    assert len(toy.encode([], [])) == 0


@pytest.mark.parametrize("size", [("CHUNK_TEXTS", 3), ("CHUNK_CHARACTERS", 10)], ids=["texts", "characters"])
def test_chunks_do_not_show(toy, monkeypatch, size):
    texts = ["a " * (number % 9) for number in range(20)]
    whole, whole_pairs, done = toy.encode(texts), toy.encode(texts, texts[::-1]), []
    monkeypatch.setattr(module, *size)
    assert lists_of(toy.encode(texts, progress=lambda *step: done.append(step))) == lists_of(whole)
    assert lists_of(toy.encode(texts, texts[::-1])) == lists_of(whole_pairs)
    assert done == sorted(done) and len(done) > 5 and done[-1] == (20, 20)


def test_huge_texts_are_bounded(minilm):
    tokens = minilm.encode(["word " * 200_000, "x" * 1_000_000])
    assert tokens.lengths.tolist() == [128, 3]


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("hello", TypeError, r"`texts` must be a list of texts; got one text 'hello'. Write \[text\]"),
        (["a", None], TypeError, r"`texts\[1\]` must be a text; got None of type NoneType"),
        (["a", 3], TypeError, r"`texts\[1\]` must be a text; got 3 of type int"),
        ([b"a"], TypeError, r"`texts\[0\]` must be a text; got b'a' of type bytes"),
        (["a", "b\udfff"], DataError, r"`texts\[1\]` holds half of a surrogate pair at character 1"),
        (3, TypeError, "`texts` must be a list of texts; got 3 of type int"),
    ],
    ids="text none int bytes surrogate number".split(),
)
def test_texts_refused(toy, texts, error, message):
    with pytest.raises(error, match=message):
        toy.encode(texts)


def test_second_texts_refused(toy):
    with pytest.raises(TypeError, match=r"`text_pairs\[0\]` must be a text; got 3 of type int"):
        toy.encode(["a"], [3])
    with pytest.raises(DataError, match="must have the same length; got 1 and 2"):
        toy.encode(["a"], ["b", "c"])


@pytest.mark.parametrize(
    "texts", [("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], dtype=object)], ids=["tuple", "array", "objects"]
)
def test_other_sequences(toy, texts):
    assert lists_of(toy.encode(texts)) == [[2, 10, 3], [2, 11, 3]]


@pytest.mark.parametrize(
    ("length", "error"), [(2, ConfigError), (0, ConfigError), (3.5, TypeError), ("8", TypeError)], ids=str
)
def test_max_length_refused(toy_folder, length, error):
    with pytest.raises(error, match=r"`max_length` must be an integer >= 3 \(\[CLS\], one token and \[SEP\]\); got"):
        Tokenizer.from_folder(toy_folder, max_length=length)


def test_another_vocabulary_at_the_same_path_gives_other_ids(make_folder, vocabulary):
    before = Tokenizer.from_folder(make_folder())
    after = Tokenizer.from_folder(make_folder([*vocabulary[:5], *vocabulary[:4:-1]]))
    assert lists_of(before.encode(["hello"])) != lists_of(after.encode(["hello"]))
    assert after.tokens("hello") == before.tokens("hello") == ["[CLS]", "hello", "[SEP]"]


def test_attributes(toy, vocabulary):
    assert (toy.pad_id, toy.vocabulary_size) == (0, len(vocabulary))


def test_tokenizer_without_padding_token():
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import models

    with pytest.raises(ConfigError, match="has no padding token; name one as 'pad_token'"):
        Tokenizer(FastTokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="b")))


def test_special_piece_that_a_vocabulary_spells():
    """A SentencePiece vocabulary holds `</s>` as a piece; a text that spells it must not end the input."""
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import models, processors

    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("a", -1.0), ("<", -2.0)]
    tokenizer = FastTokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    assert Tokenizer(tokenizer).tokens("a</s>a") == ["<s>", "a", "<unk>", "a", "</s>"]
