"""Warnings about common data problems, given before they cost a training run."""

import hashlib
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import KerasbertWarning
from kerasbert._core.names import SINGLE_HEAD

# A label rarer than this, against the most common one, is hardly learned without care.
STRONG_IMBALANCE = 20
MOSTLY = 0.5
KEYS_AT_ONCE = 2**20


class TextFacts(Protocol):
    """What is known of training texts, in memory or in a token cache."""

    num_rows: int
    num_cut: int
    max_length: int


def warn_of_texts(
    rows: TextFacts,
    validation: tuple[Sequence[str], Any, Sequence[str] | None] | None,
    *,
    keys: np.ndarray | None,
    long_texts: str,
    full_lengths: Callable[[], np.ndarray | None],
) -> None:
    """Warn when most training texts are cut, and when validation texts are trained on.

    Args:
        validation: texts, labels and second texts, or None.
        keys: of the training texts, from `text_keys`; they may lie on disk; None: they are not known.
        long_texts: what became of longer texts, see `LongTexts`.
        full_lengths: gives the lengths in tokens, uncut, of the texts or a sample of them; None: they are not known.
    """
    if long_texts == "truncate" and rows.num_cut > MOSTLY * rows.num_rows:
        _warn_of_cut_texts(rows, full_lengths())
    if validation is not None and keys is not None:
        message = overlap_message(keys, validation[0], validation[2])
        if message:
            warnings.warn(message, KerasbertWarning, stacklevel=3)


def overlap_message(
    train_keys: np.ndarray, held_out_texts: Sequence[str], held_out_pairs: Sequence[str] | None = None
) -> str | None:
    """What to say of texts to judge by that are training texts too, by the keys of `text_keys`; None where none are."""
    held_out_texts = list(held_out_texts)  # a Series is asked by its index
    held_out = text_keys(held_out_texts, held_out_pairs)
    is_known = np.zeros(len(held_out), dtype=bool)
    for start in range(0, len(train_keys), KEYS_AT_ONCE):
        is_known |= np.isin(held_out, train_keys[start : start + KEYS_AT_ONCE])
    if not is_known.any():
        return None
    first, count, total = int(is_known.argmax()), int(is_known.sum()), len(held_out_texts)
    return (
        f"{count} of {total} texts to judge by ({100 * count / total:.0f} %) are training "
        f"texts too, such as {shorten(held_out_texts[first], 60)} (text {first + 1}), so that the scores are "
        f"better than on new texts. Take them out of one of the two."
    )


def warn_of_absent_labels(
    counted: Mapping[str, np.ndarray],
    names: Mapping[str, Sequence[str]],
    split: str = "training",
    outcome: str = "it will hardly ever be predicted",
) -> None:
    """Warn of labels that no text of a split has; `counted` is head name -> how many rows have each label."""
    for head, counts in counted.items():
        absent = [name for name, count in zip(names[head], counts, strict=True) if not count]
        if absent:
            where = "" if head == SINGLE_HEAD else f" of head {head!r}"
            warnings.warn(
                f"no {split} text has the label{where} {shorten(absent)}; {outcome}.", KerasbertWarning, stacklevel=4
            )


def warn_of_imbalance(counted: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> None:
    """Warn when a label is far rarer than another; `counted` is head name -> how many rows have each label."""
    for head, counts in counted.items():
        present = np.flatnonzero(counts)
        if len(present) < 2:
            continue
        rare, common = (int(present[place(counts[present])]) for place in (np.argmin, np.argmax))
        if counts[rare] * STRONG_IMBALANCE < counts[common]:
            where = f" of head {head!r}" if len(counted) > 1 else ""
            warnings.warn(
                f"the labels{where} are far from balanced: {names[head][common]!r} has {counts[common]} training texts "
                f"and {names[head][rare]!r} has {counts[rare]}. Accuracy hides how a rare label fares: judge by macro-F1 "
                f"and the table of labels (`evaluate`), collect texts of the rare one or join it with another, weigh it "
                f"by balance='sqrt', and where labels are not exclusive give validation data, on which thresholds are tuned.",
                KerasbertWarning,
                stacklevel=3,
            )


def text_keys(texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
    """A hash, uint64 (n,), of each text or pair: equal where texts are, but for case, white space and Unicode form."""
    rows = zip(texts, texts if pairs is None else pairs, strict=True)
    hashes = (
        hashlib.blake2b("\0".join(map(_normal, row)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for row in rows
    )
    return np.frombuffer(b"".join(hashes), dtype="<u8")


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _warn_of_cut_texts(rows: TextFacts, full_lengths: np.ndarray | None) -> None:
    way_out = "A larger `max_length` holds more of them whole"
    if full_lengths is not None:
        needed = int(np.quantile(full_lengths, 0.95, method="higher"))
        way_out = f"A `max_length` of {needed} holds 95 % of them whole"
    warnings.warn(
        f"{rows.num_cut} of {rows.num_rows} training texts are longer than {rows.max_length} tokens and are cut. {way_out}, "
        f"and costs time; beyond what the encoder can read (512 for most), use `long_texts='windows'` or 'head_tail'.",
        KerasbertWarning,
        stacklevel=4,
    )
