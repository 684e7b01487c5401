"""`VectorSample`: the vectors of some texts, chosen by the texts alone, so that samples of parts merge to that of all."""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any, Self, final

import numpy as np

from kerasbert._core.display import brief_repr

SAMPLE_SIZE = 500
LARGEST = float(np.finfo(np.float16).max)


@final
@dataclasses.dataclass(frozen=True, eq=False)
class VectorSample:
    """The vectors of the distinct texts with the smallest keys, m of them, in the order of the keys.

    Keys are hashes, so that this is a random sample of the distinct texts; `counts` says how often each came, exactly: a
    text of the sample was in the sample of every part that holds it.

    Args:
        size: most texts that are kept, >= 0.
        keys: uint64 (m,), ascending.
        counts: int64 (m,).
        vectors: float16 (m, width), rounded from what the heads read.
        texts: m texts, a pair joined by a NUL character; None: they are not kept.

    Reference:
        Beyer et al., "On Synopses for Distinct-Value Estimation Under Multiset Operations", 2007, for the smallest keys.
    """

    size: int
    keys: np.ndarray
    counts: np.ndarray
    vectors: np.ndarray
    texts: tuple[str, ...] | None = None

    __repr__ = brief_repr

    @classmethod
    def of(cls, size: int, keys: np.ndarray, vectors: np.ndarray, texts: Sequence[str] | None = None) -> Self:
        """Sample texts by their keys, see `row_keys`; a key that comes twice has the same vector each time."""
        places = smallest(keys, size)
        rounded = np.clip(vectors[places], -LARGEST, LARGEST).astype(np.float16)
        kept, counts = np.unique(keys, return_counts=True)
        named = None if texts is None else tuple(texts[place] for place in places)
        return cls(size, kept[:size], counts[:size].astype(np.int64), rounded, named)

    @property
    def kind(self) -> tuple[Any, ...]:
        """What must be equal in samples that are merged."""
        return self.size, self.vectors.shape[1], self.texts is not None

    def __len__(self) -> int:
        return len(self.keys)

    def __add__(self, other: "VectorSample") -> Self:
        """Return the sample of the texts of both."""
        keys = np.concatenate([self.keys, other.keys])
        places = smallest(keys, self.size)
        kept, inverse = np.unique(keys, return_inverse=True)
        counts = np.zeros(len(kept), np.int64)
        np.add.at(counts, inverse, np.concatenate([self.counts, other.counts]))
        vectors = np.concatenate([self.vectors, other.vectors])[places]
        texts = None
        if self.texts is not None and other.texts is not None:
            both = self.texts + other.texts
            texts = tuple(both[place] for place in places)
        return dataclasses.replace(
            self, keys=kept[: self.size], counts=counts[: self.size], vectors=vectors, texts=texts
        )


def smallest(keys: np.ndarray, size: int) -> np.ndarray:
    """Return a place of each of the smallest distinct keys, in ascending order of the keys, int64 (at most size,)."""
    return np.unique(keys, return_index=True)[1][:size]


def row_keys(rows: Sequence[str]) -> np.ndarray:
    """Hash rows to uint64 (n,): other characters, other case included, give another key.

    Example:
        >>> [hex(key)[:6] for key in row_keys(["good", "Good"])]
        ['0x30b5', '0x967e']
    """
    digests = (hashlib.blake2b(row.encode("utf-8", "surrogatepass"), digest_size=8).digest() for row in rows)
    return np.frombuffer(b"".join(digests), dtype="<u8")
