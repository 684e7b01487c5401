import json
import shutil

import pytest

from kerasbert import ConfigError, KerasbertWarning
from kerasbert.tokenization.tokenizer import Tokenizer

TEXTS = ["Hello wörld! E\u0301", "unhappily [SEP] 你a", "", "b  a"]


def ids(encoder, texts=TEXTS, pairs=None):
    return encoder.encode(texts, pairs).input_ids.tolist()


@pytest.fixture
def roberta_folder(tmp_path):
    from tokenizers import pre_tokenizers

    folder = tmp_path / "roberta"
    folder.mkdir()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *alphabet, "he", "ll", "hell", "Ġa"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nh e\nl l\nhe ll\nĠ a\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
    return folder


def test_vocabulary_alone_gives_the_ids_of_transformers(toy_folder):
    transformers = pytest.importorskip("transformers")
    other = transformers.BertTokenizer(vocab=str(toy_folder / "vocab.txt"), do_lower_case=True)
    expected = [other(text)["input_ids"] for text in ["Hello wörld! E\u0301", "unhappily 你a", "", "b  a"]]
    encoder = Tokenizer.from_folder(toy_folder)
    assert [ids(encoder, [text]) for text in ["Hello wörld! E\u0301", "unhappily 你a", "", "b  a"]] == expected


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        ({}, ["e"]),
        ({"do_lower_case": True}, ["e"]),
        ({"do_lower_case": False}, ["[UNK]"]),
        ({"do_lower_case": False, "strip_accents": True}, ["E"]),
        ({"do_lower_case": True, "strip_accents": False}, ["[UNK]"]),
    ],
    ids="default uncased cased cased-strip uncased-keep".split(),
)
def test_case_and_accents(make_folder, settings, tokens):
    assert Tokenizer.from_folder(make_folder(**settings)).tokens("É")[1:-1] == tokens


CASED = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", "The", "Paris", "the", "##s", "a"]


def test_a_cased_vocabulary_without_settings_is_told(make_folder, recwarn):
    folder = make_folder(CASED)
    with pytest.warns(KerasbertWarning, match=r"vocab.txt': 2 of 5 tokens have capital letters.*do_lower_case"):
        Tokenizer.from_folder(folder)
    folder = make_folder(CASED, model_max_length=20)
    with pytest.warns(KerasbertWarning, match="2 of 5 tokens have capital letters"):
        Tokenizer.from_folder(folder)


@pytest.mark.parametrize(
    ("tokens", "settings"),
    [(CASED, {"do_lower_case": False}), (CASED, {"do_lower_case": True}), (None, {})],
    ids=["cased", "chosen", "uncased"],
)
def test_where_the_case_is_clear_nothing_is_told(tokens, settings, make_folder, recwarn):
    Tokenizer.from_folder(
        make_folder(tokens or [token for token in CASED if token == token.lower() or "[" in token], **settings)
    )
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]


def test_a_cased_tokenizer_json_says_it_itself(make_folder, tmp_path, recwarn):
    Tokenizer.from_folder(make_folder(CASED, do_lower_case=False)).save(tmp_path / "saved")
    (tmp_path / "saved" / "tokenizer_config.json").unlink()
    assert Tokenizer.from_folder(tmp_path / "saved").tokens("The a")[1:-1] == ["The", "a"]
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]


@pytest.mark.parametrize(("split", "tokens"), [(True, ["a", "[UNK]", "b"]), (False, ["[UNK]"])], ids=["split", "whole"])
def test_chinese_characters(make_folder, split, tokens):
    assert Tokenizer.from_folder(make_folder(tokenize_chinese_chars=split)).tokens("a你b")[1:-1] == tokens


def test_roberta_gives_the_ids_of_transformers(roberta_folder):
    transformers = pytest.importorskip("transformers")
    texts = ["hello a", " a  hé\n", "", "你 👩‍👩‍👧", "it's 3.14"]
    other = transformers.RobertaTokenizer(str(roberta_folder / "vocab.json"), str(roberta_folder / "merges.txt"))
    encoder = Tokenizer.from_folder(roberta_folder)
    assert [ids(encoder, [text]) for text in texts] == [other(text)["input_ids"] for text in texts]
    assert [ids(encoder, [text], ["hell"]) for text in texts] == [other(text, "hell")["input_ids"] for text in texts]


def test_roberta_pads_with_its_own_id_and_keeps_text_as_text(roberta_folder):
    encoder = Tokenizer.from_folder(roberta_folder)
    assert encoder.pad_id == 1
    assert encoder.tokens("<s></s>") == ["<s>", "<", "s", ">", "<", "/", "s", ">", "</s>"]


def test_pair_of_roberta_needs_room_for_four_special_tokens(roberta_folder):
    encoder = Tokenizer.from_folder(roberta_folder, max_length=3)
    assert len(encoder.tokens("hello")) == 3
    with pytest.raises(ConfigError, match="`max_length` must be at least 4, the special tokens of a pair; got 3"):
        encoder.encode(["a"], ["b"])


