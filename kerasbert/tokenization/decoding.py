"""Token ids that are to become tokens or text again, checked."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.tokenization.token_arrays import TokenArrays


def one_row(ids: Any, vocabulary_size: int, name: str = "ids") -> list[int]:
    """Return the ids of one text as a list.

    Args:
        ids: a list, or an array or tensor of one axis.
        vocabulary_size: each must be below it.
        name: of the argument, for messages.

    Raises:
        DataError: when an id is none of the vocabulary.
        TypeError: when they are no integers, or not in one row.
    """
    array = np.asarray(ids)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise TypeError(
            f"`{name}` must be one row of token ids; got {shorten(ids)}. Several rows are read by batch_decode."
        )
    wrong = array[(array < 0) | (array >= vocabulary_size)] if array.size else array
    if wrong.size:
        raise DataError(f"`{name}` holds {wrong[0]}, which is no id of the vocabulary of {vocabulary_size} tokens.")
    return [int(number) for number in array]


def rows_of(sequences: Any) -> Iterator[Any]:
    """Iterate over the ids of several texts: lists, an array of two axes, or `TokenArrays`.

    Raises:
        TypeError: when they are no rows.
    """
    if isinstance(sequences, TokenArrays):
        return (sequences.take([row]).input_ids for row in range(len(sequences)))
    if getattr(sequences, "ndim", 2) != 2 or not hasattr(sequences, "__iter__") or isinstance(sequences, (str, dict)):
        raise TypeError(f"`sequences` must be rows of token ids; got {shorten(sequences)}. One row is read by decode.")
    return iter(sequences)
