"""Well-known ways to hold a text classifier wrong, told before they cost a training run."""

import hashlib
import unicodedata
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import KerasbertWarning

# A label rarer than this, against the most common one, is hardly learned without care.
STRONG_IMBALANCE = 20
MOSTLY = 0.5


def overlap_message(
    train_texts: Sequence[str],
    held_out_texts: Sequence[str],
    train_pairs: Sequence[str] | None = None,
    held_out_pairs: Sequence[str] | None = None,
) -> str | None:
    """What to say of texts to judge by that are training texts too; case, white space and Unicode form aside.

    Args:
        train_texts: n texts.
        held_out_texts: m texts.
        train_pairs: n second texts, or None.
        held_out_pairs: m second texts, or None.

    Returns:
        The message, or None where no text is in both.

    Example:
        >>> overlap_message(["Good  card", "bad"], ["good card", "late"])[:44]
        '1 of 2 texts to judge by (50 %) are training'
    """
    held_out_texts = list(held_out_texts)  # a Series is asked by its index
    seen = set(_keys(train_texts, train_pairs))
    shared = [row for row, key in enumerate(_keys(held_out_texts, held_out_pairs)) if key in seen]
    if not shared:
        return None
    return (
        f"{len(shared)} of {len(held_out_texts)} texts to judge by ({100 * len(shared) / len(held_out_texts):.0f} %) are training "
        f"texts too, such as {shorten(held_out_texts[shared[0]], 60)} (text {shared[0] + 1}), so that the scores are "
        f"better than on new texts. Take them out of one of the two."
    )


def warn_of_overlap(
    train_texts: Sequence[str],
    held_out_texts: Sequence[str],
    train_pairs: Sequence[str] | None = None,
    held_out_pairs: Sequence[str] | None = None,
) -> None:
    """Warn when texts to judge by are training texts too; see `overlap_message`."""
    message = overlap_message(train_texts, held_out_texts, train_pairs, held_out_pairs)
    if message:
        warnings.warn(message, KerasbertWarning, stacklevel=3)


def warn_of_imbalance(encoded: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> None:
    """Warn when a label is far rarer than another.

    Args:
        encoded: head name -> class ids (n,), or 0 or 1 of shape (n, C), -1 where unknown.
        names: head name -> label names, (negative, positive) for a binary head.
    """
    for head, array in encoded.items():
        counts = label_counts(array, len(names[head]))
        present = np.flatnonzero(counts)
        if len(present) < 2:
            continue
        rare, common = (int(present[place(counts[present])]) for place in (np.argmin, np.argmax))
        if counts[rare] * STRONG_IMBALANCE < counts[common]:
            where = f" of head {head!r}" if len(encoded) > 1 else ""
            warnings.warn(
                f"the labels{where} are far from balanced: {names[head][common]!r} has {counts[common]} training texts "
                f"and {names[head][rare]!r} has {counts[rare]}. Accuracy hides how a rare label fares: judge by macro-F1 "
                f"and the table of labels (`evaluate`), collect texts of the rare one or join it with another, weigh it "
                f"by balance='sqrt', and where labels are not exclusive give validation data, on which thresholds are tuned.",
                KerasbertWarning,
                stacklevel=3,
            )


def label_counts(encoded: np.ndarray, count: int) -> np.ndarray:
    """How many rows have each label.

    Args:
        encoded: class ids (n,), 0 or 1 of shape (n, 1) for a binary label of two names, or of shape (n, C); -1 where
            unknown.
        count: number of names.

    Returns:
        Int64 (count,).

    Example:
        >>> label_counts(np.array([[1.0], [0.0], [1.0]]), 2).tolist(), label_counts(np.array([0, -1]), 2).tolist()
        ([1, 2], [1, 0])
    """
    if encoded.ndim == 2 and (encoded.shape[1] > 1 or count == 1):
        return (encoded > 0).sum(axis=0).astype(np.int64)
    ids = encoded.reshape(-1).astype(np.int64)
    return np.bincount(ids[ids >= 0], minlength=count)


def warn_of_cut_texts(num_cut: int, full_lengths: Sequence[int] | np.ndarray, num_texts: int, max_length: int) -> None:
    """Warn when most texts are cut.

    Args:
        num_cut: how many were.
        full_lengths: lengths in tokens, uncut, of the texts or of a sample of them.
        num_texts: of how many.
        max_length: where they were cut.
    """
    if num_cut <= MOSTLY * num_texts:
        return
    needed = int(np.quantile(np.asarray(full_lengths), 0.95, method="higher"))
    warnings.warn(
        f"{num_cut} of {num_texts} training texts are longer than {max_length} tokens and are cut. A `max_length` of "
        f"{needed} holds 95 % of them whole, and costs time; beyond what the encoder can read (512 for most), use "
        f"`long_texts='windows'` or 'head_tail'.",
        KerasbertWarning,
        stacklevel=3,
    )


def _keys(texts: Sequence[str], pairs: Sequence[str] | None) -> list[bytes]:
    # Hashes, so that a million long texts take megabytes.
    rows = zip(texts, texts if pairs is None else pairs, strict=True)
    return [
        hashlib.blake2b("\0".join(map(_normal, row)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for row in rows
    ]


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