@pytest.mark.parametrize("settings", [{"do_lower_case": True}, {"do_lower_case": False}], ids=["uncased", "cased"])
def test_saved_folder_gives_the_same_ids(make_folder, tmp_path, settings):
    encoder = Tokenizer.from_folder(make_folder(**settings), max_length=20)
    encoder.save(tmp_path / "saved")
    again = Tokenizer.from_folder(tmp_path / "saved")
    assert again.max_length == 20
    assert ids(again) == ids(encoder) and ids(again, TEXTS, TEXTS) == ids(encoder, TEXTS, TEXTS)
    (tmp_path / "saved" / "tokenizer.json").unlink()
    assert ids(Tokenizer.from_folder(tmp_path / "saved")) == ids(encoder)


@pytest.mark.parametrize("name", ["toy_folder", "roberta_folder"])
def test_transformers_reads_a_saved_folder(name, request, tmp_path):
    transformers = pytest.importorskip("transformers")
    encoder = Tokenizer.from_folder(request.getfixturevalue(name))
    encoder.save(tmp_path / "saved")
    other = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved", local_files_only=True)
    texts = ["Hello wörld!", "unhappily a", ""]
    assert other(texts)["input_ids"] == [ids(encoder, [text]) for text in texts]
    assert (other.pad_token_id, other.model_max_length) == (encoder.pad_id, encoder.max_length)


def test_saved_vocabulary_is_the_one_read(toy_folder, tmp_path):
    Tokenizer.from_folder(toy_folder).save(tmp_path / "saved")
    assert (tmp_path / "saved" / "vocab.txt").read_bytes() == (toy_folder / "vocab.txt").read_bytes()


def test_real_folder_without_its_tokenizer_json(minilm_folder, tmp_path):
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(minilm_folder / name, tmp_path)
    texts = [*TEXTS, "naïve Straße ﬁ Ａ１！ isn't 👩‍👩‍👧", "x" * 101]
    assert ids(Tokenizer.from_folder(tmp_path), texts) == ids(Tokenizer.from_folder(minilm_folder), texts)


@pytest.fixture
def saved(toy_folder, tmp_path):
    Tokenizer.from_folder(toy_folder).save(tmp_path / "saved")
    return tmp_path / "saved"


def rewrite(file, change):
    file.write_text(change(file.read_text("utf-8")), "utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace("hello\nworld", "world\nhello"),
            "line 6: 'world' has id 5, but 6 in tokenizer.json",
        ),
        (lambda text: text + "more\n", "line 22: 'more' has id 21, but None in tokenizer.json"),
        (lambda text: text.removesuffix("E\n"), "has 20 tokens, but tokenizer.json beside it 21"),
        (lambda text: text + "hello\n", "line 22: 'hello' is already on line 6"),
    ],
    ids="order longer shorter twice".split(),
)
def test_vocabularies_that_disagree(saved, change, message):
    rewrite(saved / "vocab.txt", change)
    with pytest.raises(ConfigError, match=f"vocab.txt' {message}"):
        Tokenizer.from_folder(saved)


@pytest.mark.parametrize("name", ["do_lower_case", "tokenize_chinese_chars"])
def test_settings_that_disagree(saved, name):
    rewrite(saved / "tokenizer_config.json", lambda text: text.replace(f'"{name}": true', f'"{name}": false'))
    with pytest.raises(ConfigError, match=f"says {name}=False, but tokenizer.json beside it was made with True"):
        Tokenizer.from_folder(saved)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not a readable tokenizer"),
        (b"\xff", "is not UTF-8 at byte 0"),
        (b"[]", "is not a readable tokenizer"),
    ],
    ids=["cut", "utf8", "list"],
)
def test_unreadable_tokenizer_json(saved, content, message):
    (saved / "tokenizer.json").write_bytes(content)
    with pytest.raises(ConfigError, match=f"tokenizer.json' {message}"):
        Tokenizer.from_folder(saved)


def test_settings_of_a_wrong_type(make_folder):
    with pytest.raises(ConfigError, match="`do_lower_case` must be true or false; got 'no'"):
        Tokenizer.from_folder(make_folder(do_lower_case="no"))


def test_roberta_vocabulary_without_special_tokens(roberta_folder):
    rewrite(roberta_folder / "vocab.json", lambda text: text.replace('"<mask>"', '"mask"'))
    with pytest.raises(ConfigError, match="vocab.json' lacks <mask>; RoBERTa's has them all"):
        Tokenizer.from_folder(roberta_folder)


def test_merges_of_another_vocabulary(roberta_folder):
    rewrite(roberta_folder / "merges.txt", lambda text: text + "zz yy\n")
    with pytest.raises(ConfigError, match="merges.txt' does not fit vocab.json"):
        Tokenizer.from_folder(roberta_folder)


def test_folder_without_a_tokenizer(tmp_path):
    with pytest.raises(ConfigError, match="holds no tokenizer; it needs tokenizer.json, vocab.txt, or vocab.json and"):
        Tokenizer.from_folder(tmp_path)


def test_no_folder(toy_folder):
    with pytest.raises(ConfigError, match="vocab.txt' is not a folder; give one that holds a tokenizer"):
        Tokenizer.from_folder(toy_folder / "vocab.txt")


def test_vocabulary_of_a_tokenizer_that_splits_words_otherwise(make_folder):
    with pytest.raises(ConfigError, match="holds a tokenizer that transformers does not load as a fast one"):
        Tokenizer.from_folder(make_folder(tokenizer_class="BertJapaneseTokenizer"))
