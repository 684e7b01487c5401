"""Named results of texts, computed together: from a cache where it knows them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from kerasbert.caching.cache import PredictionCache, State
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

Tokens = TypeVar("Tokens", bound=TokenArrays | WindowArrays)


def known_or_computed(
    cache: PredictionCache | None,
    state: Callable[[], State],
    kind: str,
    tokens: Tokens,
    widths: Mapping[str, int],
    compute: Callable[[Tokens], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Return float32 (n, width) by name: of texts that the cache knows from there, of others what `compute` gives.

    Args:
        cache: None computes all.
        state: gives what computes; asked where there is a cache.
        kind: what is computed, see `PredictionCache.rows`.
        tokens: n texts.
        widths: name -> numbers of a text.
        compute: gives the named results of some texts, at least one.
    """
    if not len(tokens):
        return {name: np.zeros((0, width), "float32") for name, width in widths.items()}
    if cache is None:
        return compute(tokens)

    def compute_rows(part: Tokens) -> np.ndarray:
        columns = compute(part)
        return np.concatenate([columns[name] for name in widths], axis=1)

    rows = cache.rows(state(), kind, tokens, compute_rows, width=sum(widths.values()))
    parts = np.split(rows, np.cumsum(list(widths.values()))[:-1], axis=1)
    return {name: np.ascontiguousarray(part) for name, part in zip(widths, parts, strict=True)}
