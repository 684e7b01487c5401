"""Tokens added to a vocabulary, in every layout in which transformers has written them: its ids, or a refusal."""

import json
import pickle

import numpy as np
import pytest

from kerasbert import ConfigError, KerasbertWarning
from kerasbert.tokenization.added_tokens import declared_ids
from kerasbert.tokenization.spans import spans_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens

transformers = pytest.importorskip("transformers")
AddedToken = pytest.importorskip("tokenizers").AddedToken

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "my",
    "card",
    "co",
    "##vid",
    "##s",
    "[",
    "]",
    "user",
    "e1",
    "<",
    ">",
    "sep",
]
BYTES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
TEXTS = [
    "my covid [USER] card",
    "[USER]my covid19 Covid cards <e1>my card </e1> [user]",
    "covid",
    "  [USER]  ,covid.  ",
    "my  <left> card <right>  my single singles <e1><e1>",
    "",
]
ADDED = [
    AddedToken("covid"),
    AddedToken("<e1>", normalized=False),
    AddedToken("<left>", lstrip=True),
    AddedToken("<right>", rstrip=True, normalized=False),
    AddedToken("single", single_word=True),
]  # fmt: skip


def write_words(folder, **settings):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in WORDS), "utf-8")
    settings = {"do_lower_case": True, "tokenizer_class": "BertTokenizer", **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (folder / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    return folder


def write_bytes(folder, **settings):
    from tokenizers.pre_tokenizers import ByteLevel

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {
        token: number for number, token in enumerate([*BYTES, *sorted(ByteLevel.alphabet()), "my", "\u0120c"])
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nm y\n\u0120 c\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "RobertaTokenizer", **settings}), "utf-8"
    )
    (folder / "config.json").write_text('{"model_type": "roberta"}', "utf-8")
    return folder


WRITERS = {"wordpiece": (write_words, len(WORDS)), "byte level": (write_bytes, len(BYTES) + 258)}


def theirs(folder, texts=TEXTS, **options):
    return transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True, **options)(texts)["input_ids"]


def ours(encoder, texts=TEXTS):
    tokens = encoder.encode(texts)
    return [tokens.input_ids[a:b].tolist() for a, b in zip(tokens.offsets, tokens.offsets[1:], strict=False)]


def saved_by_transformers(write, size, folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(write(folder)))
    tokenizer.add_tokens(ADDED)
    tokenizer.add_special_tokens({"additional_special_tokens": ["[USER]", "</e1>"]})
    tokenizer.save_pretrained(str(folder))


def added_tokens_json(write, size, folder):
    write(folder)
    numbered = {token: size + i for i, token in enumerate(["covid", "[USER]", "</e1>"])}
    (folder / "added_tokens.json").write_text(json.dumps(numbered), "utf-8")
    (folder / "special_tokens_map.json").write_text(
        json.dumps({"additional_special_tokens": ["[USER]", "</e1>"]}), "utf-8"
    )


def decoder(write, size, folder):
    flags = {"lstrip": False, "rstrip": True, "single_word": False}
    entries = [("covid", True, False), ("[USER]", False, True), ("<e1>", False, False)]
    listed = {
        str(size + i): {"content": token, "normalized": normalized, "special": special, **flags}
        for i, (token, normalized, special) in enumerate(entries)
    }
    write(folder, added_tokens_decoder=listed, extra_special_tokens=["[USER]"])


def names_alone(write, size, folder):
    write(folder, additional_special_tokens=["[USER]", "</e1>"], marker_token="<e1>", bos_token="[BOS]")


LAYOUTS = {f.__name__: f for f in (saved_by_transformers, added_tokens_json, decoder, names_alone)}
every_layout = pytest.mark.parametrize("layout", LAYOUTS)
every_kind = pytest.mark.parametrize("kind", WRITERS)


@every_layout
@every_kind
def test_the_ids_are_those_of_transformers(kind, layout, tmp_path):
    LAYOUTS[layout](*WRITERS[kind], tmp_path / "hub")
    encoder = Tokenizer.from_folder(tmp_path / "hub")
    assert ours(encoder) == theirs(tmp_path / "hub")
    assert "[USER]" in encoder.added_tokens and not {"[SEP]", "</s>"} & set(encoder.added_tokens)


