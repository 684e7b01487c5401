"""A sketch of the texts that a classifier was trained on: enough to see whether other texts are among them, and no text."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

# Texts that a sketch keeps; of more, those with the smallest keys, which is a random sample.
SIZE = 1024
# Bits that are kept of each key: too few to recognise a single text, enough for a share of many.
BITS = 16
EVERY_KEY = 2**64 - 1
KEYS_AT_ONCE = 2**20


class Overlap(NamedTuple):
    """How many texts of a sample were trained on.

    Args:
        tested: texts of the sample that a sketch can tell about.
        known: how many of these it holds.
    """

    tested: int
    known: int

    @property
    def share(self) -> float:
        """The share of texts that were trained on, give or take 2 % that agree by chance; 0 where none could be tested."""
        return self.known / self.tested if self.tested else 0.0

    @property
    def trained_on(self) -> bool:
        """Whether more of them were trained on than are in two sets by chance, such as greetings."""
        return self.known > 0 and (self.known == self.tested or self.known > 2 + 0.05 * self.tested)


def sketch_texts(keys: np.ndarray) -> dict[str, Any]:
    """Sketch texts by their keys, see `text_keys`: plain data of 3 KB at most.

    Example:
        >>> from kerasbert.reading.data_checks import text_keys
        >>> sketch = sketch_texts(text_keys(["good", "bad", "fine"]))
        >>> texts_in_sketch(sketch, text_keys(["Good", "late"]))
        Overlap(tested=2, known=1)

    Reference:
        Beyer et al., "On Synopses for Distinct-Value Estimation Under Multiset Operations", 2007, for the smallest keys.
    """
    kept = np.zeros(0, dtype=np.uint64)
    for start in range(0, len(keys), KEYS_AT_ONCE):
        # One more than are kept tells whether there are more.
        kept = np.unique(np.concatenate([kept, keys[start : start + KEYS_AT_ONCE]]))[: SIZE + 1]
    largest = EVERY_KEY if len(kept) <= SIZE else int(kept[SIZE - 1])
    kept = kept[:SIZE]
    short = np.unique(kept & np.uint64(2**BITS - 1)).astype("<u2")
    return {"largest": f"{largest:016x}", "keys": base64.b64encode(short.tobytes()).decode("ascii")}


def texts_in_sketch(sketch: Mapping[str, Any], keys: np.ndarray) -> Overlap:
    """Count the texts with these keys that a sketch of `sketch_texts` holds; a broken sketch tells about none."""
    try:
        short = np.frombuffer(base64.b64decode(sketch["keys"], validate=True), dtype="<u2")
        largest = np.uint64(int(sketch["largest"], 16))
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return Overlap(0, 0)
    distinct = np.unique(np.asarray(keys, dtype=np.uint64))
    tested = distinct[distinct <= largest]
    return Overlap(len(tested), int(np.isin(tested & np.uint64(2**BITS - 1), short).sum()))
