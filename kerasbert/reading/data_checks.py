"""Warnings about common data problems, given before they cost a training run."""

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
KEYS_AT_ONCE = 2**20


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
    seen = set(text_keys(train_texts, train_pairs).tolist())
    shared = [row for row, key in enumerate(text_keys(held_out_texts, held_out_pairs).tolist()) if key in seen]
    return _overlap_words(shared, held_out_texts)


def _overlap_words(shared: Sequence[int], held_out_texts: Sequence[str]) -> str | None:
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


def warn_of_known_texts(
    train_keys: np.ndarray, held_out_texts: Sequence[str], held_out_pairs: Sequence[str] | None = None
) -> None:
    """Warn when texts to judge by are among training texts whose keys alone are at hand; see `overlap_message`.

    Args:
        train_keys: of the training texts, from `text_keys`; they may lie on disk.
        held_out_texts: m texts.
        held_out_pairs: m second texts, or None.
    """
    held_out = text_keys(held_out_texts, held_out_pairs)
    is_known = np.zeros(len(held_out), dtype=bool)
    for start in range(0, len(train_keys), KEYS_AT_ONCE):
        is_known |= np.isin(held_out, train_keys[start : start + KEYS_AT_ONCE])
    message = _overlap_words(np.flatnonzero(is_known).tolist(), held_out_texts)
    if message:
        warnings.warn(message, KerasbertWarning, stacklevel=3)


def warn_of_imbalance(counted: Mapping[str, np.ndarray], names: Mapping[str, Sequence[str]]) -> None:
    """Warn when a label is far rarer than another.

    Args:
        counted: head name -> how many rows have each label, see `label_counts`.
        names: head name -> label names, (negative, positive) for a binary head.
    """
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


def warn_of_cut_texts(
    num_cut: int, full_lengths: Sequence[int] | np.ndarray | None, num_texts: int, max_length: int
) -> None:
    """Warn when most texts are cut.

    Args:
        num_cut: how many were.
        full_lengths: lengths in tokens, uncut, of the texts or of a sample of them; None: they are not known.
        num_texts: of how many.
        max_length: where they were cut.
    """
    if num_cut <= MOSTLY * num_texts:
        return
    way_out = "A larger `max_length` holds more of them whole"
    if full_lengths is not None:
        needed = int(np.quantile(np.asarray(full_lengths), 0.95, method="higher"))
        way_out = f"A `max_length` of {needed} holds 95 % of them whole"
    warnings.warn(
        f"{num_cut} of {num_texts} training texts are longer than {max_length} tokens and are cut. {way_out}, and costs "
        f"time; beyond what the encoder can read (512 for most), use `long_texts='windows'` or 'head_tail'.",
        KerasbertWarning,
        stacklevel=3,
    )


def text_keys(texts: Sequence[str], pairs: Sequence[str] | None = None) -> np.ndarray:
    """A number for each text, or pair of texts, that is equal where texts are equal but for case, white space and Unicode form.

    Args:
        texts: n texts.
        pairs: n second texts, or None.

    Returns:
        Uint64 (n,), hashes, so that a million long texts take megabytes.

    Example:
        >>> first, second, third = text_keys(["Good  card", "good card", "bad"])
        >>> bool(first == second), bool(first == third)
        (True, False)
    """
    rows = zip(texts, texts if pairs is None else pairs, strict=True)
    hashes = (
        hashlib.blake2b("\0".join(map(_normal, row)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for row in rows
    )
    return np.frombuffer(b"".join(hashes), dtype="<u8")


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
