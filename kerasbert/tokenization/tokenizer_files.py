"""The files of a tokenizer: which one is read, what they must agree on, and how they are written."""

import contextlib
import json
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import explain_folder
from kerasbert._core.errors import ConfigError, KerasbertWarning, UnsafeArtifactError
from kerasbert._core.files import checked_member
from kerasbert._core.json_files import read_json_object
from kerasbert._core.names import VOCABULARY_FILE
from kerasbert.tokenization.added_tokens import (
    LARGEST_TOKENIZER,
    SETTINGS_FILE,
    TOKENIZER_FILE,
    USUAL_NAMES,
    add_declared,
    content_of,
    with_special_names,
)
from kerasbert.tokenization.vocabulary import read_vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer as FastTokenizer

BYTE_VOCABULARY_FILE = "vocab.json"
MERGES_FILE = "merges.txt"

# Of our own in tokenizer_config.json, beside the keys of transformers.
PROMPT_KEY = "prompt"

BYTE_LEVEL_NAMES = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
# Of an uncased vocabulary no token has capital letters, of a cased one a third.
LARGEST_CAPITAL_SHARE = 0.1
# As many as an encoder's config may have; a file of a few bytes can claim any id.
MOST_TOKENS = 10_000_000
# A letter, one that no vocabulary has, and no letter.
PROBES = ("a", "\U00013000", "")
# A folder of another class (Japanese BERT, BERTweet) has a vocab.txt too, but splits words otherwise.
WORDPIECE_CLASSES = ("Bert", "DistilBert", "Electra", "MobileBert", "PreTrained", "Tokenizers")

# Of these transformers takes vocabulary and added tokens from tokenizer.json, and builds the rest anew.
REBUILT_CLASSES = ("Bert", "DistilBert", "Electra", "MobileBert")

# What byte-level and SentencePiece vocabularies write for the space before a word.
WORD_STARTS = ("\u0120", "\u2581")


def load_tokenizer(folder: Path) -> tuple["FastTokenizer", dict[str, Any]]:
    """Read the tokenizer of a folder with all added tokens, and its settings with the names of special tokens."""
    if not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is not a folder; give one that holds a tokenizer.")
    settings = with_special_names(folder, read_settings(folder))
    tokenizer = _read_tokenizer(folder, settings)
    _check_usable(folder, tokenizer)
    if str(settings.get("tokenizer_class")).removesuffix("Fast").removesuffix("Tokenizer") in REBUILT_CLASSES:
        _check_ends(folder, tokenizer, settings)
    return tokenizer, settings


def read_settings(folder: Path) -> dict[str, Any]:
    """The content of `tokenizer_config.json`, empty if there is none."""
    return read_json_object(checked_member(folder, SETTINGS_FILE)) if _holds(folder, SETTINGS_FILE) else {}


def _read_tokenizer(folder: Path, settings: dict[str, Any]) -> "FastTokenizer":
    if _holds(folder, TOKENIZER_FILE):
        tokenizer = _read_tokenizer_json(checked_member(folder, TOKENIZER_FILE))
        add_declared(tokenizer, folder, settings)
        _check_agreement(folder, tokenizer, settings)
        return tokenizer
    if _holds(folder, VOCABULARY_FILE) and _is_wordpiece(settings):
        return _build_wordpiece(folder, settings)
    if _holds(folder, BYTE_VOCABULARY_FILE) and _holds(folder, MERGES_FILE):
        return _build_byte_level(folder, settings)
    return _load_with_transformers(folder, settings)


def _holds(folder: Path, name: str) -> bool:
    # A link to nowhere counts as there, so that it is named.
    return os.path.lexists(folder / name)


@contextlib.contextmanager
def tokenizer_errors(message: str) -> Iterator[None]:
    """Context: what the `tokenizers` library raises becomes a `ConfigError`; `{}` in the message stands for its words."""
    try:
        yield
    except ConfigError:
        raise
    except BaseException as error:
        # It raises bare Exception, and a panic of its Rust code is not even one.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ConfigError(message.format(shorten(str(error)))) from error


def _check_usable(folder: Path, tokenizer: "FastTokenizer") -> None:
    """A readable file may still promise ids that no encoder has, or fail at the first unknown word."""
    own = tokenizer.get_vocab(with_added_tokens=False).values()
    ids = tokenizer.get_vocab(with_added_tokens=True).values()
    largest = max(ids, default=-1)
    if not 0 <= largest < MOST_TOKENS:
        raise ConfigError(f"{str(folder)!r}: the ids of tokens must be from 0 to {MOST_TOKENS - 1}; got {largest}.")
    if len(set(own)) < len(own):
        raise ConfigError(f"{str(folder)!r}: {len(own)} tokens have {len(set(own))} ids; each must have its own.")
    with tokenizer_errors(f"{str(folder)!r} holds a tokenizer that cannot be used: {{}}; copy it again."):
        for probe in PROBES:
            found = max((*tokenizer.encode(probe).ids, *tokenizer.encode(probe, probe).ids), default=0)
            if found > largest:
                raise ConfigError(
                    f"{str(folder)!r}: a special token has the id {found}; the vocabulary ends at {largest}."
                )


