"""Stratified splits: a held-out part with the label frequencies of the whole."""

import numpy as np

from kerasbert._core.checks import check_int, check_number
from kerasbert._core.errors import DataError
from kerasbert.reading.examples import Examples


def split_indices(labels: np.ndarray, fraction: float, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Choose which rows are held out.

    Class ids are split class by class, and a class with a single row stays in the training part. Multi-hot rows are
    split by iterative stratification, rarest label first. Anything else is split by chance.

    Args:
        labels: (n,) or (n, 1) of class ids; (n, C) of 0 and 1; or any other array of n rows.
        fraction: share to hold out, in (0, 1); at least one row is held out and one is kept. For multi-hot rows the
            share of each label comes first, and the number of rows follows from it.
        seed: the same seed gives the same split.

    Returns:
        Indices of the kept and of the held-out rows, each ascending, int64.

    Raises:
        ConfigError: when `fraction` or `seed` is out of its range.
        DataError: when there are fewer than 2 rows.

    Example:
        >>> kept, held_out = split_indices(np.array([0, 0, 0, 0, 1, 1, 1, 1]), 0.25)
        >>> len(kept), len(held_out)
        (6, 2)

    Reference:
        Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label Data", 2011, algorithm 1.
    """
    check_number("fraction", fraction, 0, 1, open_minimum=True, open_maximum=True)
    check_int("seed", seed, 0)
    labels = np.asarray(labels)
    if len(labels) < 2:
        raise DataError(f"A split needs at least 2 examples; got {len(labels)}.")
    labels = labels.reshape(-1) if labels.shape[1:] == (1,) else labels
    num_held_out = min(max(round(fraction * len(labels)), 1), len(labels) - 1)
    if labels.ndim == 1 and _are_whole(labels):
        held_out = _split_classes(labels, num_held_out, seed)
    elif labels.ndim == 2 and np.isin(labels, (0, 1)).all():
        held_out = _split_multi_hot(labels.astype(bool), num_held_out, seed)
    else:
        held_out = np.random.default_rng(seed).permutation(len(labels))[:num_held_out]
    is_held_out = np.zeros(len(labels), dtype=bool)
    is_held_out[held_out] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def split_examples(
    examples: Examples, labels: np.ndarray, fraction: float, *, seed: int = 0
) -> tuple[tuple[Examples, np.ndarray], tuple[Examples, np.ndarray]]:
    """Split examples with their encoded labels; see `split_indices`.

    Args:
        examples: n examples.
        labels: (n, ...), encoded.
        fraction: share to hold out, in (0, 1).
        seed: the same seed gives the same split.

    Returns:
        `(examples, labels)` to train on and `(examples, labels)` held out.

    Raises:
        ConfigError: when `fraction` or `seed` is out of its range.
        DataError: when there are fewer than 2 rows, or not as many labels as texts.

    Example:
        >>> train, held_out = split_examples(Examples(["a", "b", "c", "d"]), np.array([0, 1, 0, 1]), 0.5)
        >>> sorted(train[1].tolist()), len(held_out[0])
        ([0, 1], 2)
    """
    labels = np.asarray(labels)
    if len(examples) != len(labels):
        raise DataError(f"`labels` must have one row for each text; got {len(labels)} rows and {len(examples)} texts.")
    kept, held_out = split_indices(labels, fraction, seed=seed)
    return (examples.take(kept), labels[kept]), (examples.take(held_out), labels[held_out])


def _are_whole(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "biu" or (labels.dtype.kind == "f" and bool((labels == np.floor(labels)).all()))


def _split_classes(labels: np.ndarray, num_held_out: int, seed: int) -> np.ndarray:
    from sklearn.model_selection import train_test_split

    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(counts[classes] > 1)
    num_classes = int((counts > 1).sum())
    if not num_classes <= num_held_out <= len(shared) - num_classes:
        # scikit-learn wants a row of each class on either side; where rows are so few, the other way is as good.
        return _split_multi_hot(np.eye(len(counts), dtype=bool)[classes], num_held_out, seed)
    _, held_out = train_test_split(shared, test_size=num_held_out, stratify=classes[shared], random_state=seed)
    return np.asarray(held_out)


def _split_multi_hot(rows: np.ndarray, num_held_out: int, seed: int) -> np.ndarray:
    """Iterative stratification: label by label, rarest first, each row goes to the part that still wants more of it.

    Labels come before the size, so that about `num_held_out` rows are held out where no row is without a label.
    """
    random = np.random.default_rng(seed)
    share = num_held_out / len(rows)
    order = random.permutation(len(rows))
    labels_of = _labels_by_row(rows)
    # What the held-out part still wants of each label and in all; the kept part wants the rest of what remains.
    left = rows.sum(axis=0)
    wanted, total_wanted = (left * share).tolist(), float(num_held_out)
    remaining, total_left = left.tolist(), len(rows)
    placed = np.zeros(len(rows), dtype=bool)
    held_out: list[int] = []
    while any(remaining):
        rarest = min((count, label) for label, count in enumerate(remaining) if count)[1]
        for row in order[rows[order, rarest] & ~placed[order]].tolist():
            lacks, total_lacks = 2 * wanted[rarest] - remaining[rarest], 2 * total_wanted - total_left
            chosen = lacks > 0 or (lacks == 0 and total_lacks > 0)
            for label in labels_of[row]:
                remaining[label] -= 1
                wanted[label] -= chosen
            total_left -= 1
            total_wanted -= chosen
            placed[row] = True
            if chosen:
                held_out.append(row)
    without_label = order[~placed[order]].tolist()
    held_out += without_label[: max(num_held_out - len(held_out), 0)]
    # Very few rows may all have gone to one side.
    held_out = held_out or [int(order[0])]
    return np.array(held_out[: len(rows) - 1], dtype=np.int64)


def _labels_by_row(rows: np.ndarray) -> list[list[int]]:
    row_numbers, labels = np.nonzero(rows)
    ends = np.cumsum(np.bincount(row_numbers, minlength=len(rows)))[:-1]
    return [part.tolist() for part in np.split(labels, ends)]
