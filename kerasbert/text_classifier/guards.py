"""Warnings of training: each says what is likely to go wrong and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert.batches.rows import MemoryRows
from kerasbert.batches.token_cache import TokenCache
from kerasbert.labels.counts import label_counts
from kerasbert.labels.hierarchy import Hierarchy
from kerasbert.reading.data_checks import text_keys, warn_of_absent_labels, warn_of_imbalance, warn_of_texts
from kerasbert.text_classifier.labels import names_by_head
from kerasbert.text_classifier.settings import Settings
from kerasbert.tokenization.tokenizer import Tokenizer


def warn_of_memory_texts(
    tokenizer: Tokenizer, token_arrays: Any, texts: tuple[Any, Any], validation: tuple[Any, Any, Any] | None
) -> None:
    """Of texts that are mostly cut, and of validation texts that are trained on."""
    keys = None if validation is None else text_keys(*texts)

    def lengths() -> np.ndarray:
        some = slice(None, None, max(len(token_arrays) // 1000, 1))
        return tokenizer.full_lengths(*[list(part)[some] for part in texts if part is not None])

    rows = MemoryRows(token_arrays, {}, text_keys=keys)
    warn_of_texts(rows, validation, long_texts=tokenizer.long_texts.way, full_lengths=lengths)


def warn_of_cached_texts(cache: TokenCache, validation: tuple[Any, Any, Any] | None) -> None:
    """As `warn_of_memory_texts`, of the texts of a token cache."""
    warn_of_texts(cache, validation, long_texts=cache.facts["long_texts"])


def counts_by_head(encoded: Mapping[str, np.ndarray], names: Any) -> dict[str, np.ndarray]:
    """How many rows have each label, head or level -> (C,)."""
    return {head: label_counts(encoded[head], len(own)) for head, own in names_by_head(names).items()}


def warn_of_labels(settings: Settings, names: Any, counts: Mapping[str, np.ndarray], untuned: Sequence[str]) -> None:
    """Of labels without a text and, in the heads whose thresholds are not tuned, of rare ones."""
    if not isinstance(names, Hierarchy):
        warn_of_absent_labels(counts, names)
    if settings.balance is None and settings.sampling is None:
        warn_of_imbalance({head: counts[head] for head in untuned}, names_by_head(names))