def save_tokenizer(
    tokenizer: "FastTokenizer",
    folder: Path,
    *,
    special_tokens: dict[str, str],
    max_length: int,
    split_special_tokens: bool,
    prompt: str = "",
) -> None:
    """Write a tokenizer so that transformers and `load_tokenizer` read the same ids."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / TOKENIZER_FILE), pretty=False)
    settings: dict[str, Any] = {**special_tokens, "model_max_length": max_length}
    settings["split_special_tokens"] = split_special_tokens
    if prompt:
        settings[PROMPT_KEY] = prompt
    if _model_type(tokenizer) == "WordPiece":
        vocabulary = tokenizer.get_vocab(with_added_tokens=False)
        lines = "".join(f"{token}\n" for token in sorted(vocabulary, key=vocabulary.__getitem__))
        (folder / VOCABULARY_FILE).write_bytes(lines.encode("utf-8"))
        settings.update(_wordpiece_settings(tokenizer))
    else:
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    (folder / SETTINGS_FILE).write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def said_of_special_tokens(folder: Path, settings: dict[str, Any]) -> bool | None:
    """What a tokenizer's settings say of `split_special_tokens`; None where they say nothing."""
    return _flag(folder, settings, "split_special_tokens", None)


def said_of_prompt(folder: Path, settings: dict[str, Any]) -> str | None:
    """The prompt that a tokenizer of ours was saved with; None where there is none."""
    prompt = settings.get(PROMPT_KEY)
    if prompt is not None and not isinstance(prompt, str):
        raise ConfigError(f"{str(folder / SETTINGS_FILE)!r}: `{PROMPT_KEY}` must be a text; got {shorten(prompt)}.")
    return prompt


def special_token_names(tokenizer: "FastTokenizer", settings: dict[str, Any]) -> dict[str, str]:
    """Role -> special token, from the settings or by its usual name, for the roles that the vocabulary has."""
    names = {}
    for role, usual in USUAL_NAMES.items():
        given = content_of(settings.get(role))
        known = [name for name in (given, *usual) if name is not None and tokenizer.token_to_id(name) is not None]
        if known:
            names[role] = known[0]
    return names


def _read_tokenizer_json(file: Path) -> "FastTokenizer":
    from tokenizers import Tokenizer as FastTokenizer

    name = repr(str(file))
    if file.stat().st_size > LARGEST_TOKENIZER:
        raise ConfigError(f"{name} has {file.stat().st_size} bytes; at most {LARGEST_TOKENIZER} are read.")
    try:
        content = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 at byte {error.start}; copy it again.") from error
    with tokenizer_errors(f"{name} is not a readable tokenizer: {{}}; copy it again."):
        return FastTokenizer.from_str(content)


def _check_agreement(folder: Path, tokenizer: "FastTokenizer", settings: dict[str, Any]) -> None:
    """Two files that tell two stories would give other ids in another library: refuse them."""
    splitter = tokenizer.pre_tokenizer
    if type(splitter).__name__ == "ByteLevel":
        _check_setting(folder, settings, "add_prefix_space", splitter.add_prefix_space)
    if _model_type(tokenizer) != "WordPiece":
        return
    if _holds(folder, VOCABULARY_FILE):
        _check_same_vocabulary(folder, tokenizer)
    normalizer = tokenizer.normalizer
    if type(normalizer).__name__ != "BertNormalizer":
        return
    pairs = {
        "do_lower_case": normalizer.lowercase,
        "strip_accents": normalizer.strip_accents,
        "tokenize_chinese_chars": normalizer.handle_chinese_chars,
    }
    for name, value in pairs.items():
        _check_setting(folder, settings, name, value)


def _check_setting(folder: Path, settings: dict[str, Any], name: str, value: Any) -> None:
    said = settings.get(name)
    if said is not None and value is not None and said != value:
        raise ConfigError(
            f"{str(folder / SETTINGS_FILE)!r} says {name}={said}, but {TOKENIZER_FILE} beside it was made with "
            f"{value}; remove the wrong one of the two files."
        )


