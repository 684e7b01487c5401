"""Tokens that were added to a vocabulary: the files that declare them, and which of them a text may spell.

transformers has written them in four places over the years: `tokenizer.json`, `added_tokens_decoder` in
`tokenizer_config.json`, `added_tokens.json`, and the names of special tokens in `special_tokens_map.json`.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.files import checked_member
from kerasbert._core.json_files import read_json_object

if TYPE_CHECKING:
    from tokenizers import AddedToken
    from tokenizers import Tokenizer as FastTokenizer

TOKENIZER_FILE = "tokenizer.json"
SETTINGS_FILE = "tokenizer_config.json"
ADDED_TOKENS_FILE = "added_tokens.json"
SPECIAL_TOKENS_FILE = "special_tokens_map.json"
LARGEST_TOKENIZER = 256 * 1024 * 1024
DECODER_KEY = "added_tokens_decoder"
# The order in which transformers adds the special tokens that a vocabulary lacks, and thereby numbers them.
ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# Where tokenizer_config.json is silent, the names of BERT's and of RoBERTa's vocabulary.
USUAL_NAMES = {
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "mask_token": ("[MASK]", "<mask>"),
}
STANDARD_TOKENS = frozenset(token for usual in USUAL_NAMES.values() for token in usual)
EXTRA_KEY, OLD_EXTRA_KEY = "extra_special_tokens", "additional_special_tokens"
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def with_special_names(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `tokenizer_config.json` with the names of `special_tokens_map.json`, read as transformers does."""
    settings = dict(settings)
    if settings.get(OLD_EXTRA_KEY) and not settings.get(EXTRA_KEY):
        settings[EXTRA_KEY] = settings.pop(OLD_EXTRA_KEY)
    # Where the settings list every added token, transformers no longer opens the older files.
    if DECODER_KEY in settings or not os.path.lexists(folder / SPECIAL_TOKENS_FILE):
        return settings
    named = read_json_object(checked_member(folder, SPECIAL_TOKENS_FILE))
    if isinstance(named.get(EXTRA_KEY), list) and isinstance(settings.get(EXTRA_KEY), list):
        named[EXTRA_KEY] = [*settings[EXTRA_KEY], *named[EXTRA_KEY]]
    return {**settings, **named}


def content_of(value: Any) -> str | None:
    """The text of a token that is written as a string or as an object; None for anything else."""
    value = value.get("content") if isinstance(value, Mapping) else value
    return value if isinstance(value, str) and value else None


def add_declared(tokenizer: "FastTokenizer", folder: Path, settings: Mapping[str, Any]) -> None:
    """Add the tokens that a folder declares and its tokenizer lacks, under the ids that transformers gives them."""
    present = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    for origin, number, token in _declared(folder, settings):
        if token.content in present:
            continue
        present.add(token.content)
        tokenizer.add_tokens([token])
        got = tokenizer.token_to_id(token.content)
        if number is not None and got != number:
            raise ConfigError(
                f"{str(folder / origin)!r}: {shorten(token.content)} is declared with the id {number}, but the vocabulary "
                f"gives it {got}; copy the tokenizer's files again, all from one folder."
            )


def declared_ids(folder: Path, standard: Collection[str]) -> dict[str, int]:
    """Token -> id of the added tokens that a text may spell, from the files alone."""
    try:
        stored = read_json_object(folder / SETTINGS_FILE) if (folder / SETTINGS_FILE).is_file() else {}
        settings = with_special_names(folder, stored)
        found = {token.content: number for _, number, token in _declared(folder, settings) if number is not None}
        file = folder / TOKENIZER_FILE
        if file.is_file() and file.stat().st_size <= LARGEST_TOKENIZER:
            listed = json.loads(file.read_text(encoding="utf-8"))["added_tokens"]
            found |= {entry["content"]: int(entry["id"]) for entry in listed}
    except (ValueError, OSError, KeyError, TypeError, RecursionError):
        # Whoever reads texts with it is told what is wrong.
        return {}
    return {token: number for token, number in found.items() if token not in standard}


def protect(tokenizer: "FastTokenizer", standard: Collection[str]) -> "FastTokenizer":
    """A copy in which the standard special tokens alone are special.

    The `tokenizers` library can read all special tokens in a text as text, or none. With this, the standard ones stay
    text and every token that a user added is found.
    """
    content = json.loads(tokenizer.to_str())
    changed = False
    for token in content["added_tokens"]:
        changed |= token["special"] != (token["content"] in standard)
        token["special"] = token["content"] in standard
    return type(tokenizer).from_str(json.dumps(content) if changed else tokenizer.to_str())


def _declared(folder: Path, settings: Mapping[str, Any]) -> Iterator[tuple[str, int | None, "AddedToken"]]:
    """File, id and token of every declaration, in the order in which transformers adds them."""
    from tokenizers import AddedToken

    yield from sorted(_numbered(folder, settings), key=lambda item: item[1])
    for value in _special_values(settings):
        flags = _flags(value) if isinstance(value, Mapping) else {}
        yield SETTINGS_FILE, None, AddedToken(content_of(value), **{"normalized": False, **flags, "special": True})


def _numbered(folder: Path, settings: Mapping[str, Any]) -> Iterable[tuple[str, int, "AddedToken"]]:
    from tokenizers import AddedToken

    if DECODER_KEY in settings:
        for key, value in _object(folder / SETTINGS_FILE, DECODER_KEY, settings[DECODER_KEY]).items():
            flags = _flags(value) if isinstance(value, Mapping) else {}
            content = content_of(value) if isinstance(value, Mapping) else None
            if content is None or not str(key).isdecimal():
                raise ConfigError(
                    f"{str(folder / SETTINGS_FILE)!r}: `{DECODER_KEY}` must be an object of id -> token; got {shorten(key)}: "
                    f"{shorten(value)}."
                )
            yield SETTINGS_FILE, int(key), AddedToken(content, **flags)
    elif os.path.lexists(folder / ADDED_TOKENS_FILE):
        # Not those that an older file lists under the older key: transformers 5 looks at the newer one alone here.
        newer = {key: value for key, value in settings.items() if key != OLD_EXTRA_KEY}
        special = {content_of(value) for value in _special_values(newer)}
        for content, number in read_json_object(checked_member(folder, ADDED_TOKENS_FILE)).items():
            if isinstance(number, bool) or not isinstance(number, int) or not content:
                raise ConfigError(
                    f"{str(folder / ADDED_TOKENS_FILE)!r} must be an object of token -> id; got {shorten(content)}: "
                    f"{shorten(number)}."
                )
            is_special = content in special
            yield ADDED_TOKENS_FILE, number, AddedToken(content, normalized=not is_special, special=is_special)


def _special_values(settings: Mapping[str, Any]) -> list[Any]:
    """The special tokens that settings name, as they are written: by role, by a name of their own, and in a list."""
    named = [settings.get(role) for role in ROLES]
    named += [value for key, value in settings.items() if key.endswith("_token") and key not in ROLES]
    extra = settings.get(EXTRA_KEY) or settings.get(OLD_EXTRA_KEY)
    listed = list(extra.values()) if isinstance(extra, Mapping) else extra
    return [value for value in [*named, *(listed if isinstance(listed, list) else [])] if content_of(value)]


def _flags(value: Mapping[str, Any]) -> dict[str, bool]:
    return {name: bool(value[name]) for name in FLAGS if isinstance(value.get(name), bool)}


def _object(file: Path, key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{str(file)!r}: `{key}` must be an object of id -> token; got {shorten(value)}.")
    return value
