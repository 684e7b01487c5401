"""What MediaPipe's text classifier makes of a text: its own normalisation, which is simpler than BERT's.

It lowers ASCII letters only, keeps accents and control characters, and counts a word's bytes where BERT counts its
characters. Where its ids are not those of the model's tokenizer, its scores are other ones; an export counts how often.
"""

import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence

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
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class MediaPipeTokenizer:
    """Token ids as MediaPipe's BERT tokenizer gives them.

    Args:
        tokens: the model's tokenizer, WordPiece with the tokens `[CLS]`, `[SEP]` and `[UNK]`.

    Raises:
        ConfigError: when one of these is missing or texts are wrapped in others, which MediaPipe has no way to do.
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
        """Ids of a text.

        Args:
            text: the text.
            length: at which it is cut, `[CLS]` and `[SEP]` included; None does not cut it.

        Returns:
            The ids, without padding.
        """
        room = None if length is None else length - 2
        pieces = [
            piece for word in self._split.split(text.translate(ASCII_LOWER)) if word for piece in self._word(word)
        ]
        return [self.vocabulary[CLS], *pieces[:room], self.vocabulary[SEP]]

    def _word(self, word: str) -> list[int]:
        if word not in self._words:
            self._words[word] = self._pieces(word)
        return self._words[word]

    def _pieces(self, word: str) -> list[int]:
        """The longest pieces from the left, or the unknown token where there are none."""
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
    """Of how many texts MediaPipe gives the model other ids than the tokenizer does.

    Args:
        tokens: the tokenizer, whose `max_length` is `length`.
        texts: n texts.
        length: of the model's inputs; None for open ones.

    Returns:
        Their number.
    """
    mediapipe = MediaPipeTokenizer(tokens)
    encoded = tokens.encode(texts)
    bounds = zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True)
    return sum(
        mediapipe.ids(text, length) != encoded.input_ids[start:stop].tolist()
        for text, (start, stop) in zip(texts, bounds, strict=True)
    )


def _symbols() -> str:
    """A class of a regular expression: ASCII symbols, punctuation of all scripts, ideographs."""
    punctuation = [chr(code) for code in range(128, sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "P"]
    ranges = [f"{chr(first)}-{chr(last)}" for first, last in IDEOGRAPHS]
    return ASCII_SYMBOLS + "".join(map(re.escape, punctuation)) + "".join(ranges)
