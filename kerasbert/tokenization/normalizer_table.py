"""The effect of a tokenizer's normaliser on every character of Unicode, asked of the normaliser itself.

BERT's normaliser works on one character at a time, with one exception: full decomposition (NFD) sorts the marks that
follow a letter. So a table of single characters, and the sorting rank of the few marks that stay, say all of it, without a
second implementation that could differ.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.errors import ConfigError

CODE_POINTS = 0x110000
SURROGATES = range(0xD800, 0xE000)

# Kinds of characters, as the splitting into words sees them.
LETTER, PUNCTUATION, SPACE = 0, 1, 2

# Many characters go through the normaliser at once, each fenced off by one that no other character turns into.
FENCE = "|"
CHUNK = 4096

# One mark of every combining class; the classes are fixed for good by Unicode's stability policy.
LOWEST_MARK, HIGHEST_MARK = "\u0334", "\u0345"


class NormalizerTable(NamedTuple):
    """The normaliser as data: text goes in as code points and comes out as characters of known kind.

    Args:
        outputs: for every code point the text that it becomes, which may be empty.
        kinds: uint8 (0x110000,), `LETTER`, `PUNCTUATION` or `SPACE`, of every character that is in `outputs`.
        ranks: code point -> sorting rank of each character that it becomes, for the marks that decomposition moves.
        breaks: code points that vanish but stop the sorting of the marks around them.
    """

    outputs: list[str]
    kinds: np.ndarray
    ranks: dict[int, tuple[int, ...]]
    breaks: frozenset[int]


def normalizer_table(tokenizer: Any) -> NormalizerTable:
    """Ask a tokenizer's BERT normaliser and splitter for every code point; takes some seconds the first time.

    Args:
        tokenizer: a `tokenizers.Tokenizer` with `BertNormalizer` and `BertPreTokenizer`.

    Raises:
        ConfigError: when the tokenizer normalises or splits in another way.
    """
    normalizer, splitter = tokenizer.normalizer, tokenizer.pre_tokenizer
    if type(normalizer).__name__ != "BertNormalizer" or type(splitter).__name__ != "BertPreTokenizer":
        raise ConfigError(
            f"The tokenizer must have BERT's own normaliser and splitter (BertNormalizer, BertPreTokenizer) to go into a "
            f"graph; got {type(normalizer).__name__} and {type(splitter).__name__}."
        )
    return _bert_table(
        bool(normalizer.clean_text),
        bool(normalizer.handle_chinese_chars),
        bool(normalizer.lowercase if normalizer.strip_accents is None else normalizer.strip_accents),
        bool(normalizer.lowercase),
    )


@functools.lru_cache(maxsize=8)
def _bert_table(clean_text: bool, handle_chinese_chars: bool, strip_accents: bool, lowercase: bool) -> NormalizerTable:
    from tokenizers.normalizers import NFD, BertNormalizer

    def bert(strip: bool) -> Callable[[str], str]:
        return BertNormalizer(clean_text, handle_chinese_chars, strip, lowercase).normalize_str

    characters = ["" if code in SURROGATES else chr(code) for code in range(CODE_POINTS)]
    outputs = _map_each(bert(strip_accents), characters)
    ranks: dict[int, tuple[int, ...]] = {}
    breaks: frozenset[int] = frozenset()
    if strip_accents:
        ranks, breaks = _sorting(outputs, bert(False), NFD().normalize_str)
    return NormalizerTable(outputs, _kinds(_distinct("".join(outputs))), ranks, breaks)


def code_points(text: str) -> np.ndarray:
    """Return the code points of a text, uint32 (number of characters,)."""
    return np.frombuffer(text.encode("utf-32-le"), "<u4")


def _distinct(text: str) -> np.ndarray:
    seen = np.zeros(CODE_POINTS, dtype=bool)
    seen[code_points(text)] = True
    return np.flatnonzero(seen)


def _map_each(function: Callable[[str], str], texts: Sequence[str]) -> list[str]:
    """Apply `function` to each text, many at a time."""
    results: list[str] = []
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        parts = function(FENCE.join(chunk)).split(FENCE)
        results += parts if len(parts) == len(chunk) else [function(text) for text in chunk]
    return results


def _sorting(
    outputs: list[str], keep_accents: Callable[[str], str], decompose: Callable[[str], str]
) -> tuple[dict[int, tuple[int, ...]], frozenset[int]]:
    """Rank the marks that stay, and find the code points that vanish and yet stop the sorting."""
    vanished = [code for code, output in enumerate(outputs) if not output and code not in SURROGATES]
    cleaned = dict(zip(vanished, _map_each(keep_accents, [chr(code) for code in vanished]), strict=True))
    # What the cleaning takes away takes no part in the sorting.
    alive = [code for code, output in enumerate(outputs) if output or cleaned.get(code)]
    around = _map_each(decompose, [HIGHEST_MARK + chr(code) + LOWEST_MARK for code in alive])
    # Most characters keep the two marks apart as they are; the others are marks, or have some, or become several.
    special = [c for c, text in zip(alive, around, strict=True) if text != HIGHEST_MARK + chr(c) + LOWEST_MARK]
    decomposed = dict(zip(special, _map_each(decompose, [chr(code) for code in special]), strict=True))
    rank = _mark_ranks(sorted(set("".join(decomposed.values()))), decompose)
    staying = {mark for mark in rank if outputs[ord(mark)]}
    ranks = {}
    for code, text in decomposed.items():
        if staying.intersection(text):
            parts = [outputs[ord(character)] for character in text]
            if "".join(parts) != outputs[code]:
                raise ConfigError(f"The normaliser treats U+{code:04X} otherwise than its parts; please report it.")
            ranks[code] = tuple(rank.get(c, 0) for c, part in zip(text, parts, strict=True) for _ in part)
    # Of what does not vanish as a whole, the part that stays stops the sorting too.
    lost = [code for code in alive if not outputs[code]]
    breaks = {code for code in lost if any(c not in rank for c in decomposed.get(code, chr(code)))}
    return ranks, frozenset(breaks)


def _mark_ranks(characters: list[str], decompose: Callable[[str], str]) -> dict[str, int]:
    """Find the marks among some characters, with ranks from 1 in the order in which decomposition sorts them."""
    around = [HIGHEST_MARK + character + LOWEST_MARK for character in characters]
    sorted_around = _map_each(decompose, around)
    marks = [c for c, given, got in zip(characters, around, sorted_around, strict=True) if given != got]
    # A mark moves in front of exactly those of a higher class.
    higher = dict.fromkeys(marks, 0)
    for reference in marks:
        pairs = _map_each(decompose, [reference + mark for mark in marks])
        for mark, pair in zip(marks, pairs, strict=True):
            higher[mark] += pair != reference + mark
    order = sorted(set(higher.values()), reverse=True)
    return {mark: order.index(count) + 1 for mark, count in higher.items()}


def _kinds(codes: np.ndarray) -> np.ndarray:
    """Ask what the splitter does with each character between two letters."""
    from tokenizers.pre_tokenizers import BertPreTokenizer

    kinds = np.zeros(CODE_POINTS, dtype=np.uint8)
    for start in range(0, len(codes), CHUNK):
        chunk = codes[start : start + CHUNK]
        found = np.full(len(chunk), SPACE)
        text = "a" + "".join([chr(code) + "a" for code in chunk.tolist()])
        for piece, (first, last) in BertPreTokenizer().pre_tokenize_str(text):
            # Every second character is one that is asked about.
            found[first // 2 : last // 2] = PUNCTUATION if len(piece) == 1 and first % 2 else LETTER
        kinds[chunk] = found
    return kinds
