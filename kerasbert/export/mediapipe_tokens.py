"""The tokens that MediaPipe's text classifier makes of a text; its normalisation is simpler than BERT's.

It lowers ASCII letters only, keeps accents and control characters, and counts a word's bytes where BERT counts its
characters. Where its ids are other ones, so are its scores; an export counts how often.
"""

import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert.tokenization.tokenizer import Tokenizer

CLS, SEP, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
CONTINUING = "##"
LONGEST_WORD_BYTES = 100
# White space of ASCII without the vertical tab, as the regular expressions of RE2 see it.
SPACE = "\t\n\f\r "
ASCII_LOWER = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
ASCII_SYMBOLS = r"!-/:-@\[-`{-~"
# Written without spaces between words, so that each character is one.
IDEOGRAPHS = (
    "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b820-\U0002ceaf"
    "\uf900-\ufaff\U0002f800-\U0002fa1f"
)


class MediaPipeTokenizer:
    """Token ids as MediaPipe's BERT tokenizer gives them.

    Args:
        tokens: the model's tokenizer.

    Raises:
        ConfigError: when it lacks `[CLS]`, `[SEP]` or `[UNK]`, or wraps texts in others, which MediaPipe cannot do.
    """

    def __init__(self, tokens: Tokenizer) -> None:
        self.vocabulary: Mapping[str, int] = tokens.backend.get_vocab(with_added_tokens=True)
        around = [None if part.token is None else tokens.token_of(part.token) for part in tokens.template]
        if around != [CLS, None, SEP] or UNKNOWN not in self.vocabulary:
            raise ConfigError(
                f"MediaPipe puts a text between [CLS] and [SEP] and calls what it does not know [UNK]; this tokenizer has "
                f"{around}. Export a model of BERT, DistilBERT or ELECTRA, or a SavedModel."
            )
        self._words: dict[str, list[int]] = {}
        self._split = re.compile(f"[{SPACE}]+|([{_symbols()}])")

    def ids(self, text: str, length: int | None) -> list[int]:
        """Return the ids of a text, without padding, cut at `length` with `[CLS]` and `[SEP]`; None does not cut it."""
        room = None if length is None else length - 2
        words = filter(None, self._split.split(text.translate(ASCII_LOWER)))
        pieces = [piece for word in words for piece in self._word(word)]
        return [self.vocabulary[CLS], *pieces[:room], self.vocabulary[SEP]]

    def _word(self, word: str) -> list[int]:
        if word not in self._words:
            self._words[word] = self._pieces(word)
        return self._words[word]

    def _pieces(self, word: str) -> list[int]:
        """Return the longest pieces from the left, or the unknown token where there are none."""
        unknown = [self.vocabulary[UNKNOWN]]
        if len(word.encode("utf-8", "replace")) > LONGEST_WORD_BYTES:
            return unknown
        pieces, start = [], 0
        while start < len(word):
            prefix = CONTINUING if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if prefix + word[start:end] in self.vocabulary), None)
            if end is None:
                return unknown
            pieces.append(self.vocabulary[prefix + word[start:end]])
            start = end
        return pieces


def count_other_ids(tokens: Tokenizer, texts: Sequence[str], length: int | None) -> int:
    """Count the texts of which MediaPipe gives the model other ids than the tokenizer does."""
    mediapipe = MediaPipeTokenizer(tokens)
    encoded = tokens.encode(texts)
    rows = np.split(encoded.input_ids, encoded.offsets[1:-1])
    return sum(mediapipe.ids(text, length) != row.tolist() for text, row in zip(texts, rows, strict=True))


def _symbols() -> str:
    """Return a class of a regular expression: ASCII symbols, punctuation of all scripts, ideographs."""
    punctuation = [chr(code) for code in range(128, sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "P"]
    return ASCII_SYMBOLS + "".join(map(re.escape, punctuation)) + IDEOGRAPHS
