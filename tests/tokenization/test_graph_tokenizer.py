import json
import unicodedata

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasbert import ConfigError, DataError
from kerasbert.data import LongTexts, Tokenizer
from kerasbert.tokenization.graph_tokenizer import GraphTokenizer

LETTERS = [chr(code) for code in (*range(33, 127), *range(0xA1, 0x180), *range(0x391, 0x3CA), *range(0x410, 0x450))]
PIECES = [
    "hello",
    "wor",
    "world",
    "good",
    "ἀ",
    "σ",
    "ς",
    "中",
    "国",
    "は",
    "\u1112\u1161",
    "\u302e",
    "é",
    "Ä",
    "s",
    "ing",
]
VOCABULARY = dict.fromkeys(
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *PIECES, *("##" + piece for piece in (*LETTERS, *PIECES))]
)
SETTINGS = {
    "uncased": {"do_lower_case": True},
    "cased": {"do_lower_case": False},
    "uncased with accents": {"do_lower_case": True, "strip_accents": False},
    "cased without accents": {"do_lower_case": False, "strip_accents": True},
    "chinese in words": {"do_lower_case": True, "tokenize_chinese_chars": False},
}
every_setting = pytest.mark.parametrize("name", SETTINGS)
EDGES = {
    "empty": "",
    "white space": " \t\n\r\u00a0\u3000\u2028",
    "special tokens": "[CLS] a [SEP][PAD] [UNK] [MASK]",
    "accents": "Ünïcödé e\u0301\u0323 ǟ Ǆ İ ß ẞ",
    "final sigma": "ΟΔΥΣΣΕΥΣ ὈΔΥΣΣΕΎΣ",
    "chinese": "我爱中国hello中 \uf900\U0002f800",
    "hangul": "한국어 각",
    "control": "he\x00l\x07l\u200bo\u200d \ufeffwor\u00adld \x85 \u2060 \ue000",
    "emoji": "👩\u200d👩\u200d👧 ☺️ 🇩🇪 good👍world",
    "marks sorted by rank": "a\u302e\u0301 a\u0301\u302e \U0001d15f\U0001d165\u302e\u0334 e\u1b44\u302f\u1b44 a\u302e\u0941\u1b44",
    "99 letters": "s" * 99,
    "100 letters": "s" * 100,
    "101 letters": "s" * 101,
    "101 marks": "hello" + "\u0301" * 120,
    "unknown inside": "hello\u0e01world good\u0e01",
    "longer than the limit": "good world! " * 40,
    "punctuation": "a-b_c+d=e$f ^`|~ «x» „y“ ‽",
    "unassigned": "\u0378 \U000e0fff \U0010ffff \ufffe \ufdd0 \ufffd",
    "tibetan": "\u0f4d \u0f73\u0f75\u0f81",
    "words meet": "hello" + " " * 500 + "worlding",
}


def folder_with(folder, settings):
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def compiled(tokens):
    return tf.function(
        GraphTokenizer(tokens).__call__, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Setting -> the library's tokenizer and the graph."""
    made = {}

    def make(name):
        if name not in made:
            folder = folder_with(tmp_path_factory.mktemp("tokenizer"), SETTINGS[name])
            tokens = Tokenizer.from_folder(folder, max_length=32)
            made[name] = tokens, compiled(tokens)
        return made[name]

    return make


def different(both, texts):
    """The texts for which the graph gives other ids, types or padding than the library."""
    tokens, graph = both
    expected = tokens.encode(texts)
    got = {key: value.numpy() for key, value in graph(tf.constant([text.encode() for text in texts])).items()}
    length = int(expected.lengths.max())
    mask = np.arange(length) < expected.lengths[:, None]
    dense = np.full(mask.shape, tokens.pad_id)
    dense[mask] = expected.input_ids
    assert got["input_ids"].shape == mask.shape and not got["token_type_ids"].any()
    wrong = (got["input_ids"] != dense).any(1) | (got["attention_mask"] != mask).any(1)
    return [texts[index] for index in np.flatnonzero(wrong)]


@every_setting
def test_edges_give_the_ids_of_the_library(name, both):
    assert different(both(name), list(EDGES.values())) == []


@every_setting
def test_every_character_of_unicode_gives_the_ids_of_the_library(name, both):
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    # Nine characters a text, so that none is cut off; the far planes hold nothing but strangers.
    texts = ["a".join(characters[i : i + 9]) for i in range(0, 0x33480, 9)]
    assert different(both(name), texts) == []


MARKS = [chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] == "M"]
UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
WORDS = st.lists(st.sampled_from([*PIECES, *LETTERS, " ", "[SEP]", "\u0e01"]), max_size=40).map("".join)
SORTED = st.lists(st.sampled_from([*MARKS, "a", "é", "\u302e", "\u1b44", "\U0001d15f"]), max_size=12).map("".join)


