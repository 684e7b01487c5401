"""The template of an input: special tokens around one text or two, and texts put into it, cut to a length."""

from typing import Any, NamedTuple

import numpy as np

from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays, offsets_of, ranges


class TemplatePart(NamedTuple):
    """One part of an input: a special token, or (with `token` None) the first or second text."""

    token: int | None
    text: int | None
    type_id: int


def template_of(probe: Any) -> list[TemplatePart]:
    """The template that a tokenizer's post-processor follows, read off one encoding.

    Args:
        probe: a `tokenizers.Encoding` of a text or a pair, each of at least one token.

    Returns:
        The parts, in their order.
    """
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
    """Put the ids of texts into a template.

    Args:
        template: with at least one text.
        pieces: for each text of the template the ids of all rows, int32 (t,), and their offsets, int64 (n + 1,).
        max_length: most tokens of a row; of a pair the longer text is cut first.

    Returns:
        The ids of n rows.
    """
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


def join_windows(chunks: list[WindowArrays], max_length: int, budget: int) -> WindowArrays:
    """Windows of several chunks of texts as one.

    Args:
        chunks: one after the other.
        max_length: most tokens of a window.
        budget: most windows of a batch.

    Returns:
        The windows of all texts.
    """
    return WindowArrays(
        TokenArrays.concatenate([chunk.windows for chunk in chunks], max_length),
        offsets_of(np.concatenate([np.zeros(0, dtype=np.int64), *[chunk.counts for chunk in chunks]])),
        np.concatenate([np.zeros(0, dtype=bool), *[chunk.is_truncated for chunk in chunks]]),
        budget,
    )
