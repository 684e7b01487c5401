"""Texts to token ids with the `tokenizers` library; special tokens written in a text stay text."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from kerasbert._core.checks import check_int, check_texts, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import VOCABULARY_FILE
from kerasbert._core.strict_json import read_json_object
from kerasbert.data.vocabulary import read_vocabulary

# Sentences and messages are shorter; attention costs grow with the square. Longer texts are cut and counted.
DEFAULT_MAX_LENGTH = 128
# Room for [CLS], one token and [SEP].
SHORTEST = 3
LONGEST = 1_000_000
# Texts handed to the tokenizer's threads at a time, so that memory stays bounded.
CHUNK = 8192

TOKENIZER_FILE = "tokenizer.json"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"


@dataclasses.dataclass(frozen=True)
class TokenArrays:
    """Token ids of n texts, one after the other in flat arrays.

    Args:
        input_ids: int32, the ids of all texts.
        token_type_ids: int32, 0 for the first text of a pair and 1 for the second.
        offsets: int64 (n + 1,); text i is at `offsets[i]:offsets[i + 1]`.
        num_truncated: how many texts were cut.

    Example:
        >>> arrays = TokenArrays.from_lists([[2, 5, 3], [2, 3]])
        >>> len(arrays), arrays.lengths.tolist()
        (2, [3, 2])
    """

    input_ids: np.ndarray
    token_type_ids: np.ndarray
    offsets: np.ndarray
    num_truncated: int = 0

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, int64 (n,)."""
        return np.diff(self.offsets)

    @classmethod
    def from_lists(
        cls, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None = None, *, num_truncated: int = 0
    ) -> Self:
        """Join lists of ids; token types are zero where none are given."""
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in ids], dtype=np.int64)]).astype(np.int64)
        flat = np.fromiter((value for row in ids for value in row), np.int32, count=int(offsets[-1]))
        if types is None:
            return cls(flat, np.zeros_like(flat), offsets, num_truncated)
        flat_types = np.fromiter((value for row in types for value in row), np.int32, count=int(offsets[-1]))
        return cls(flat, flat_types, offsets, num_truncated)

    @classmethod
    def join(cls, parts: Sequence["TokenArrays"]) -> Self:
        """All texts of several arrays, in order."""
        if not parts:
            return cls.from_lists([])
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(
            np.concatenate([part.input_ids for part in parts]),
            np.concatenate([part.token_type_ids for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            sum(part.num_truncated for part in parts),
        )

    def take(self, indices: Sequence[int]) -> Self:
        """The texts at some indices, in that order; `num_truncated` is that of the whole."""
        indices = np.asarray(indices, dtype=np.int64)
        lengths = self.lengths[indices]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        # Position of every token of the result in the flat arrays.
        positions = np.arange(offsets[-1]) + np.repeat(self.offsets[indices] - offsets[:-1], lengths)
        return dataclasses.replace(
            self,
            input_ids=self.input_ids[positions],
            token_type_ids=self.token_type_ids[positions],
            offsets=offsets,
        )


class TextEncoder:
    """Turns texts into token ids, as Hugging Face does, but for two things.

    Special tokens such as `[SEP]` in a user's text are split as any text, so that nobody can forge the structure of an
    input; and the truncation and padding that a `tokenizer.json` asks for are replaced by `max_length` and by padding to
    the longest text of a batch.

    Args:
        tokenizer: a `tokenizers.Tokenizer`; it is changed in place.
        max_length: longest result in tokens, special ones included, >= 3; None means 128.

    Raises:
        ConfigError: when `max_length` is below 3.
        TypeError: when `max_length` is no integer.

    Example:
        >>> tokens = TextEncoder.from_pretrained("all-MiniLM-L6-v2")
        >>> tokens.encode(["Hello [SEP]"]).input_ids.tolist()
        [101, 7592, 1031, 19802, 1033, 102]
    """

    def __init__(self, tokenizer: Any, *, max_length: int | None = None) -> None:
        length = DEFAULT_MAX_LENGTH if max_length is None else max_length
        self.max_length = check_int("max_length", length, SHORTEST, LONGEST, "[CLS], a token, [SEP]")
        self.tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_length, strategy="longest_first")
        tokenizer.encode_special_tokens = True

    @classmethod
    def from_pretrained(cls, name_or_folder: str | Path, *, max_length: int | None = None) -> Self:
        """Load the tokenizer of an encoder by name or folder.

        Raises:
            ConfigError: when it cannot be found or read.
        """
        from kerasbert._core.resolve import resolve_encoder

        return cls.from_folder(resolve_encoder(name_or_folder), max_length=max_length)

    @classmethod
    def from_folder(cls, folder: str | Path, *, max_length: int | None = None) -> Self:
        """Load the tokenizer of a folder: `tokenizer.json`, `vocab.txt`, `vocab.json` with `merges.txt`, or what
        transformers reads.

        Args:
            folder: of a checkpoint or a saved classifier.
            max_length: longest result in tokens; None means 128.

        Returns:
            The encoder of texts.

        Raises:
            ConfigError: when the files are missing, malformed, or contradict each other.
        """  # noqa: D205
        folder = Path(folder)
        settings_file = folder / TOKENIZER_CONFIG_FILE
        settings = read_json_object(settings_file) if settings_file.is_file() else {}
        if (folder / TOKENIZER_FILE).is_file():
            tokenizer = _from_tokenizer_json(folder, settings)
        elif (folder / VOCABULARY_FILE).is_file():
            tokenizer = _word_piece(read_vocabulary(folder / VOCABULARY_FILE), settings)
        elif (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
            tokenizer = _byte_level(folder)
        else:
            tokenizer = _from_transformers(folder)
        return cls(tokenizer, max_length=max_length)

    @property
    def pad_id(self) -> int:
        """Id of the padding token, 0 where the vocabulary has none."""
        for token in ("[PAD]", "<pad>"):
            number = self.tokenizer.token_to_id(token)
            if number is not None:
                return number
        return 0

    @property
    def vocabulary_size(self) -> int:
        """Number of tokens, added ones included."""
        return self.tokenizer.get_vocab_size(with_added_tokens=True)

    def encode(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> TokenArrays:
        """Token ids of texts, or of pairs of texts.

        Args:
            texts: n texts; a longer one than `max_length` tokens is cut, [SEP] kept.
            text_pairs: n second texts; of a pair that is too long, the longer text is cut first.

        Returns:
            The ids of the n texts.

        Raises:
            TypeError: when `texts` is one text, or an entry is no text; the message names its index.
            DataError: when an entry cannot be encoded, or there are not as many second texts.
        """
        texts = _check_entries("texts", texts)
        inputs: list[Any] = texts
        if text_pairs is not None:
            pairs = _check_entries("text_pairs", text_pairs)
            if len(pairs) != len(texts):
                raise DataError(f"`text_pairs` must be as many as `texts`; got {len(pairs)} and {len(texts)}.")
            inputs = list(zip(texts, pairs, strict=True))
        return TokenArrays.join([self._encode_chunk(chunk) for chunk in _chunks(inputs)])

    def tokens(self, text: str) -> list[str]:
        """The tokens of one text, special ones included."""
        (checked,) = _check_entries("texts", [text])
        return self.tokenizer.encode(checked).tokens

    def save(self, folder: str | Path) -> None:
        """Write `tokenizer.json`, `tokenizer_config.json` and, for WordPiece, `vocab.txt` into a folder.

        Both transformers' `AutoTokenizer` and `from_folder` read them.
        """
        folder = Path(folder)
        self.tokenizer.no_truncation()
        self.tokenizer.save(str(folder / TOKENIZER_FILE))
        self.tokenizer.enable_truncation(self.max_length, strategy="longest_first")
        description = json.loads(self.tokenizer.to_str())
        settings: dict[str, Any] = {"model_max_length": self.max_length, "tokenizer_class": "PreTrainedTokenizerFast"}
        if description["model"]["type"] == "WordPiece":
            normalizer = description.get("normalizer") or {}
            settings |= {"tokenizer_class": "BertTokenizer", "do_lower_case": bool(normalizer.get("lowercase", False))}
            vocabulary = sorted(description["model"]["vocab"].items(), key=lambda item: item[1])
            text = "".join(f"{token}\n" for token, _ in vocabulary)
            (folder / VOCABULARY_FILE).write_text(text, encoding="utf-8")
        named = {"pad_token": ("[PAD]", "<pad>"), "unk_token": ("[UNK]", "<unk>"), "mask_token": ("[MASK]", "<mask>")}
        named |= {"cls_token": ("[CLS]", "<s>"), "sep_token": ("[SEP]", "</s>")}
        for name, candidates in named.items():
            known = [token for token in candidates if self.tokenizer.token_to_id(token) is not None]
            settings |= {name: known[0]} if known else {}
        (folder / TOKENIZER_CONFIG_FILE).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    def _encode_chunk(self, inputs: list) -> TokenArrays:
        encodings = self.tokenizer.encode_batch_fast(inputs)
        return TokenArrays.from_lists(
            [encoding.ids for encoding in encodings],
            [encoding.type_ids for encoding in encodings],
            num_truncated=sum(1 for encoding in encodings if encoding.overflowing),
        )


def _check_entries(name: str, texts: Sequence[str]) -> list[str]:
    checked = list(check_texts(name, texts))
    for index, text in enumerate(checked):
        if not isinstance(text, str):
            raise TypeError(
                f"`{name}` must be texts; got {shorten(text)} of type {type(text).__name__} at index {index}."
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(
                f"`{name}`: the text at index {index} holds half of a surrogate pair at character {error.start}; decode "
                f"it again."
            ) from error
        if type(text) is not str:
            checked[index] = str(text)
    return checked


def _chunks(inputs: list) -> Iterator[list]:
    for start in range(0, len(inputs), CHUNK):
        yield inputs[start : start + CHUNK]


def _from_tokenizer_json(folder: Path, settings: dict[str, Any]) -> Any:
    from tokenizers import Tokenizer

    file = folder / TOKENIZER_FILE
    description = read_tokenizer_json(file)
    try:
        tokenizer = Tokenizer.from_str(description)
    except Exception as error:
        # The Rust library raises a bare Exception.
        raise ConfigError(
            f"{str(file)!r} is not a tokenizer of the `tokenizers` library: {shorten(str(error))}"
        ) from error
    parsed = json.loads(description)
    _check_lower_case(file, parsed, settings)
    if (folder / VOCABULARY_FILE).is_file() and parsed.get("model", {}).get("type") == "WordPiece":
        _check_same_vocabulary(folder, parsed["model"]["vocab"])
    return tokenizer


def read_tokenizer_json(file: Path) -> str:
    """The text of a JSON file that may be larger than a config.

    Raises:
        ConfigError: when it is not UTF-8 or no JSON object.
    """
    try:
        text = file.read_text(encoding="utf-8")
        if not isinstance(json.loads(text), dict):
            raise ConfigError(f"{str(file)!r} must hold one JSON object.")
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"{str(file)!r} is not readable JSON: {error}") from error
    return text


def _check_lower_case(file: Path, parsed: dict[str, Any], settings: dict[str, Any]) -> None:
    normalizer = parsed.get("normalizer") or {}
    stated, real = settings.get("do_lower_case"), normalizer.get("lowercase")
    if normalizer.get("type") == "BertNormalizer" and stated is not None and bool(stated) != bool(real):
        raise ConfigError(
            f"{str(file)!r} has lowercase {real} but {TOKENIZER_CONFIG_FILE} has do_lower_case {stated}; make them agree."
        )


def _check_same_vocabulary(folder: Path, vocabulary: dict[str, int]) -> None:
    tokens = read_vocabulary(folder / VOCABULARY_FILE)
    if {token: number for number, token in enumerate(tokens)} != vocabulary:
        raise ConfigError(
            f"{str(folder / TOKENIZER_FILE)!r} and {VOCABULARY_FILE} hold different vocabularies ({len(vocabulary)} and "
            f"{len(tokens)} tokens); delete the one that is wrong."
        )


def _word_piece(tokens: list[str], settings: dict[str, Any]) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=bool(settings.get("do_lower_case", True)),
        strip_accents=settings.get("strip_accents"),
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = [(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=special
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    )
    return tokenizer


def _byte_level(folder: Path) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    try:
        model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
        tokenizer = Tokenizer(model)
        ends = {token: tokenizer.token_to_id(token) for token in ("</s>", "<s>")}
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.post_processor = processors.RobertaProcessing(
            ("</s>", ends["</s>"]), ("<s>", ends["<s>"]), add_prefix_space=False
        )
    except Exception as error:
        # The Rust library raises a bare Exception.
        raise ConfigError(
            f"{str(folder)!r}: vocab.json and merges.txt cannot be read: {shorten(str(error))}"
        ) from error
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<s>", "<pad>", "</s>", "<unk>")])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    return tokenizer


def _from_transformers(folder: Path) -> Any:
    try:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(folder, local_files_only=True).backend_tokenizer
    except Exception as error:
        # transformers raises many kinds of errors for a folder that it cannot read.
        raise ConfigError(
            f"{str(folder)!r} holds no tokenizer: neither {TOKENIZER_FILE}, nor {VOCABULARY_FILE}, nor vocab.json with "
            f"merges.txt, nor anything that transformers reads ({type(error).__name__})."
        ) from error
