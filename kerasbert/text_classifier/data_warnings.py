"""Warnings of training: each says what is likely to go wrong and what to do."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import KerasbertWarning
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.batches.token_cache import TokenCache
from kerasbert.reading.data_checks import (
    label_counts,
    warn_of_cut_texts,
    warn_of_imbalance,
    warn_of_known_texts,
    warn_of_overlap,
)
from kerasbert.tasks.outputs import Outputs
from kerasbert.text_classifier.labels import Validation
from kerasbert.text_classifier.settings import Settings
from kerasbert.tokenization.tokenizer import Tokenizer


def warn_of_texts(tokens: Tokenizer, ids: Any, texts: tuple[Any, Any], validation: Validation | None) -> None:
    """Of texts that are mostly cut, and of validation texts that are trained on."""
    if tokens.long_texts.way == "truncate" and ids.num_truncated * 2 > len(ids):
        some = slice(None, None, max(len(ids) // 1000, 1))
        lengths = tokens.full_lengths(*[list(part)[some] for part in texts if part is not None])
        warn_of_cut_texts(ids.num_truncated, lengths, len(ids), tokens.max_length)
    if validation is not None:
        warn_of_overlap(texts[0], validation[0], texts[1], validation[2])


def warn_of_cached_texts(cache: TokenCache, validation: Validation | None) -> None:
    """As `warn_of_texts`, of the texts of a token cache."""
    if cache.facts["long_texts"] == "truncate":
        warn_of_cut_texts(cache.num_cut, None, cache.num_rows, cache.max_length)
    keys = cache.text_keys
    if validation is not None and keys is not None:
        warn_of_known_texts(keys, validation[0], validation[2])


def counts_by_head(arrays: Mapping[str, np.ndarray], outputs: Outputs) -> dict[str, np.ndarray]:
    """How many rows have each label, head or level -> (C,)."""
    return {head: label_counts(arrays[head], len(names)) for head, names in outputs.label_names.items()}


def warn_of_labels(
    settings: Settings, outputs: Outputs, counts: Mapping[str, np.ndarray], untuned: Sequence[str]
) -> None:
    """Of labels without a text and, in the heads whose thresholds are not tuned, of rare ones."""
    warn_of_absent(counts, outputs)
    if settings.balance is None and settings.sampling is None:
        warn_of_imbalance({head: counts[head] for head in untuned}, outputs.label_names)


def warn_of_absent(
    counts: Mapping[str, np.ndarray],
    outputs: Outputs,
    split: str = "training",
    outcome: str = "it will hardly ever be predicted",
) -> None:
    """Of labels that no text of a split has; the levels of a hierarchy may lack some."""
    for head, counted in counts.items() if outputs.hierarchy is None else ():
        names = outputs.label_names[head]
        absent = [name for name, count in zip(names, counted, strict=True) if not count]
        if absent:
            where = "" if head == SINGLE_HEAD else f" of head {head!r}"
            warnings.warn(
                f"no {split} text has the label{where} {shorten(absent)}; {outcome}.", KerasbertWarning, stacklevel=4
            )