def _check_ends(folder: Path, tokenizer: "FastTokenizer", settings: dict[str, Any]) -> None:
    """transformers puts the tokens that the settings name around a text, whatever the other file does."""
    probe = tokenizer.encode("")
    around = [number for number, is_read in zip(probe.ids, probe.attention_mask, strict=True) if is_read]
    for place, role in ((0, "cls_token"), (-1, "sep_token")):
        said = content_of(settings.get(role))
        if around and said is not None and tokenizer.token_to_id(said) != around[place]:
            _check_setting(folder, {role: said}, role, tokenizer.id_to_token(around[place]))


def _check_same_vocabulary(folder: Path, tokenizer: "FastTokenizer") -> None:
    ids = tokenizer.get_vocab(with_added_tokens=True)
    tokens = read_vocabulary(checked_member(folder, VOCABULARY_FILE))
    for number, token in enumerate(tokens):
        if ids.get(token) != number:
            raise ConfigError(
                f"{str(folder / VOCABULARY_FILE)!r} line {number + 1}: {shorten(token)} has id {number}, but "
                f"{ids.get(token)} in {TOKENIZER_FILE} beside it; remove the wrong one of the two files."
            )
    num_own = len(tokenizer.get_vocab(with_added_tokens=False))
    if num_own > len(tokens):
        raise ConfigError(
            f"{str(folder / VOCABULARY_FILE)!r} has {len(tokens)} tokens, but {TOKENIZER_FILE} beside it {num_own}; "
            f"remove the wrong one of the two files."
        )


def _is_wordpiece(settings: dict[str, Any]) -> bool:
    name = settings.get("tokenizer_class")
    if not isinstance(name, str):
        return True
    return name.removesuffix("Fast").removesuffix("Tokenizer") in WORDPIECE_CLASSES or name == "TokenizersBackend"


