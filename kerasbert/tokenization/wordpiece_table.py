"""A WordPiece vocabulary as arrays in which the longest piece at every place of a word is found at once.

WordPiece takes the longest piece that a word starts with, then the longest that the rest starts with, and so on: one step
after the other. A graph of TensorFlow ops is quick only when it treats all places together, so the search is turned
round. Every stretch of 1, 2, 4, 8, ... characters that occurs in the vocabulary has a name, a number found from the names
of its two halves; and from a node of the vocabulary's prefix tree one step leads over such a stretch. A prefix of 13
characters is three steps, over 8, 4 and 1. Names and steps are both pairs of numbers that give a number, and live in one
hash table under both numbers, so that no two can be taken for each other.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

# Codes of characters: these two are in no piece, the vocabulary's own follow.
BOUNDARY, UNKNOWN_CHARACTER, FIRST_CODE = 1, 2, 3
NOTHING = 0
PAIR = 1 << 32


class PieceTable(NamedTuple):
    """The arrays that split words, which are given as codes of characters.

    Args:
        codes: character of the vocabulary -> code >= `FIRST_CODE`.
        keys: int64 (n,), pairs of two names, or of a node and a name, the first one times `PAIR` plus the second.
        values: int64 (n,), the name or node that each gives, never `NOTHING`.
        num_levels: stretches have up to 2 ** (num_levels - 1) characters.
        start: node of the tree from which pieces at the start of a word are sought.
        middle: node for pieces within a word.
        lengths: int64, node -> characters of the longest piece that the path to the node begins with, 0 for none.
        ids: int64, node -> id of that piece.
        longest: characters of the longest piece.
    """

    codes: dict[str, int]
    keys: np.ndarray
    values: np.ndarray
    num_levels: int
    start: int
    middle: int
    lengths: np.ndarray
    ids: np.ndarray
    longest: int


def piece_table(vocabulary: Mapping[str, int], prefix: str) -> PieceTable:
    """Build the table of a WordPiece vocabulary, token -> id; `prefix` begins the pieces within a word, `"##"`."""
    starts = {token: number for token, number in vocabulary.items() if token}
    middles = {token.removeprefix(prefix): n for token, n in starts.items() if token.startswith(prefix) and prefix}
    middles = {token: number for token, number in (middles if prefix else starts).items() if token}
    builder = _Builder(_codes("".join(starts)))
    start, middle = builder.new_node(), builder.new_node()
    for root, pieces in ((start, starts), (middle, middles)):
        # In the order of the alphabet a piece comes after every piece that it begins with.
        for piece in sorted(pieces):
            builder.add(root, piece, pieces[piece])
    longest = max(map(len, starts), default=1)
    return PieceTable(
        builder.codes,
        np.array([first * PAIR + second for first, second in builder.pairs], dtype=np.int64),
        np.array(list(builder.pairs.values()), dtype=np.int64),
        longest.bit_length(),
        start,
        middle,
        np.array([builder.best.get(number, (0, 0))[0] for number in range(builder.size)], dtype=np.int64),
        np.array([builder.best.get(number, (0, 0))[1] for number in range(builder.size)], dtype=np.int64),
        longest,
    )


def encode_word(word: str, codes: Mapping[str, int]) -> str:
    """Spell a token as the graph does: one character, of the code, for each character."""
    return "".join(chr(codes[character]) for character in word)


class _Builder:
    """Number names, nodes and pairs; a code is the name of its own character."""

    def __init__(self, codes: dict[str, int]) -> None:
        self.codes = codes
        self.pairs: dict[tuple[int, int], int] = {}
        self.best: dict[int, tuple[int, int]] = {}
        self.size = max(codes.values(), default=FIRST_CODE) + 1

    def new_node(self) -> int:
        self.size += 1
        return self.size - 1

    def add(self, root: int, piece: str, number: int) -> None:
        """Add a piece, and a node for each of its prefixes that has none yet."""
        nodes, best = [root], (0, 0)
        for depth in range(1, len(piece) + 1):
            # The stretch of the last step: 13 = 8 + 4 + 1 is reached from 12, 12 from 8.
            stretch = depth & -depth
            before = nodes[depth - stretch]
            node = self._pair(before, self._name(piece[depth - stretch : depth]))
            best = (depth, number) if depth == len(piece) else self.best.get(node, best)
            self.best[node] = best
            nodes.append(node)

    def _name(self, stretch: str) -> int:
        if len(stretch) == 1:
            return self.codes[stretch]
        half = len(stretch) // 2
        return self._pair(self._name(stretch[:half]), self._name(stretch[half:]))

    def _pair(self, first: int, second: int) -> int:
        if (first, second) not in self.pairs:
            self.pairs[first, second] = self.new_node()
        return self.pairs[first, second]


def _codes(text: str) -> dict[str, int]:
    """Number the characters, small codes for frequent ones; none that UTF-8 cannot hold or a decoder replaces."""
    characters, counts = np.unique(np.frombuffer(text.encode("utf-32-le"), "<u4"), return_counts=True)
    usable = (code for code in range(FIRST_CODE, 0x110000) if not _is_unusable(code))
    return {chr(characters[place]): code for place, code in zip(np.argsort(-counts, kind="stable"), usable)}  # noqa: B905


def _is_unusable(code: int) -> bool:
    return 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE
