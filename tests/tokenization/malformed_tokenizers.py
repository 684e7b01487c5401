"""A generator of malformed vocabularies and tokenizer files, each with the error and the words that it must get.

Every case spoils one of three good folders: `vocab.txt` alone, `tokenizer.json` with its settings, or the two files of a
byte-level vocabulary. Nothing of it is stored.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kerasbert import ConfigError, UnsafeArtifactError
from kerasbert.tokenization.tokenizer import Tokenizer

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "a"]
BYTES = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "h": 5, "e": 6, "he": 7}


class Case(NamedTuple):
    """One malformed folder.

    Args:
        name: of the case.
        good: makes the good folder.
        spoil: turns it into the malformed one.
        message: regular expression found in the error's message.
        error: class of the error.
    """

    name: str
    good: Callable[[Path], None]
    spoil: Callable[[Path], object]
    message: str
    error: type[Exception] = ConfigError


def vocabulary_only(folder):
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in TOKENS), "utf-8")


def tokenizer_json(folder):
    vocabulary_only(folder)
    Tokenizer.from_folder(folder).save(folder)
    (folder / "vocab.txt").unlink()


def byte_level(folder):
    (folder / "vocab.json").write_text(json.dumps(BYTES))
    (folder / "merges.txt").write_text("#version: 0.2\nh e\n")


def content(name, value):
    return lambda folder: (folder / name).write_bytes(value)


def key(name, *path_and_value):
    """A JSON file with one key, found by its path, changed."""
    *path, last, value = path_and_value

    def spoil(folder):
        whole = json.loads((folder / name).read_text())
        part = whole
        for step in path:
            part = part[step]
        part[last] = value
        (folder / name).write_text(json.dumps(whole))

    return spoil


def setting(name, value):
    return lambda folder: (folder / "tokenizer_config.json").write_text(json.dumps({name: value}))


def link(name, target):
    def spoil(folder):
        if os.path.lexists(folder / name):
            (folder / name).unlink()
        (folder / name).symlink_to(target)

    return spoil


def vocabulary(name, value, message):
    return Case(name, vocabulary_only, content("vocab.txt", value), message)


def tokenizer(name, *change, message):
    return Case(name, tokenizer_json, key("tokenizer.json", *change), message)


def bytes_vocabulary(name, changes, message):
    return Case(name, byte_level, content("vocab.json", json.dumps({**BYTES, **changes}).encode()), message)


IDS = {token: number for number, token in enumerate(TOKENS)}
GOOD = "".join(f"{token}\n" for token in TOKENS).encode()
CHARMAP = {"type": "Precompiled", "precompiled_charsmap": "/////wAAAAA="}
BAD_REGEX = {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated", "invert": False}
CLS_OUTSIDE = {
    "[CLS]": {"id": "[CLS]", "ids": [99], "tokens": ["[CLS]"]},
    "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
}
NO_UNKNOWN = {"type": "Unigram", "unk_id": None, "vocab": [[token, -1.0] for token in TOKENS]}
REMOTE = {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": ["evil.OwnTokenizer", None]}}

VOCABULARIES = [
    vocabulary("empty vocabulary", b"", "vocab.txt' is empty; it must hold one token a line"),
    vocabulary("token twice", GOOD + b"a\n", "line 8: 'a' is already on line 7; ids would shift"),
    vocabulary("blank line", GOOD + b"\nb\n", "line 8 is blank"),
    vocabulary("space after a token", GOOD + b"b \n", "line 8: white space around the token 'b '"),
    vocabulary("carriage returns", GOOD.replace(b"\n", b"\r\n"), "line 1 ends in a carriage return"),
    vocabulary("byte-order mark", b"\xef\xbb\xbf" + GOOD, "line 1 starts with a byte-order mark"),
    vocabulary("not UTF-8", GOOD + b"\xff\n", "line 8 is not UTF-8 at byte"),
    vocabulary("no unknown token", GOOD.replace(b"[UNK]\n", b""), r"lacks \[UNK\]; a BERT vocabulary has"),
    vocabulary("line of 1 MB", GOOD + b"x" * 1_000_001, "at most 1000000 characters; got 1000001"),
    vocabulary("a million lines", GOOD + b"".join(b"%d\n" % n for n in range(10**6)), "has 1000007 lines; at most"),
    Case("vocabulary of another user", vocabulary_only, link("vocab.txt", "/etc/passwd"), "leads out", UnsafeArtifactError),
    Case("vocabulary without end", vocabulary_only, link("vocab.txt", "/dev/zero"), "leads out", UnsafeArtifactError),
    Case("lower case of text", vocabulary_only, setting("do_lower_case", "yes"), "must be true or false; got 'yes'"),
    Case("no room for a token", vocabulary_only, setting("model_max_length", 2), "config.json': `model_max_length` must be at"),
    Case("length below zero", vocabulary_only, setting("model_max_length", -5), "must be at least 3; got -5"),
    Case("settings are a list", vocabulary_only, content("tokenizer_config.json", b"[]"), "must hold one JSON object"),
    Case("settings with a key twice", vocabulary_only, content("tokenizer_config.json", b'{"a": 1,\n"a": 2}'), "line 2: the key"),
    Case("nothing", vocabulary_only, lambda folder: (folder / "vocab.txt").unlink(), "holds no tokenizer; it needs"),
]  # fmt: skip

TOKENIZERS = [
    Case("empty tokenizer", tokenizer_json, content("tokenizer.json", b""), "is not a readable tokenizer: 'EOF"),
    Case("tokenizer not UTF-8", tokenizer_json, content("tokenizer.json", b'{"\xff'), "is not UTF-8 at byte 2"),
    Case("tokenizer is a list", tokenizer_json, content("tokenizer.json", b"[]"), "is not a readable tokenizer"),
    Case("deep tokenizer", tokenizer_json, content("tokenizer.json", b'{"a":' * 10**5), "is not a readable tokenizer"),
    Case("tokenizer elsewhere", tokenizer_json, link("tokenizer.json", "/etc/passwd"), "leads out", UnsafeArtifactError),
    Case("link to nothing", tokenizer_json, lambda f: link("tokenizer.json", f / "gone")(f), "is missing", Exception),
    tokenizer("no model", "model", None, message="is not a readable tokenizer"),
    tokenizer("unknown model", "model", "type", "Magic", message="is not a readable tokenizer"),
    tokenizer("id below zero", "model", "vocab", {**IDS, "z": -1}, message="is not a readable tokenizer: .*integer"),
    tokenizer("id of a billion", "model", "vocab", {**IDS, "z": 10**9}, message="from 0 to 9999999; got 1000000000"),
    tokenizer("id of four billion", "model", "vocab", {**IDS, "z": 2**32 - 1}, message="from 0 to 9999999; got 4294967295"),
    tokenizer("two tokens of one id", "model", "vocab", {**IDS, "z": 3}, message="8 tokens have 7 ids"),
    tokenizer("unknown token unknown", "model", "unk_token", "nope", message="cannot be used: .*Missing .UNK. token"),
    tokenizer("no way to say unknown", "model", NO_UNKNOWN, message="cannot be used: .*`unk_id` is missing"),
    tokenizer("template without its tokens", "post_processor", "special_tokens", {}, message="cannot be used: 'no entry"),
    tokenizer("template out of range", "post_processor", "special_tokens", CLS_OUTSIDE, message="has the id 99; .* ends at 6"),
    tokenizer("malformed expression", "pre_tokenizer", BAD_REGEX, message="not a readable tokenizer: 'Oniguruma error"),
    tokenizer("malformed table", "normalizer", CHARMAP, message="is not a readable tokenizer: 'Precompiled"),
    Case("case that disagrees", tokenizer_json, setting("do_lower_case", False), "says do_lower_case=False, but tokenizer.json"),
    Case("vocabulary that disagrees", tokenizer_json, content("vocab.txt", GOOD + b"more\n"), "line 8: 'more' has id 7, but None"),
    bytes_vocabulary("bytes: id below zero", {"h": -1}, "the id of 'h' must be an integer from 0 to 9999999; got -1"),
    bytes_vocabulary("bytes: id of text", {"h": "5"}, "the id of 'h' must be an integer .* got '5'"),
    bytes_vocabulary("bytes: id is true", {"h": True}, "the id of 'h' must be an integer .* got True"),
    bytes_vocabulary("bytes: no id", {"<s>": None}, "the id of '<s>' must be an integer .* got None"),
    bytes_vocabulary("bytes: huge id", {"h": 4 * 10**9}, "the id of 'h' must be an integer .* got 4000000000"),
    bytes_vocabulary("bytes: two of one id", {"x": 7}, "'he' and 'x' both have the id 7"),
    Case("bytes: no mask", byte_level, content("vocab.json", b'{"<s>": 0}'), "lacks <pad>, </s>, <unk>, <mask>"),
    Case("merges of nothing", byte_level, content("merges.txt", b"q z\n"), "merges.txt' does not fit vocab.json: .*`q` out"),
    Case("merges not UTF-8", byte_level, content("merges.txt", b"\xff\xfe"), "does not fit vocab.json: .*UTF-8"),
    Case("merges of one", byte_level, content("merges.txt", b"one\n"), "does not fit vocab.json: .*invalid at line 1"),
    Case("merges elsewhere", byte_level, link("merges.txt", "/etc/passwd"), "leads out", UnsafeArtifactError),
    Case("class with code", vocabulary_only, content("tokenizer_config.json", json.dumps(REMOTE).encode()),
         "transformers does not load as a fast one"),
    Case("vocabulary named elsewhere", vocabulary_only, content("tokenizer_config.json", json.dumps(
         {"tokenizer_class": "BertJapaneseTokenizer", "vocab_file": "/etc/passwd"}).encode()),
         "`vocab_file` must be a bare file name; got '/etc/passwd'", UnsafeArtifactError),
]  # fmt: skip

CASES = {case.name: case for group in (VOCABULARIES, TOKENIZERS) for case in group}
COUNTS = {"vocabularies": 18, "tokenizers": 33}