@every_layout
@every_kind
def test_they_survive_saving_and_copies(kind, layout, tmp_path):
    LAYOUTS[layout](*WRITERS[kind], tmp_path / "hub")
    encoder = Tokenizer.from_folder(tmp_path / "hub")
    encoder.save(tmp_path / "saved")
    again = Tokenizer.from_folder(tmp_path / "saved")
    assert ours(again) == ours(pickle.loads(pickle.dumps(encoder))) == ours(encoder)
    assert again.fingerprint == encoder.fingerprint
    # transformers reads the saved folder to the same ids, and a spelled separator as text.
    spelled = [*TEXTS, "my [SEP] card </s>"]
    assert theirs(tmp_path / "saved", spelled) == ours(again, spelled)


@every_layout
@every_kind
def test_special_tokens_are_tokens_where_that_is_asked_for(kind, layout, tmp_path):
    LAYOUTS[layout](*WRITERS[kind], tmp_path / "hub")
    spelled = [*TEXTS, "my [SEP] card", "my</s>card <mask>", "[CLS][PAD]", "a[MASK] "]
    encoder = Tokenizer.from_folder(tmp_path / "hub", split_special_tokens=False)
    assert ours(encoder, spelled) == theirs(tmp_path / "hub", spelled)
    encoder.save(tmp_path / "saved")
    assert (
        ours(Tokenizer.from_folder(tmp_path / "saved"), spelled)
        == theirs(tmp_path / "saved", spelled)
        == ours(encoder, spelled)
    )


def test_other_first_and_last_tokens(tmp_path):
    folder = write_words(tmp_path, cls_token="[BOS]", sep_token="[EOS]")
    encoder = Tokenizer.from_folder(folder)
    assert ours(encoder) == theirs(folder)
    assert encoder.tokens("my card") == ["[BOS]", "my", "card", "[EOS]"]
    assert encoder.tokens("my [EOS]")[1:-1] == ["my", "[", "[UNK]", "]"]
    assert ours(Tokenizer.from_folder(folder, split_special_tokens=False), ["my [EOS]"]) == theirs(folder, ["my [EOS]"])


def test_a_word_that_a_template_cannot_name(tmp_path):
    folder = write_words(tmp_path, cls_token="[a:b]")
    assert ours(Tokenizer.from_folder(folder), ["my card"])[0][0] == len(WORDS)


@pytest.mark.parametrize("said", [True, False])
def test_the_word_of_the_folder_counts(said, tmp_path, recwarn):
    folder = write_words(tmp_path, split_special_tokens=said)
    encoder = Tokenizer.from_folder(folder)
    assert encoder.split_special_tokens is said is splits_special_tokens(folder)
    assert ours(encoder, ["my [SEP] card"]) == theirs(folder, ["my [SEP] card"])
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]


def test_a_silent_folder_and_a_text_with_a_separator_are_told_once(tmp_path, recwarn):
    encoder = Tokenizer.from_folder(write_words(tmp_path))
    encoder.encode(["my card"])
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]
    with pytest.warns(KerasbertWarning, match=r"spells the special token \[SEP\].*split_special_tokens=False"):
        encoder.encode(["my [SEP] card"])
    recwarn.clear()
    encoder.encode(["my [SEP] card"])
    assert not list(recwarn)


def test_chosen_in_the_call_nothing_is_told(tmp_path, recwarn):
    Tokenizer.from_folder(write_words(tmp_path), split_special_tokens=True).encode(["my [SEP] card"])
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]


def test_the_choice_makes_other_tokens(tmp_path):
    folder = write_words(tmp_path)
    prints = {Tokenizer.from_folder(folder, split_special_tokens=way).fingerprint for way in (True, False)}
    assert len(prints) == 2
    with pytest.raises(TypeError, match="`split_special_tokens` must be True or False; got 'no'"):
        Tokenizer.from_folder(folder, split_special_tokens="no")


def test_an_added_token_starts_a_word(tmp_path):
    saved_by_transformers(*WRITERS["byte level"], tmp_path)
    encoder = Tokenizer.from_folder(tmp_path)
    kinds = encoder.token_kinds()
    user, usual = (encoder.backend.token_to_id(token) for token in ("[USER]", "\u0120c"))
    assert kinds[user] == kinds[usual]


