"""Token ids of many texts, kept flat so that a million texts take the memory of their tokens and no more.

They are put together by the template of an input: special tokens around one text or two, cut to a length.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from kerasbert._core.display import brief_repr
from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, INPUT_NAMES, TOKEN_TYPE_IDS


class TemplatePart(NamedTuple):
    """One part of an input: a special token, or (with `token` None) the first or second text."""

    token: int | None
    text: int | None
    type_id: int


@dataclasses.dataclass(frozen=True)
class TokenArrays:
    """Token ids of n texts, one after the other, with the place where each text starts.

    Args:
        input_ids: int32 (t,), the ids of all texts, special tokens included, without padding.
        token_type_ids: uint8 (t,), 0 or 1, the text of a pair that a token is of, as the checkpoint counts them.
        offsets: int64 (n + 1,); text i is `input_ids[offsets[i] : offsets[i + 1]]`.
        is_truncated: bool (n,), whether text i was cut; None: none was.
        max_length: most tokens that a text may have; batches are never padded beyond it. None: no limit is known.

    Example:
        >>> tokens = TokenArrays.from_lists([[2, 5, 3], [2, 3]])
        >>> len(tokens), tokens.lengths.tolist(), tokens.take([1]).input_ids.tolist()
        (2, [3, 2], [2, 3])
    """

    input_ids: np.ndarray
    token_type_ids: np.ndarray
    offsets: np.ndarray
    is_truncated: np.ndarray | None = None
    max_length: int | None = None

    __repr__ = brief_repr

    @classmethod
    def from_lists(
        cls, input_ids: Sequence[Sequence[int]], token_type_ids: Sequence[Sequence[int]] | None = None
    ) -> Self:
        """Token arrays from one list of ids a text.

        Args:
            input_ids: n lists of ids.
            token_type_ids: n lists as long as those; None: all 0.

        Returns:
            The arrays, without a `max_length`.
        """
        offsets = offsets_of([len(ids) for ids in input_ids])
        types = [[0] * len(ids) for ids in input_ids] if token_type_ids is None else token_type_ids
        return cls(flatten(input_ids), flatten(types).astype(np.uint8), offsets)

    @classmethod
    def concatenate(cls, parts: Sequence["TokenArrays"], max_length: int | None = None) -> Self:
        """The texts of some token arrays, one after the other.

        Args:
            parts: token arrays; none give no text.
            max_length: of the result.

        Returns:
            All texts; `is_truncated` where a part has it.

        Example:
            >>> parts = [TokenArrays.from_lists([[2, 5, 3]]), TokenArrays.from_lists([[2, 3]])]
            >>> TokenArrays.concatenate(parts).lengths.tolist()
            [3, 2]
        """
        is_known = not parts or any(part.is_truncated is not None for part in parts)
        cut = [np.zeros(len(part), bool) if part.is_truncated is None else part.is_truncated for part in parts]
        return cls(
            np.concatenate([np.zeros(0, np.int32), *(part.input_ids for part in parts)]),
            np.concatenate([np.zeros(0, np.uint8), *(part.token_type_ids for part in parts)]),
            offsets_of(np.concatenate([np.zeros(0, np.int64), *(part.lengths for part in parts)])),
            np.concatenate([np.zeros(0, bool), *cut]) if is_known else None,
            max_length,
        )

    @property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each text, int64 (n,)."""
        return np.diff(self.offsets)

    @property
    def num_truncated(self) -> int:
        """How many texts were cut."""
        return 0 if self.is_truncated is None else int(np.count_nonzero(self.is_truncated))

    def fits_one_batch(self, batch_size: int) -> bool:
        """Whether all texts may go through a model at once."""
        return len(self) <= batch_size

    def padded(self, pad_id: int = 0, length: int = 0) -> dict[str, np.ndarray]:
        """All texts as one batch, padded to the longest.

        Args:
            pad_id: id that fills up a text.
            length: padded length at least.

        Returns:
            `input_ids`, `attention_mask` and `token_type_ids`, int32 (n, length), as a model takes them.

        Example:
            >>> TokenArrays.from_lists([[2, 5, 3], [2, 3]]).padded()["attention_mask"].tolist()
            [[1, 1, 1], [1, 1, 0]]
        """
        inside = np.arange(self.lengths.max(initial=length)) < self.lengths[:, None]
        inputs = {name: np.zeros(inside.shape, np.int32) for name in INPUT_NAMES}
        inputs[INPUT_IDS][...] = pad_id
        inputs[INPUT_IDS][inside] = self.input_ids
        inputs[TOKEN_TYPE_IDS][inside] = self.token_type_ids
        inputs[ATTENTION_MASK][inside] = 1
        return inputs

    def lists(self) -> dict[str, list[list[int]]]:
        """`input_ids`, `attention_mask` and `token_type_ids` as one list for each text, without padding.

        Example:
            >>> TokenArrays.from_lists([[2, 5, 3], [2, 3]]).lists()["attention_mask"]
            [[1, 1, 1], [1, 1]]
        """
        ids, types = (np.split(flat, self.offsets[1:-1]) for flat in (self.input_ids, self.token_type_ids))
        rows = {INPUT_IDS: ids, ATTENTION_MASK: [np.ones_like(row) for row in ids], TOKEN_TYPE_IDS: types}
        return {name: [row.tolist() for row in rows[name]][: len(self)] for name in INPUT_NAMES}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, indices: Sequence[int] | np.ndarray) -> Self:
        """The texts at some indices, in that order.

        Args:
            indices: m places in [0, n); one may come twice.

        Returns:
            The m texts.
        """
        indices = np.asarray(indices, dtype=np.int64)
        starts = self.offsets[indices]
        lengths = self.offsets[indices + 1] - starts  # not `self.lengths`, which is computed for all texts
        places = ranges(starts, lengths)
        return dataclasses.replace(
            self,
            input_ids=self.input_ids[places],
            token_type_ids=self.token_type_ids[places],
            offsets=offsets_of(lengths),
            is_truncated=None if self.is_truncated is None else self.is_truncated[indices],
        )


