"""Count distinct vectors up to rounding: clusters of equal vectors are rounding noise."""

from collections.abc import Sequence

import numpy as np

from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.tokenizer import Tokenizer

# Of the vectors' root mean square length: above what float32 rounds differently from batch to batch, and far below what
# one other word changes.
TOLERANCE = 1e-5
PROJECTIONS = 8
CHUNK = 1024


def count_distinct(vectors: np.ndarray, *, scale: float | None = None) -> int:
    """The number of different vectors, where those that differ by rounding count as one.

    They are projected onto random lines. Two vectors are one where their places, or those between them, lie together on
    every line; rounding to a grid would tell some equal ones apart, since there is always an edge between two numbers.

    Args:
        vectors: (n, d).
        scale: length that the tolerance of 1e-5 is relative to; None: the root mean square length of the vectors.

    Returns:
        From 0 (of no vector) to n.

    Example:
        >>> count_distinct(np.array([[1.0, 2.0], [1.0 + 1e-9, 2.0], [1.0, 2.1]]))
        2
    """
    if not len(vectors):
        return 0
    points = np.asarray(vectors, dtype=np.float64)
    if scale is None:
        scale = float(np.sqrt(np.square(points).sum(axis=1).mean()))
    lines = np.random.default_rng(0).normal(size=(points.shape[1], PROJECTIONS))
    groups = np.zeros(len(points), dtype=np.int64)
    for places in (points @ lines).T:
        order = np.lexsort((places, groups))
        is_new = (np.diff(groups[order]) > 0) | (np.diff(places[order]) > TOLERANCE * scale)
        groups[order] = np.concatenate([[0], np.cumsum(is_new)])
    return int(groups.max()) + 1


def count_different_texts(tokens: Tokenizer, texts: Sequence[str]) -> int:
    """The number of texts that are different to a model, which reads token ids and cuts long texts.

    Args:
        tokens: the tokenizer.
        texts: n texts.

    Returns:
        From 0 to n.
    """
    seen: set[bytes] = set()
    for start in range(0, len(texts), CHUNK):
        encoded = tokens.encode(texts[start : start + CHUNK])
        if isinstance(encoded, WindowArrays):
            ids, offsets = encoded.windows.input_ids, encoded.windows.offsets[encoded.text_offsets]
        else:
            ids, offsets = encoded.input_ids, encoded.offsets
        seen.update(ids[first:last].tobytes() for first, last in zip(offsets[:-1], offsets[1:], strict=True))
    return len(seen)