def _build_wordpiece(folder: Path, settings: dict[str, Any]) -> "FastTokenizer":
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import decoders, models, normalizers, pre_tokenizers

    names = _role_names(settings, 0)
    own = [usual for role, (usual, _) in USUAL_NAMES.items() if names[role] == usual]
    tokens = read_vocabulary(checked_member(folder, VOCABULARY_FILE), own)
    _warn_of_case(folder, settings, tokens)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = FastTokenizer(models.WordPiece(vocabulary, unk_token=names["unk_token"], max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        lowercase=bool(_flag(folder, settings, "do_lower_case", True)),
        strip_accents=_flag(folder, settings, "strip_accents", None),
        handle_chinese_chars=bool(_flag(folder, settings, "tokenize_chinese_chars", True)),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    add_declared(tokenizer, folder, _with_names(settings, names))
    _put_between(tokenizer, "{cls}:0 $A:0 {sep}:0", "{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1", names)
    return tokenizer


def _build_byte_level(folder: Path, settings: dict[str, Any]) -> "FastTokenizer":
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import decoders, models, pre_tokenizers

    names = _role_names(settings, 1)
    _read_byte_vocabulary(
        checked_member(folder, BYTE_VOCABULARY_FILE), [name for name in BYTE_LEVEL_NAMES if name in names.values()]
    )
    prefix_space = bool(_flag(folder, settings, "add_prefix_space", False))
    merges = checked_member(folder, MERGES_FILE)
    with tokenizer_errors(f"{str(merges)!r} does not fit {BYTE_VOCABULARY_FILE}: {{}}; copy both."):
        model = models.BPE.from_file(str(folder / BYTE_VOCABULARY_FILE), str(merges))
    tokenizer = FastTokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    add_declared(tokenizer, folder, _with_names(settings, {"bos_token": "<s>", "eos_token": "</s>", **names}))
    _put_between(tokenizer, "{cls}:0 $A:0 {sep}:0", "{cls}:0 $A:0 {sep}:0 {sep}:0 $B:0 {sep}:0", names)
    return tokenizer


def _role_names(settings: dict[str, Any], form: int) -> dict[str, str]:
    """Role -> special token, of the settings or the usual one of a WordPiece (0) or byte-level (1) vocabulary."""
    return {role: content_of(settings.get(role)) or usual[form] for role, usual in USUAL_NAMES.items()}


def _with_names(settings: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {**settings, **{role: settings.get(role) or name for role, name in names.items()}}


def _put_between(tokenizer: "FastTokenizer", single: str, pair: str, names: dict[str, str]) -> None:
    from tokenizers import processors

    pieces = {key: names[f"{key}_token"] for key in ("cls", "sep")}
    if any(set(" :$").intersection(name) for name in pieces.values()):
        # A template cannot hold every name that a token may have; what counts is the id.
        pieces = {"cls": "CLS", "sep": "SEP"}
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single.format(**pieces),
        pair=pair.format(**pieces),
        special_tokens=[(piece, tokenizer.token_to_id(names[f"{key}_token"])) for key, piece in pieces.items()],
    )


def _warn_of_case(folder: Path, settings: dict[str, Any], tokens: list[str]) -> None:
    if "do_lower_case" in settings:
        return
    words = [token for token in tokens if not token.startswith("[")]
    capital = sum(word != word.lower() for word in words)
    if capital > LARGEST_CAPITAL_SHARE * len(words):
        warnings.warn(
            f"{str(folder / VOCABULARY_FILE)!r}: {capital} of {len(words)} tokens have capital letters, and no "
            f"{SETTINGS_FILE} says `do_lower_case`: texts are put into lower case, as transformers does it. If the encoder "
            f'is a cased one, write {{"do_lower_case": false}} into {SETTINGS_FILE} beside it.',
            KerasbertWarning,
            stacklevel=2,
        )


def _read_byte_vocabulary(file: Path, special_tokens: list[str]) -> dict[str, Any]:
    vocabulary = read_json_object(file)
    missing = [token for token in special_tokens if token not in vocabulary]
    if missing:
        raise ConfigError(f"{str(file)!r} lacks {', '.join(missing)}; RoBERTa's has them all.")
    owners: dict[int, str] = {}
    for token, number in vocabulary.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < MOST_TOKENS:
            raise ConfigError(
                f"{str(file)!r}: the id of {shorten(token)} must be an integer from 0 to {MOST_TOKENS - 1}; got "
                f"{shorten(number)}."
            )
        if number in owners:
            raise ConfigError(
                f"{str(file)!r}: {shorten(owners[number])} and {shorten(token)} both have the id {number}."
            )
        owners[number] = token
    return vocabulary


def _load_with_transformers(folder: Path, settings: dict[str, Any]) -> "FastTokenizer":
    if not any(folder.glob("*.model")) and not any(folder.glob("vocab*")) and not (folder / SETTINGS_FILE).is_file():
        missing = (
            f"{str(folder)!r} holds no tokenizer; it needs {TOKENIZER_FILE}, {VOCABULARY_FILE}, or "
            f"{BYTE_VOCABULARY_FILE} and {MERGES_FILE}."
        )
        raise ConfigError(explain_folder(folder) or missing)
    for key, value in settings.items():
        # transformers would open whatever these name.
        if key.endswith("_file") and isinstance(value, str) and Path(value).name != value:
            raise UnsafeArtifactError(
                f"{str(folder / SETTINGS_FILE)!r}: `{key}` must be a bare file name; got {shorten(value)}."
            )
    for file in folder.iterdir():
        if file.is_symlink():
            checked_member(folder, file.name)
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        return loaded.backend_tokenizer
    except Exception as error:  # whatever a foreign tokenizer runs into
        raise ConfigError(
            f"{str(folder)!r} holds a tokenizer that transformers does not load as a fast one ({type(error).__name__}: "
            f"{shorten(str(error))}); write a {TOKENIZER_FILE} for it."
        ) from error


def _flag(folder: Path, settings: dict[str, Any], name: str, default: bool | None) -> bool | None:
    value = settings.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ConfigError(f"{str(folder / SETTINGS_FILE)!r}: `{name}` must be true or false; got {shorten(value)}.")
    return value


def _wordpiece_settings(tokenizer: "FastTokenizer") -> dict[str, Any]:
    settings: dict[str, Any] = {"tokenizer_class": "BertTokenizer"}
    normalizer = tokenizer.normalizer
    if type(normalizer).__name__ != "BertNormalizer":
        # BertTokenizer would put its own normaliser in the place of this one.
        return {"tokenizer_class": "PreTrainedTokenizerFast"}
    settings["do_lower_case"] = normalizer.lowercase
    settings["strip_accents"] = normalizer.strip_accents
    settings["tokenize_chinese_chars"] = normalizer.handle_chinese_chars
    return settings


def _model_type(tokenizer: "FastTokenizer") -> str:
    return type(tokenizer.model).__name__


def continuation_of(tokenizer: "FastTokenizer") -> Callable[[str], bool]:
    """The test of whether a token goes on with the word before it.

    WordPiece marks what continues a word; byte-level and SentencePiece vocabularies mark what starts one, each with a
    character of its own.
    """
    if _model_type(tokenizer) == "WordPiece":
        prefix = tokenizer.model.continuing_subword_prefix
        return lambda token: token.startswith(prefix)
    marks = {mark: sum(token.startswith(mark) for token in tokenizer.get_vocab()) for mark in WORD_STARTS}
    usual = max(marks, key=marks.__getitem__)
    if not marks[usual]:
        return lambda token: False
    return lambda token: not token.startswith(usual)