def flatten(lists: Iterable[Sequence[int]]) -> np.ndarray:
    """All ids of some lists, one after the other, int32 (t,)."""
    arrays = [np.asarray(ids, dtype=np.int32) for ids in lists]
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int32)


def offsets_of(lengths: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where each of n stretches starts, and where the last one ends: int64 (n + 1,), the first one 0."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """`starts[i], starts[i] + 1, ...`, `lengths[i]` of them, for every i, one after the other, int64 (t,)."""
    offsets = offsets_of(lengths)
    return np.repeat(np.asarray(starts, dtype=np.int64) - offsets[:-1], lengths) + np.arange(offsets[-1])


def template_of(probe: Any) -> list[TemplatePart]:
    """The template of a post-processor, read off its encoding of a text or a pair, each of at least one token."""
    parts: list[TemplatePart] = []
    for token, text, type_id in zip(probe.ids, probe.sequence_ids, probe.type_ids, strict=True):
        part = TemplatePart(token, None, type_id) if text is None else TemplatePart(None, text, type_id)
        if text is None or part not in parts:
            parts.append(part)
    return parts


def _kept_lengths(lengths: list[np.ndarray], room: int) -> list[np.ndarray]:
    """How much of each text stays, longest first: the shorter text of a pair is cut only below half of the room."""
    if len(lengths) == 1:
        return [np.minimum(lengths[0], room)]
    shorter, longer = np.minimum(*lengths), np.maximum(*lengths)
    kept_shorter = np.minimum(shorter, np.maximum(room // 2, room - longer))
    kept_longer = np.minimum(longer, room - kept_shorter)
    # Of two equally long texts the second gets the odd token, as in `tokenizers`.
    first_is_longer = lengths[0] > lengths[1]
    return [
        np.where(first_is_longer, kept_longer, kept_shorter),
        np.where(first_is_longer, kept_shorter, kept_longer),
    ]


def assemble(template: list[TemplatePart], pieces: list[tuple[np.ndarray, np.ndarray]], max_length: int) -> TokenArrays:
    """Put the ids of texts into a template; `pieces` has the ids, (t,), and offsets, (n + 1,), of each text of a row."""
    num_special = sum(part.text is None for part in template)
    lengths = [np.diff(offsets) for _, offsets in pieces]
    kept = _kept_lengths(lengths, max_length - num_special)
    offsets = offsets_of(num_special + np.sum(kept, axis=0))
    ids = np.zeros(offsets[-1], dtype=np.int32)
    types = np.zeros(offsets[-1], dtype=np.uint8)
    cursor = offsets[:-1].copy()
    places: Any
    values: Any
    count: Any
    for part in template:
        if part.text is None:
            places, values, count = cursor, np.int32(part.token or 0), np.int64(1)
        else:
            text_ids, starts = pieces[part.text]
            count = kept[part.text]
            places, values = ranges(cursor, count), text_ids[ranges(starts[:-1], count)]
        ids[places] = values
        types[places] = part.type_id
        cursor = cursor + count
    return TokenArrays(ids, types, offsets, np.sum(kept, axis=0) < np.sum(lengths, axis=0), max_length)
