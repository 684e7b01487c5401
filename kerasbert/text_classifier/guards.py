"""Warnings of training: each says what is likely to go wrong and what to do."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import KerasbertWarning
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.data.guards import warn_of_cut_texts, warn_of_imbalance, warn_of_overlap
from kerasbert.data.hierarchy import Hierarchy
from kerasbert.data.labels import labels_without_examples
from kerasbert.data.tokens import TextEncoder
from kerasbert.text_classifier.labels import names_by_head
from kerasbert.text_classifier.settings import Settings


def warn_of_texts(tokens: TextEncoder, ids: Any, texts: tuple, validation: tuple | None) -> None:
    """Of texts that are mostly cut, and of validation texts that are trained on."""
    if tokens.long_texts.way == "truncate" and ids.num_truncated * 2 > len(ids):
        some = slice(None, None, max(len(ids) // 1000, 1))
        lengths = tokens.full_lengths(*[list(part)[some] for part in texts if part is not None])
        warn_of_cut_texts(ids.num_truncated, lengths, len(ids), tokens.max_length)
    if validation is not None:
        warn_of_overlap(texts[0], validation[0], texts[1], *validation[2:])


def warn_of_labels(settings: Settings, names: Any, encoded: Mapping[str, np.ndarray], untuned: Sequence[str]) -> None:
    """Of labels without a text and, in the heads whose thresholds are not tuned, of rare ones."""
    if not isinstance(names, Hierarchy):
        warn_of_absent(encoded, names)
    if settings.balance is None and settings.sampling is None:
        warn_of_imbalance({head: encoded[head] for head in untuned}, names_by_head(names))


def warn_of_absent(
    encoded: Mapping[str, np.ndarray],
    names: Mapping[str, Sequence[str]],
    split: str = "training",
    outcome: str = "it will hardly ever be predicted",
) -> None:
    """Of labels that no text of a split has."""
    for head, array in encoded.items():
        absent = labels_without_examples(array, names[head])
        if absent:
            where = "" if head == SINGLE_HEAD else f" of head {head!r}"
            warnings.warn(
                f"no {split} text has the label{where} {shorten(absent)}; {outcome}.", KerasbertWarning, stacklevel=4
            )
