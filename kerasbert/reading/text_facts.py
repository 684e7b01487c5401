"""What is counted of texts while they are read one after the other: lengths in tokens, repetitions, labels of equal texts."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasbert.reading.data_checks import text_keys
from kerasbert.tokenization.tokenizer import Tokenizer

CHUNK = 1024
# Lengths at which texts are usually cut.
USUAL_LENGTHS = (32, 64, 128, 256, 512)
NUM_BINS = 24


@dataclasses.dataclass(frozen=True)
class LengthFacts:
    """Lengths of texts in tokens, special tokens included.

    Args:
        encoder: whose tokenizer counted them.
        max_length: at which training cuts.
        num_cut: texts that are longer.
        median: half of the texts are at most so long.
        most: 95 % of the texts are at most so long.
        longest: of all.
        cut_at: other length -> texts that are longer.
        bins: (last length, texts) of each bar of a histogram.
    """

    encoder: str
    max_length: int
    num_cut: int
    median: int
    most: int
    longest: int
    cut_at: dict[int, int]
    bins: list[tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class EqualTexts:
    """Texts that are equal, but for case, white space and Unicode form.

    Args:
        text: the first of them, cut.
        rows: lines or rows in which they stand, the first few.
        labels: the different labels that they have, each the names of a row.
    """

    text: str
    rows: list[int]
    labels: list[list[str]]


class LengthCounts:
    """Counts texts by their length in tokens.

    Args:
        encoder: name or folder of the encoder.
        max_length: at which training cuts; None: what the encoder says.
    """

    def __init__(self, encoder: str, max_length: int | None) -> None:
        self.encoder = encoder
        self.tokenizer = Tokenizer.from_pretrained(encoder, max_length=max_length)
        self.counts = np.zeros(1, dtype=np.int64)

    def add(self, texts: Sequence[str], pairs: Sequence[str] | None) -> None:
        """Count some texts."""
        counts = np.bincount(self.tokenizer.full_lengths(texts, pairs))
        longer, shorter = sorted((self.counts, counts), key=len, reverse=True)
        self.counts = longer.astype(np.int64)
        self.counts[: len(shorter)] += shorter

    def facts(self) -> LengthFacts | None:
        """What was counted; None without texts."""
        if not self.counts.any():
            return None
        below = np.cumsum(self.counts)
        total, longest, at = int(below[-1]), len(self.counts) - 1, self.tokenizer.max_length

        def longer_than(length: int) -> int:
            return total - int(below[min(length, longest)])

        def shortest_of(share: float) -> int:
            return int(np.searchsorted(below, share * total))

        return LengthFacts(
            self.encoder,
            at,
            longer_than(at),
            shortest_of(0.5),
            shortest_of(0.95),
            longest,
            {length: longer_than(length) for length in USUAL_LENGTHS if length != at},
            _bins(self.counts),
        )


def _bins(counts: np.ndarray) -> list[tuple[int, int]]:
    """Texts of at most so many tokens, in bars of one width."""
    width = max(-(-len(counts) // NUM_BINS), 1)
    ends = range(width - 1, len(counts) + width - 1, width)
    return [(end, int(counts[end - width + 1 : end + 1].sum())) for end in ends]


class TextCollector:
    """Notes of each text a key, its row and its labels: a few bytes, so that files of any size can be inspected."""

    def __init__(self) -> None:
        self.keys: list[np.ndarray] = []
        self.rows: list[int] = []
        self.labels: list[int] = []
        self.known: dict[tuple[int, ...], int] = {}
        self.num_empty = 0

    def add(
        self, rows: Sequence[int], texts: Sequence[str], pairs: Sequence[str] | None, labels: Sequence[Any]
    ) -> None:
        """Note some texts; `labels` are the numbers of the labels of each."""
        self.keys.append(text_keys(texts, pairs))
        self.rows += rows
        self.num_empty += sum(not text.strip() for text in texts)
        for own in labels:
            self.labels.append(self.known.setdefault(tuple(sorted(own)), len(self.known)))

    @property
    def all_keys(self) -> np.ndarray:
        """The keys of all texts, uint64 (n,)."""
        return np.concatenate([np.zeros(0, dtype="<u8"), *self.keys])

    def groups(self) -> tuple[int, list[np.ndarray], list[np.ndarray]]:
        """How many texts repeat an earlier one; places of equal texts; those among them whose labels differ."""
        keys, labels = self.all_keys, np.array(self.labels, dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]]) if len(keys) else np.zeros(0, int)
        equal = [places for places in np.split(order, starts[1:]) if len(places) > 1] if len(keys) else []
        equal.sort(key=lambda places: (-len(places), int(places[0])))
        unequal = [places for places in equal if len(set(labels[places].tolist())) > 1]
        return len(keys) - len(starts), equal, unequal

    def different_labels(self, places: np.ndarray) -> list[tuple[int, ...]]:
        """The different labels of some texts, each as the numbers of a row."""
        numbers = list(self.known)
        return [numbers[one] for one in dict.fromkeys(self.labels[place] for place in places.tolist())]


def cut_text(text: str, limit: int = 120) -> str:
    """A text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def as_lists(rows: Iterator[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Some rows at a time."""
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
