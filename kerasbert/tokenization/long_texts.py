"""Texts longer than the model: cut at the end, read at head and tail, or cut into overlapping windows."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from kerasbert._core.checks import check_choice, check_int
from kerasbert._core.display import brief_repr
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import WINDOW_ROWS
from kerasbert.tokenization.token_arrays import TokenArrays, offsets_of, ranges

LONG_TEXTS = ("head_tail", "truncate", "windows")
# Most windows that go through the encoder at once.
MAX_WINDOWS_PER_BATCH = 64
# Of the room for a long text, the part given to its head (128 of 510 in the paper).
HEAD_SHARE = 0.25

Pieces = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class LongTexts:
    """What becomes of a text that is longer than `max_length`.

    Args:
        way: `"truncate"` cuts its end; `"head_tail"` keeps a quarter of the room for its beginning and the rest for its
            end; `"windows"` cuts it into overlapping windows that cover all of it.
        overlap: tokens that neighbouring windows share at least, >= 0; None: a quarter of the room.
        budget: most windows in a batch, >= 1, and so of one text: of a longer one that many windows are kept, spread
            evenly, and it counts as cut.

    Raises:
        ConfigError: when the way is unknown or a number out of range.
        TypeError: when a number is no integer.

    Example:
        >>> LongTexts("windows").starts(np.array([5, 20]), room=8)
        (array([1, 3]), array([ 0,  0,  6, 12]))

    Reference:
        Sun et al., "How to Fine-Tune BERT for Text Classification?", 2019, section 5.3.1.
    """

    way: str = "truncate"
    overlap: int | None = None
    budget: int = MAX_WINDOWS_PER_BATCH

    def __post_init__(self) -> None:
        check_choice("long_texts", self.way, LONG_TEXTS)
        check_int("max_windows_per_batch", self.budget, 1)
        if self.overlap is not None:
            check_int("window_overlap", self.overlap, 0)

    def check_room(self, room: int) -> None:
        """Refuse an overlap that leaves no new token in a window.

        Raises:
            ConfigError: when it does.
        """
        if self.overlap is not None and self.overlap >= room:
            raise ConfigError(
                f"`window_overlap` must be below the {room} tokens of a text in a window; got {self.overlap}."
            )

    def stride(self, room: int) -> int:
        """Tokens from the start of a window to that of the next, at most."""
        return max(1, room - (room // 4 if self.overlap is None else self.overlap))

    def needed(self, lengths: np.ndarray, room: int) -> np.ndarray:
        """Windows that cover texts of these lengths, (n,), before the budget."""
        return np.asarray(1 + -(-np.maximum(lengths - room, 0) // self.stride(room)))

    def starts(self, lengths: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
        """Where windows start.

        Args:
            lengths: tokens of n texts, without special tokens.
            room: tokens of a window, without special tokens.

        Returns:
            The number of windows of each text, (n,), and the start of each window in its text, one text after the other:
            the first starts with the text, the last ends with it, the others are spread evenly.
        """
        counts = np.minimum(self.needed(lengths, room), self.budget)
        steps = ranges(np.zeros(len(counts), dtype=np.int64), counts)  # 0, 1, ... in each text
        spare = np.repeat(np.maximum(lengths - room, 0), counts)
        return counts, spare * steps // np.maximum(np.repeat(counts, counts) - 1, 1)


def long_texts_of(settings: Mapping[str, Any]) -> LongTexts:
    """What the settings of a classifier say of long texts; what is missing takes its default."""
    return LongTexts(
        settings.get("long_texts", "truncate"),
        settings.get("window_overlap"),
        settings.get("max_windows_per_batch", MAX_WINDOWS_PER_BATCH),
    )


@dataclasses.dataclass(frozen=True)
class WindowArrays:
    """Texts cut into windows; it stands where `TokenArrays` stands.

    Args:
        windows: the W windows of all texts, one text after the other.
        text_offsets: int64 (n + 1,); the windows of text i are `text_offsets[i]` to `text_offsets[i + 1]`.
        is_truncated: bool (n,), whether text i has more windows than the budget allows.
        budget: most windows in a batch.

    Example:
        >>> windows = TokenArrays.from_lists([[2, 5, 3], [2, 6, 3], [2, 7, 3]])
        >>> texts = WindowArrays(windows, np.array([0, 2, 3]), np.array([False, False]), 64)
        >>> len(texts), texts.padded()["window_rows"].tolist()
        (2, [[1, 2], [3, 0]])
    """

    windows: TokenArrays
    text_offsets: np.ndarray
    is_truncated: np.ndarray
    budget: int

    __repr__ = brief_repr

    @classmethod
    def concatenate(cls, parts: Sequence["WindowArrays"], max_length: int, budget: int) -> Self:
        """The texts of some window arrays, one after the other."""
        return cls(
            TokenArrays.concatenate([part.windows for part in parts], max_length),
            offsets_of(np.concatenate([np.zeros(0, dtype=np.int64), *[part.counts for part in parts]])),
            np.concatenate([np.zeros(0, dtype=bool), *[part.is_truncated for part in parts]]),
            budget,
        )

    @property
    def counts(self) -> np.ndarray:
        """Number of windows of each text, int64 (n,)."""
        return np.diff(self.text_offsets)

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens in all windows of each text, int64 (n,)."""
        return np.diff(self.windows.offsets[self.text_offsets])

    @property
    def max_length(self) -> int | None:
        """Most tokens that a window may have."""
        return self.windows.max_length

    @property
    def num_truncated(self) -> int:
        """How many texts have more windows than the budget allows."""
        return int(np.count_nonzero(self.is_truncated))

    def fits_one_batch(self, batch_size: int) -> bool:
        """Whether all texts may go through a model at once."""
        return len(self) <= batch_size and len(self.windows) <= self.budget

    def padded(self, pad_id: int = 0, length: int = 0) -> dict[str, np.ndarray]:
        """All texts as one batch: the inputs of all windows, (W, length), and the windows of each text.

        Args:
            pad_id: id that fills up a window.
            length: padded length at least.

        Returns:
            As `TokenArrays.padded`, and `window_rows`, int32 (n, most windows), which counts the windows from 1; 0 is
            none.
        """
        return {**self.windows.padded(pad_id, length), WINDOW_ROWS: window_rows(self.counts)}

    def __len__(self) -> int:
        return len(self.text_offsets) - 1

    def take(self, indices: Any) -> Self:
        """The texts at some indices, in that order, with their windows."""
        indices = np.asarray(indices, dtype=np.int64)
        starts = self.text_offsets[indices]
        counts = self.text_offsets[indices + 1] - starts
        return dataclasses.replace(
            self,
            windows=self.windows.take(ranges(starts, counts)),
            text_offsets=offsets_of(counts),
            is_truncated=self.is_truncated[indices],
        )