@every_setting
@given(texts=st.lists(st.one_of(UNICODE, WORDS, SORTED), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_gives_the_ids_of_the_library(name, both, texts):
    assert different(both(name), texts) == []


def random_texts(number, seed):
    """Texts of letters, words, marks and far characters, many of each."""
    random = np.random.default_rng(seed)
    pool = [*LETTERS, *PIECES, *(" " * 40), *MARKS[:300], *EDGES.values()]
    picks = random.integers(len(pool), size=(number, 12))
    far = random.integers(0x110000 - 0x800, size=number)
    return [
        "".join([pool[i] for i in row]) + chr(code + 0x800 * (code >= 0xD800))
        for row, code in zip(picks.tolist(), far.tolist(), strict=True)
    ]


@every_setting
def test_ten_thousand_made_texts_give_the_ids_of_the_library(name, both):
    texts = random_texts(10_000, seed=0)
    assert different(both(name), texts) == []


@pytest.mark.slow
@every_setting
def test_a_million_texts_in_all_give_the_ids_of_the_library(name, both):
    """Run `pytest --slow -s -k million` to see the count."""
    wrong = [text for seed in range(1, 21) for text in different(both(name), random_texts(10_000, seed=seed))]
    print(f"{name}: 200,000 texts compared, {len(wrong)} different")
    assert wrong == []


@given(texts=st.lists(st.binary(max_size=30), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_bytes_that_are_no_utf8_are_read_with_replacement(both, texts):
    tokens, graph = both("uncased")
    read = [text.decode("utf-8", "replace") for text in texts]
    got = graph(tf.constant(texts))["input_ids"].numpy()
    assert (got == graph(tf.constant([text.encode() for text in read]))["input_ids"].numpy()).all()
    assert different((tokens, graph), read) == []


def test_no_text_gives_no_row(both):
    assert both("uncased")[1](tf.constant([], tf.string))["input_ids"].shape[0] == 0


def test_a_batch_is_as_long_as_its_longest_text(both):
    graph = both("uncased")[1]
    assert graph(tf.constant(["hello"]))["input_ids"].shape == (1, 3)
    assert graph(tf.constant(["hello", "hello world good", ""]))["input_ids"].shape == (3, 5)


@pytest.fixture(scope="module")
def head_tail(tmp_path_factory):
    folder = folder_with(tmp_path_factory.mktemp("tokenizer"), SETTINGS["uncased"])
    tokens = Tokenizer.from_folder(folder, max_length=13, long_texts=LongTexts("head_tail"))
    return tokens, compiled(tokens)


@given(counts=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_beginning_and_end_of_long_texts_are_kept(head_tail, counts):
    texts = ["hello " * first + "wording" * (first % 4) + " ".join(LETTERS[20 : 20 + last]) for first, last in counts]
    assert different(head_tail, [*texts, *EDGES.values()]) == []


def test_windows_are_refused(tmp_path):
    folder = folder_with(tmp_path, SETTINGS["uncased"])
    with pytest.raises(ConfigError, match="must not be 'windows'"):
        GraphTokenizer(Tokenizer.from_folder(folder, long_texts=LongTexts("windows")))


@pytest.mark.parametrize("special", [False, True], ids=["plain", "special"])
def test_added_tokens_are_refused_by_name(special, tmp_path):
    tokens = Tokenizer.from_folder(folder_with(tmp_path, SETTINGS["uncased"])).backend
    (tokens.add_special_tokens if special else tokens.add_tokens)(["kerasbert", "[USER]"])
    with pytest.raises(
        ConfigError, match=r"this one has 2, .*'kerasbert', '\[USER\]'. Take another tokenizer, or tokenise outside"
    ):
        GraphTokenizer(Tokenizer(tokens))


def test_special_tokens_read_in_texts_are_refused(tmp_path):
    tokens = Tokenizer.from_folder(folder_with(tmp_path, SETTINGS["uncased"]), split_special_tokens=False)
    with pytest.raises(ConfigError, match=r"reads it as the token \(split_special_tokens=False\)"):
        GraphTokenizer(tokens)


def test_other_first_and_last_tokens(tmp_path):
    folder = folder_with(tmp_path, {**SETTINGS["uncased"], "cls_token": "[BOS]", "sep_token": "[EOS]"})
    encoder = Tokenizer.from_folder(folder, max_length=32, split_special_tokens=True)
    assert different((encoder, compiled(encoder)), ["hello [BOS] [EOS] [CLS]", "", "good world"]) == []


def test_a_byte_level_tokenizer_is_refused():
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import models

    tokenizer = FastTokenizer(models.BPE({"<pad>": 0, "a": 1}, []))
    tokenizer.add_special_tokens(["<pad>"])
    with pytest.raises(ConfigError, match="for WordPiece tokenizers .* this one is BPE"):
        GraphTokenizer(Tokenizer(tokenizer, max_length=8))


def test_another_normaliser_is_refused(tmp_path):
    from tokenizers import normalizers

    tokens = Tokenizer.from_folder(folder_with(tmp_path, SETTINGS["uncased"])).backend
    tokens.normalizer = normalizers.NFKC()
    with pytest.raises(ConfigError, match="must have BERT's own normaliser .* got NFKC"):
        GraphTokenizer(Tokenizer(tokens))


@pytest.mark.parametrize(("padding", "length"), [(True, None), ("max_length", 32)])
def test_it_runs_in_maps_of_tf_data(padding, length, both):
    tokens, texts = both("uncased")[0], ["hello world", "good", "", "wor s ing"]
    graph = tokens.to_graph(padding=padding)
    mapped = tf.data.Dataset.from_tensor_slices((texts, [0, 1, 0, 1])).batch(2).map(lambda x, y: (graph(x), y))
    for start, (inputs, labels) in zip((0, 2), mapped, strict=True):
        expected = tokens(texts[start : start + 2], padding=padding)
        assert all(np.array_equal(inputs[name], expected[name]) for name in expected) and labels.shape == (2,)
    assert mapped.element_spec[0]["input_ids"].shape[1] == length


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (tf.constant("hello"), r"must be strings of shape \(batch,\); got string of shape \(\)"),
        (tf.constant([1]), "got int32"),
    ],
    ids=["no batch", "numbers"],
)
def test_anything_but_a_batch_of_strings_is_refused(texts, message, both):
    with pytest.raises(DataError, match=message):
        both("uncased")[0].to_graph()(texts)


def test_a_graph_pads(both):
    with pytest.raises(ConfigError, match="`padding` must be True or 'max_length' in a graph, .* got False"):
        both("uncased")[0].to_graph(padding=False)
