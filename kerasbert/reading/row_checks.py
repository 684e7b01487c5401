"""Check the labels of a row before it is kept, in memory as in a stream."""

from collections.abc import Mapping
from typing import Any

from kerasbert.labels.level_vocabulary import LevelTree
from kerasbert.labels.vocabulary import LabelVocabulary
from kerasbert.reading.readers import RowCheck


def label_check(heads: Mapping[str, LabelVocabulary], tree: LevelTree | None = None) -> RowCheck:
    """A check for `collect_examples` that refuses rows whose labels a stream would refuse.

    Args:
        heads: head or level name -> what reads its labels.
        tree: what the heads are the levels of; None: they are no levels.

    Returns:
        What takes the cells of a row and its place, and raises a `DataError`.

    Example:
        >>> check = label_check({"output": Binary.vocabulary(["label"], names=["no", "yes"])})
        >>> check({"label": "maybe"}, "data.csv, line 3")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.DataError: data.csv, line 3: the label 'maybe' is unknown; the labels are 'no', 'yes'.
    """

    def check(cells: Mapping[str, Any], place: str) -> None:
        numbers = {name: head.numbers(cells, place) for name, head in heads.items()}
        if tree is not None:
            tree.settle(numbers, place)

    return check