def window_rows(counts: np.ndarray) -> np.ndarray:
    """The windows of each text, counted from 1 over all texts, 0 where there is none: int32 (n, largest count)."""
    places = np.arange(counts.max(initial=1))
    rows = offsets_of(counts)[:-1, None] + places + 1
    return np.where(places < counts[:, None], rows, 0).astype(np.int32)


def group_rows(texts: WindowArrays, order: np.ndarray, size: int) -> list[np.ndarray]:
    """Group texts into batches of at most `size`, none with more windows than the budget."""
    counts, total = texts.counts, 0
    batches: list[list[int]] = []
    for row in order:
        if not batches or len(batches[-1]) == size or total + counts[row] > texts.budget:
            batches.append([])
            total = 0
        batches[-1].append(int(row))
        total += counts[row]
    return [np.array(batch, dtype=np.int64) for batch in batches]


def head_and_tail(pieces: Pieces, room: int) -> Pieces:
    """Texts of at most `room` tokens: of a longer one its beginning and its end. Ids are (t,), offsets (n + 1,)."""
    ids, offsets = pieces
    lengths = np.diff(offsets)
    head = np.where(lengths > room, int(room * HEAD_SHARE), lengths)
    tail = np.where(lengths > room, room - int(room * HEAD_SHARE), 0)
    starts = np.stack([offsets[:-1], offsets[1:] - tail], axis=1).reshape(-1)
    places = ranges(starts, np.stack([head, tail], axis=1).reshape(-1))
    return ids[places], offsets_of(head + tail)


def cut_windows(pieces: Pieces, room: int, long_texts: LongTexts) -> tuple[Pieces, np.ndarray, np.ndarray]:
    """Cut texts into windows of `room` tokens.

    Returns:
        Ids (t,) and offsets of the windows; the number of windows of each text, (n,); and whether a text was cut, (n,).
    """
    ids, offsets = pieces
    lengths = np.diff(offsets)
    counts, starts = long_texts.starts(lengths, room)
    sizes = np.repeat(np.minimum(lengths, room), counts)
    places = ranges(np.repeat(offsets[:-1], counts) + starts, sizes)
    return (ids[places], offsets_of(sizes)), counts, long_texts.needed(lengths, room) > counts
