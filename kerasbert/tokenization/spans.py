"""Where the tokens and words of a text stand in it, and which of them a model reads."""

from typing import NamedTuple

import numpy as np

from kerasbert.tokenization.long_texts import cut_windows, head_and_tail
from kerasbert.tokenization.tokenizer import Tokenizer


class TextSpans(NamedTuple):
    """The t tokens of a text but special ones: first character and the one after the last, (t, 2), and word number.

    `num_prompt` tokens of a prompt stand in front of them.
    """

    bounds: np.ndarray
    words: np.ndarray
    num_prompt: int = 0

    def word_bounds(self) -> np.ndarray:
        """First and last character of each word, int (number of words, 2)."""
        number = int(self.words.max(initial=-1)) + 1
        members = [self.bounds[self.words == word] for word in range(number)]
        return np.array([(spans[:, 0].min(), spans[:, 1].max()) for spans in members], dtype=int).reshape(-1, 2)


def spans_of(tokens: Tokenizer, text: str) -> TextSpans:
    """Find the tokens of a text in it."""
    encoding = tokens.encoding_of(text)
    bounds = np.array(encoding.offsets, dtype=int).reshape(-1, 2) - len(tokens.prompt)
    # A token that begins in the prompt and ends in the text belongs to the text.
    before = int((bounds[:, 1] <= 0).sum()) if tokens.prompt else 0
    bounds = np.maximum(bounds[before:], 0)
    words = [index if word is None else word for index, word in enumerate(encoding.word_ids)][before:]
    _, places = np.unique(np.array(words, dtype=int), return_inverse=True)
    # Byte-level tokens take the space in front of them along.
    for row in range(len(bounds)):
        piece = text[bounds[row, 0] : bounds[row, 1]]
        bounds[row, 0] += len(piece) - len(piece.lstrip())
        # So does an added token, on either side.
        bounds[row, 1] -= len(piece.lstrip()) - len(piece.strip())
    return TextSpans(bounds, places, before)


def read_places(tokens: Tokenizer, length: int, num_prompt: int = 0) -> np.ndarray:
    """Which token of a text stands where in what a model reads: int (windows, length), -1 for all that is none.

    Args:
        tokens: the tokenizer.
        length: tokens of the text, `len(spans.words)`.
        num_prompt: tokens of the prompt in front of it.
    """
    length += num_prompt
    before, after = tokens.num_special()
    room = tokens.max_length - before - after
    pieces = np.arange(length), np.array([0, length])
    if tokens.long_texts.way == "windows":
        pieces = cut_windows(pieces, room, tokens.long_texts)[0]
    elif tokens.long_texts.way == "head_tail":
        pieces = head_and_tail(pieces, room)
    else:
        pieces = pieces[0][:room], np.array([0, min(length, room)])
    sizes = np.diff(pieces[1])
    places = np.full((len(sizes), before + int(sizes.max()) + after), -1)
    for row, (start, stop) in enumerate(zip(pieces[1][:-1], pieces[1][1:], strict=True)):
        places[row, before : before + stop - start] = pieces[0][start:stop] - num_prompt
    places[places < 0] = -1
    return places