def spoiled(name, value):
    return lambda folder: (folder / name).write_text(json.dumps(value), "utf-8")


def with_setting(**values):
    return lambda folder: write_words(folder, **values)


MALFORMED = {
    "gap": (spoiled("added_tokens.json", {"covid": 40}), r"'covid' is declared with the id 40, .* gives it 17"),
    "no number": (spoiled("added_tokens.json", {"covid": "17"}), "must be an object of token -> id; got 'covid': '17'"),
    "list": (spoiled("added_tokens.json", ["covid"]), "must hold one JSON object"),
    "decoder list": (with_setting(added_tokens_decoder=[1]), r"`added_tokens_decoder` must be an object of id -> token; got \[1\]"),
    "decoder word": (with_setting(added_tokens_decoder={"17": "covid"}), "id -> token; got '17': 'covid'"),
    "decoder id": (with_setting(added_tokens_decoder={"x": {"content": "a"}}), "id -> token; got 'x'"),
    "map": (spoiled("special_tokens_map.json", []), "must hold one JSON object"),
    "choice": (with_setting(split_special_tokens="yes"), "`split_special_tokens` must be true or false; got 'yes'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_declarations(name, tmp_path):
    spoil, message = MALFORMED[name]
    spoil(write_words(tmp_path))
    with pytest.raises(ConfigError, match=message):
        Tokenizer.from_folder(tmp_path)


def test_ids_that_the_files_declare(tmp_path):
    added_tokens_json(write_words, len(WORDS), tmp_path)
    assert declared_ids(tmp_path, ()) == {"covid": 17, "[USER]": 18, "</e1>": 19}
    saved_by_transformers(write_words, len(WORDS), tmp_path / "new")
    assert declared_ids(tmp_path / "new", WORDS[:5])["[USER]"] == len(WORDS) + len(ADDED)
    for spoiled in ("[]", "", "{}", '{"added_tokens": [1]}', '{"added_tokens":' + "[" * 100_000):
        (tmp_path / "new" / "tokenizer.json").write_text(spoiled)
        assert declared_ids(tmp_path / "new", ()) == {}


def test_a_table_that_is_too_small(tmp_path):
    added_tokens_json(write_words, len(WORDS), tmp_path)
    encoder = Tokenizer.from_folder(tmp_path)
    encoder.check_fits(20, "'hub'")
    with pytest.raises(
        ConfigError, match=r"'hub' has 19 rows .* 1 tokens beyond them \('</e1>' with id 19\).*resize_token"
    ):
        encoder.check_fits(19, "'hub'")


def test_special_names_that_no_text_can_give_need_no_row(tmp_path):
    folder = write_words(tmp_path, mask_token="<mask>")
    Tokenizer.from_folder(folder).check_fits(len(WORDS), "'hub'")
    assert np.max(Tokenizer.from_folder(folder).encode(["<mask>"]).input_ids) < len(WORDS)


def test_their_places_in_a_text(tmp_path):
    text = "my covid  <left> card <right>  my"
    saved_by_transformers(*WRITERS["wordpiece"], tmp_path)
    spans = spans_of(Tokenizer.from_folder(tmp_path), text)
    assert [text[a:b] for a, b in spans.word_bounds()] == ["my", "covid", "<left>", "card", "<right>", "my"]


@pytest.mark.parametrize(
    ("write", "settings", "message"),
    [
        (
            write_words,
            {"cls_token": "[UNK]"},
            r"says cls_token=\[UNK\], but tokenizer.json beside it was made with \[CLS\]",
        ),
        (write_words, {"sep_token": "[MASK]"}, r"says sep_token=\[MASK\], but tokenizer.json beside it"),
        (
            write_bytes,
            {"add_prefix_space": True},
            "says add_prefix_space=True, but tokenizer.json beside it was made with False",
        ),
    ],
    ids=["first", "last", "space"],
)
def test_settings_that_transformers_would_follow_instead(write, settings, message, tmp_path):
    Tokenizer.from_folder(write(tmp_path / "made")).save(tmp_path / "saved")
    file = tmp_path / "saved" / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))
    with pytest.raises(ConfigError, match=message):
        Tokenizer.from_folder(tmp_path / "saved")
