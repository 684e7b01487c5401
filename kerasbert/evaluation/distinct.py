"""Count distinct vectors and texts; clusters of equal vectors would be rounding noise."""

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
    """Count distinct vectors of (n, d), of which those that differ by rounding count as one.

    Vectors are equal if on each of several random lines their projections have no gap above the tolerance, which is
    relative to `scale`, by default the root mean square length. A rounding grid would separate vectors beside an edge.
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


def count_distinct_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> int:
    """Count texts with different token ids, as a model reads them."""
    seen: set[bytes] = set()
    for start in range(0, len(texts), CHUNK):
        encoded = tokenizer.encode(texts[start : start + CHUNK])
        if isinstance(encoded, WindowArrays):
            ids, offsets = encoded.windows.input_ids, encoded.windows.offsets[encoded.text_offsets]
        else:
            ids, offsets = encoded.input_ids, encoded.offsets
        seen.update(ids[first:last].tobytes() for first, last in zip(offsets[:-1], offsets[1:], strict=True))
    return len(seen)
