"""Label names, and label cells as the arrays that a model trains on.

A label is told by its name or by its place among the names; see `label_names` for which of the two. Nothing is rounded,
guessed or dropped; a message names the row. Every cell is read by a `LabelVocabulary`, in memory as in a stream.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.labels.cells import LABELS, LabelColumn, Place, cell_parts, label_column
from kerasbert.labels.cells import multi_hot_from_columns as multi_hot_from_columns
from kerasbert.labels.hierarchy import is_unknown
from kerasbert.labels.kinds import INDICATOR, kind_for, label_kind
from kerasbert.labels.names import check_label_names as check_label_names
from kerasbert.labels.rules import ANY, ONE, ONE_OF_TWO, LabelRules
from kerasbert.labels.vocabulary import LabelVocabulary


class LabelIds(NamedTuple):
    """The labels of one head as places among its C names.

    Args:
        ids: places in `names`, those of a text one after the other, int32 (t,).
        offsets: where the ids of each text start, int64 (n + 1,).
        kind: how the labels were written, see `label_kind`, so that predictions come in the same form.
    """

    names: tuple[str, ...]
    ids: np.ndarray
    offsets: np.ndarray
    kind: str


def read_labels(
    rules: LabelRules,
    labels: Any,
    names: Sequence[str] | None = None,
    *,
    delimiter: str | None = None,
    source: str = LABELS,
    first_row: int | Sequence[int] = 1,
) -> LabelIds:
    """Read the labels of one head: the names, unless they are known, and which of them each text has.

    Args:
        labels: n labels, see `label_column`.
        names: the names, where they are known; None collects and sorts them.
        delimiter: separator of several names in one text.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.
    """
    column = label_column(labels, several=rules.several, source=source)
    names = _names_of_frame(column, names, source)
    vocabulary = LabelVocabulary(rules, [source], names=names, delimiter=delimiter)
    numbers = _numbers(vocabulary, column, source, first_row)
    if names is None:
        vocabulary.check(_described(column, source))
    flat = np.fromiter(itertools.chain.from_iterable(numbers), dtype=np.int32)
    offsets = np.cumsum([0, *map(len, numbers)])
    return LabelIds(vocabulary.names, vocabulary.order[flat], offsets, _kind(column, vocabulary))


def multi_hot(ids: np.ndarray, offsets: np.ndarray, count: int) -> np.ndarray:
    """Label ids of n texts as rows of 0 and 1, float32 (n, count); ids (t,) and offsets (n + 1,) as in `LabelIds`."""
    rows = np.zeros((len(offsets) - 1, count), dtype=np.float32)
    rows[np.repeat(np.arange(len(rows)), np.diff(offsets)), ids] = 1.0
    return rows


def collect_label_names(
    cells: Iterable[Any],
    *,
    delimiter: str | None = None,
    source: str = LABELS,
    first_row: int | Sequence[int] = 1,
) -> list[str]:
    """The distinct labels of some cells, sorted, so that the same data always gives the same order.

    Args:
        cells: n cells: a name, a whole number, a bool, a list of these, or a row of C zeros and ones; an array (n, C) of
            0 and 1, or a frame of C such columns.
        delimiter: separator of several names in one text; None: a text is one name.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        The names: by value if all are numbers, else by alphabet. A number or bool is named by its digits, a column of
        flags by its place.

    Raises:
        DataError: when a cell is missing or no label.

    Example:
        >>> collect_label_names(["b", "a", "b"]), collect_label_names([10, 9]), collect_label_names([[1, 0, 0]])
        (['a', 'b'], ['9', '10'], ['0', '1', '2'])
    """
    column = label_column(cells, source=source)
    if column.names is not None:
        return list(column.names)
    vocabulary = LabelVocabulary(ANY, [source], delimiter=delimiter)
    _numbers(vocabulary, column, source, first_row)
    if len(column.cells):
        vocabulary.check_names(_described(column, source))
    return list(vocabulary.names)


def named_labels(
    labels: Any, *, several: bool | None = False, unknown: bool = False, source: str = LABELS
) -> list[Any]:
    """The names of the labels of each text, as every reading of labels calls them: 1, 1.0 and "1" are one name.

    Args:
        labels: n labels, see `label_column`.
        several: whether a text may have several; None: the labels tell.
        unknown: whether a text may have a label that is not known: None, blank, NaN or -1.
        source: named in messages.

    Returns:
        n names, None where unknown; n lists of names where a text may have several.
    """
    column = label_column(labels, several=several, source=source)
    if several is None:
        several = column.names is not None or any(_holds_several(cell, source) for cell in column.cells)
    vocabulary = LabelVocabulary(ANY if several else ONE, [source], names=column.names)
    numbers = _numbers(vocabulary, column, source, 1, unknown=unknown)
    vocabulary.check_names(_described(column, source))
    rows = [[vocabulary.name_of(number) for number in row] for row in numbers]
    return rows if several else [row[0] if row else None for row in rows]


def encode_binary(
    cells: Sequence[Any], names: Sequence[str], *, source: str = LABELS, first_row: int | Sequence[int] = 1
) -> np.ndarray:
    """Cells of a yes-or-no label as 0 and 1.

    Args:
        cells: n cells: one of the two names, or 0, 1, False, True.
        names: the negative and the positive name.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Float32 (n, 1).

    Raises:
        DataError: when a cell is neither; the message names the row.
        ConfigError: when there are not two names.

    Example:
        >>> encode_binary(["spam", "ham"], ["ham", "spam"]).tolist()
        [[1.0], [0.0]]
    """
    ids = read_labels(ONE_OF_TWO, cells, names, source=source, first_row=first_row).ids
    return ids.astype(np.float32).reshape(-1, 1)


def encode_class_ids(
    cells: Sequence[Any], names: Sequence[str], *, source: str = LABELS, first_row: int | Sequence[int] = 1
) -> np.ndarray:
    """Cells of one label each as class ids.

    Args:
        cells: n cells: a name, or a whole number in [0, C).
        names: the C names; where one of them is a number, a number in a cell is one of them.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Int32 (n,).

    Raises:
        DataError: when a cell is missing, no whole number, out of range or unknown; the message names the row.

    Example:
        >>> encode_class_ids(["b", 0], ["a", "b"]).tolist()
        [1, 0]
    """
    return read_labels(ONE, cells, names, source=source, first_row=first_row).ids


def encode_multi_hot(
    cells: Sequence[Any],
    names: Sequence[str],
    *,
    delimiter: str | None = None,
    source: str = LABELS,
    first_row: int | Sequence[int] = 1,
) -> np.ndarray:
    """Cells of any number of labels each as rows of 0 and 1.

    Args:
        cells: n cells: a list, tuple, set or array of names or ids; a delimited text; or a row of C zeros and ones. Once
            a row is one of zeros and ones, all must be. Also an array (n, C), sparse matrix or frame of 0 and 1.
        names: the C names.
        delimiter: separator of several names in one text; None: a text is one name.
        source: named in messages.
        first_row: number of the first row in messages, or n of them.

    Returns:
        Float32 (n, C); a row without labels is all zeros.

    Raises:
        DataError: when a cell is missing, a label is unknown, or a row of flags holds something else.

    Example:
        >>> encode_multi_hot([["b"], []], ["a", "b"]).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    read = read_labels(ANY, cells, names, delimiter=delimiter, source=source, first_row=first_row)
    return multi_hot(read.ids, read.offsets, len(read.names))


def _names_of_frame(column: LabelColumn, names: Sequence[str] | None, source: str) -> Sequence[str] | None:
    """The names, of which a frame of flags brings its own: they must be the same labels."""
    if column.names is None or names is None:
        return column.names if names is None else names
    if set(column.names) != set(names):
        raise DataError(
            f"{source}: the columns must be the labels {shorten(list(names))}; got {shorten(list(column.names))}."
        )
    return names


def _kind(column: LabelColumn, vocabulary: LabelVocabulary) -> str:
    if column.names is not None or vocabulary.has_flags:
        return INDICATOR
    return kind_for(label_kind(column.cells), vocabulary.names)


def _holds_several(cell: Any, source: str) -> bool:
    """Whether a cell is a list, or one written as text."""
    parts = cell_parts(cell, source)
    return len(parts) != 1 or isinstance(cell, (list, tuple, set, frozenset, np.ndarray))


def _described(column: LabelColumn, source: str) -> str:
    """What holds the labels, in words."""
    if getattr(column.cells, "column", None) is not None:
        return f"the column {column.cells.column!r}"
    return f"`{source}`" if source == LABELS else source


def _numbers(
    vocabulary: LabelVocabulary,
    column: LabelColumn,
    source: str,
    first_row: int | Sequence[int],
    *,
    unknown: bool = False,
) -> list[list[int]]:
    """The label numbers of every cell, counted; none where a label may be unknown and is."""
    cells = column.cells
    if getattr(cells, "ndim", 1) == 2:
        return _numbers_of_flags(vocabulary, cells, source, first_row)
    rows = []
    for position, cell in enumerate(cells):
        place = Place(cells, source, first_row, position)
        row = [] if unknown and is_unknown(cell) else vocabulary.numbers_of(cell, place)
        vocabulary.count(row)
        rows.append(row)
    return rows


def _numbers_of_flags(
    vocabulary: LabelVocabulary, rows: np.ndarray, source: str, first_row: int | Sequence[int]
) -> list[list[int]]:
    wanted = len(vocabulary.names) if not vocabulary.is_open else rows.shape[1]
    if rows.shape[1] != wanted:
        raise DataError(f"{source}: must have {wanted} columns, one for each label; got {rows.shape[1]}.")
    wrong = np.argwhere((rows != 0) & (rows != 1))
    if len(wrong):
        row, column = map(int, wrong[0])
        value = rows[row, column]
        shown = value.item() if isinstance(value, np.generic) else value
        raise DataError(f"{Place(rows, source, first_row, row)}: the labels must be 0 or 1; got {shorten(shown)}.")
    vocabulary.take_flags(wanted)
    numbers = [np.flatnonzero(flags).tolist() for flags in rows]
    for found in numbers:
        vocabulary.count(found)
    return numbers
