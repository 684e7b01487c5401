"""The labels of one head, read cell by cell: numbered as they appear, named and put in order when all were seen.

Labels in memory and labels of a stream go through here alike, so that they are the same names, arrays and errors.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError, DataError, KerasbertWarning
from kerasbert.data.label_cells import cell_parts, flag_of, flag_value
from kerasbert.data.label_names import (
    USUAL_DELIMITERS,
    LabelIndex,
    check_label_names,
    is_number,
    is_whole_number,
    label_key,
    name_of_part,
    sort_label_names,
)

TASKS = ("binary", "multiclass", "multilabel")
# What a missing value is called where it was written as text.
NAMES_OF_NOTHING = {"#n/a", "<na>", "n/a", "na", "nan", "nat", "null"}
# From so many fractions on, a column is one of measurements and not of labels.
MANY_FRACTIONS = 20
NEARLY_ALL = 0.9
FLAGS, NAMES = "rows of 0 and 1", "lists of labels"


class LabelVocabulary:
    """The labels of one head, collected in one pass.

    Each cell gives the numbers of its labels at once, counted in the order in which labels first appear; `order` tells at
    the end which place each has among the sorted names.

    Args:
        task: `"binary"`, `"multiclass"` or `"multilabel"`.
        columns: column of the labels, or several columns of 0 and 1, which are then the names.
        names: the names, where they are known: others are refused. None collects them.
        delimiter: separator of several names in one text, for a multi-label task.

    Raises:
        ConfigError: when an argument is out of its range or two do not go together.

    Example:
        >>> labels = LabelVocabulary("multiclass", ["label"])
        >>> [labels.numbers({"label": name}, "row") for name in ("ham", "spam", "ham", "eggs")]
        [[0], [1], [0], [2]]
        >>> labels.names, labels.order.tolist()
        (('eggs', 'ham', 'spam'), [1, 2, 0])
    """

    def __init__(
        self,
        task: str,
        columns: Sequence[str],
        *,
        names: Sequence[str] | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.task = check_choice("task", task, TASKS)
        self.columns = tuple(columns)
        self.delimiter = delimiter
        if len(self.columns) > 1 and task != "multilabel":
            raise ConfigError(f"Several label columns go with task 'multilabel'; got {task!r}.")
        if delimiter is not None and (task != "multilabel" or len(self.columns) > 1):
            raise ConfigError(
                f"`label_delimiter` goes with one column of task 'multilabel', whose cells name several labels; got "
                f"{delimiter!r} with task {task!r} and the columns {', '.join(self.columns)}."
            )
        if len(self.columns) > 1 and names is None:
            names = self.columns
        if task == "binary" and names is not None and len(names) != 2:
            raise ConfigError(f"A binary label has two names, (negative, positive); got {shorten(tuple(names))}.")
        self._known = None if names is None else LabelIndex(check_label_names(names))
        self._form = _RowForm(None if names is None else len(names))
        self._spellings = _Spellings()
        self._numbers: dict[str, int] = {}
        self._counts: list[int] = []
        if names is not None:
            self._count_on(names)
        self._kinds: dict[str, str] = {}

    def numbers(self, cells: Mapping[str, Any], place: Any, source: str = "") -> list[int]:
        """The numbers of the labels of a row, each once.

        Args:
            cells: column -> cell.
            place: where the row stands; its text is put in front of messages.
            source: file of the row, whose labels must be of the same kind, numbers or names, as those of others.

        Returns:
            One number for a binary or multi-class head.

        Raises:
            DataError: when a label is missing, unknown or of another kind, or there are several.
        """
        if len(self.columns) > 1:
            flags = [flag_of(cells.get(name), name, place) for name in self.columns]
            return [self._numbers[name] for name, flag in zip(self.columns, flags, strict=True) if flag]
        return self.numbers_of(cells.get(self.columns[0]), place, source)

    def numbers_of(self, cell: Any, place: Any, source: str = "") -> list[int]:
        """As `numbers`, of the only column's cell."""
        several = self.task == "multilabel"
        parts = cell_parts(cell, place, several=several, delimiter=self.delimiter, known=self._known or ())
        if several and self._form.is_row_of_flags(cell, parts, place):
            self.take_flags(len(parts))
            return [number for number, part in enumerate(parts) if flag_value(part)]
        if self._known is not None:
            return list(dict.fromkeys(self._known.id_of(part, place) for part in parts))
        names = [name_of_part(part, place) for part in parts]
        self._check_kind(names, place, source)
        for name, part in zip(names, parts, strict=True):
            self._spellings.add(name, part)
        return list(dict.fromkeys(self._number(label_key(name)) for name in names))

    def take_flags(self, width: int) -> None:
        """Take rows of `width` flags, whose labels are named by their places where no names are known."""
        if self._known is None and not self._numbers:
            self._count_on(map(str, range(width)))
        self._form.form = FLAGS

    def count(self, numbers: Sequence[int]) -> None:
        """Count the labels of a row that is kept."""
        for number in numbers:
            self._counts[number] += 1

    def name_of(self, number: int) -> str:
        """The name of a number, so far."""
        return self._known.names[number] if self._known else self._spellings.name(list(self._numbers)[number])

    @property
    def is_open(self) -> bool:
        """Whether names are collected."""
        return self._known is None

    @property
    def has_flags(self) -> bool:
        """Whether the cells are rows of 0 and 1."""
        return self._form.has_flags

    @property
    def names(self) -> tuple[str, ...]:
        """All names: as they were given, or by value if all are numbers, else by alphabet."""
        if self._known is not None:
            return self._known.names
        return tuple(sort_label_names(map(self._spellings.name, self._numbers)))

    @property
    def order(self) -> np.ndarray:
        """The place in `names` of each number, int32 (C,)."""
        places = {label_key(name): place for place, name in enumerate(self.names)}
        return np.array([places[key] for key in self._numbers], dtype=np.int32)

    @property
    def counts(self) -> np.ndarray:
        """How many rows have each of `names`, int64 (C,)."""
        counts = np.zeros(len(self._counts), dtype=np.int64)
        counts[self.order] = self._counts
        return counts

    def check(self, where: str | None = None) -> None:
        """Refuse labels that no classifier can learn, when all rows were seen, and tell what was read as one.

        Args:
            where: what holds the labels, for messages; None: the column.

        Raises:
            DataError: when there are too few, not two for a binary head, or the names look like several in a cell.
            ConfigError: when two names cannot be told apart.
        """
        where = where or f"the column {self.columns[0]!r}"
        few = len(self._numbers) < (1 if self.task == "multilabel" else 2)
        if few or (self.task == "binary" and len(self._numbers) > 2):
            wanted = {"binary": "two", "multiclass": "at least two", "multilabel": "at least one"}[self.task]
            raise DataError(
                f"{where} must hold {wanted} different labels for task {self.task!r}; got {shorten(list(self.names))}. Give "
                f"texts of another label, or name the labels with label_names."
            )
        self.check_names(where)

    def check_names(self, where: str) -> None:
        """Refuse or tell names that are likely not meant as such; see `check`."""
        if self._known is not None:
            return
        names = self.names
        self._spellings.check(names, where)
        if not self._form.has_flags:
            _check_delimiters(dict(zip(names, self.counts.tolist(), strict=True)), self.task, where)
            _check_fractions(names, where)
        check_label_names(names)

    def _count_on(self, names: Iterable[str]) -> None:
        self._numbers = {label_key(name): place for place, name in enumerate(names)}
        self._counts = [0] * len(self._numbers)

    def _number(self, key: str) -> int:
        number = self._numbers.setdefault(key, len(self._numbers))
        if number == len(self._counts):
            self._counts.append(0)
        return number

    def _check_kind(self, names: Sequence[str], place: Any, source: str) -> None:
        """Refuse a file whose first labels are names where those of the others are numbers, or the other way round."""
        if source in self._kinds or not names:
            return
        kind = "numbers" if all(map(is_number, names)) else "names"
        for other, known in self._kinds.items():
            if known != kind and source:
                raise DataError(
                    f"{place}: labels are {kind} here ({shorten(names[0])}) and {known} in {other}; write "
                    f"all files in one form, or give the label names."
                )
        self._kinds[source] = kind


class _RowForm:
    """Whether the lists in a column are rows of 0 and 1 or lists of labels: one of the two, for all rows.

    A row of two different flags, such as [0, 1], may be either; it is one of flags where nothing was seen before.
    """

    def __init__(self, width: int | None) -> None:
        self.width = width
        self.form: str | None = None
        self.first = ""

    @property
    def has_flags(self) -> bool:
        return self.form == FLAGS

    def is_row_of_flags(self, cell: Any, parts: list[Any], place: Any) -> bool:
        """Whether a row is one of 0 and 1.

        Raises:
            DataError: when it is of the other form than the rows before, or of another length.
        """
        form = self._form_of(cell, parts)
        if form is None:
            form = FLAGS if self.form is None else self.form
        if self.form is None and parts:
            self.form, self.first = form, str(place)
            self.width = self.width or len(parts)
        if self.form == FLAGS:
            self._check_flags(parts, place)
        elif form == FLAGS:
            raise DataError(
                f"{place}: the labels are a row of 0 and 1 here, {shorten(parts)}, and lists of labels before ({self.first}); "
                f"write all rows in one form."
            )
        return self.form == FLAGS

    def _form_of(self, cell: Any, parts: list[Any]) -> str | None:
        """The form of one row; None where it may be either."""
        if not parts:
            return self.form or NAMES
        if isinstance(cell, str) and parts == [cell]:
            return NAMES
        values = {flag_value(part) for part in parts}
        if len(parts) < 2 or None in values:
            return NAMES
        repeats = len(values) < len(parts)
        if any(isinstance(part, str) for part in parts):
            return FLAGS if repeats else NAMES
        if self.form is None and self.width is not None and self.width != len(parts) and not repeats:
            return NAMES
        return FLAGS if repeats else None

    def _check_flags(self, parts: list[Any], place: Any) -> None:
        if len(parts) != self.width:
            raise DataError(
                f"{place}: the labels must be a row of {self.width} values, each 0 or 1, as before ({self.first}); got "
                f"{len(parts)}: {shorten(parts)}. Where these are lists of label numbers, give label_names."
            )
        for part in parts:
            if flag_value(part) is None:
                raise DataError(
                    f"{place}: the labels must be 0 or 1 in every row, as before ({self.first}); got {shorten(part)} in "
                    f"{shorten(parts)}. Where these are lists of label numbers, write names."
                )


class _Spellings:
    """How each label was written: the shortest spelling names it."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._others: dict[str, str] = {}
        self._has_bools = False

    def name(self, key: str) -> str:
        return self._names.get(key, key)

    def add(self, name: str, part: Any) -> None:
        """Note the name of a part."""
        if isinstance(part, (bool, np.bool_)):
            self._has_bools = True
        key = label_key(name)
        known = self._names.setdefault(key, name)
        if known != name:
            self._names[key], self._others[key] = sorted((known, name), key=lambda text: (len(text), text))

    def check(self, names: Sequence[str], where: str) -> None:
        """Tell labels that were written in two ways or say nothing; refuse booleans beside other labels."""
        if self._has_bools and not {label_key(name) for name in names} <= {"0", "1"}:
            raise DataError(
                f"{where} holds booleans beside other labels, {shorten(list(names))}; write all labels in one form, as text."
            )
        if self._others:
            key, other = next(iter(self._others.items()))
            warnings.warn(
                f"{where}: labels that are equal numbers are read as one label, such as {self._names[key]!r} and {other!r}.",
                KerasbertWarning,
                stacklevel=2,
            )
        nothing = [name for name in names if name.strip().lower() in NAMES_OF_NOTHING]
        if nothing:
            warnings.warn(
                f"{where}: {', '.join(map(repr, nothing))} is read as the name of a label. If it stands for a missing "
                f"label, leave these rows out.",
                KerasbertWarning,
                stacklevel=2,
            )


def _check_delimiters(counts: Mapping[str, int], task: str, where: str) -> None:
    """Refuse names that hold several labels of a multi-label task; tell those of another.

    They do where their parts are labels of their own or recur, or where nearly all cells hold a delimiter.
    """
    for delimiter in USUAL_DELIMITERS:
        joined = [name for name in counts if len(_split(name, delimiter)) > 1]
        if not joined:
            continue
        parts = [part for name in joined for part in _split(name, delimiter)]
        recur = len(set(parts)) < len(parts) or any(part in counts for part in parts)
        share = sum(counts[name] for name in joined) / max(sum(counts.values()), 1)
        if task == "multilabel" and (recur or (share >= NEARLY_ALL and len(joined) > 1)):
            raise DataError(
                f"{where} holds several names in one cell, such as {shorten(joined[0])}. Split them with "
                f"label_delimiter={delimiter!r} (--label-delimiter {delimiter!r}); where it is one name, give all names with "
                f"label_names (--label-names)."
            )
        if task == "multiclass" and all(part in counts for part in parts):
            warnings.warn(
                f"{where}: {shorten(joined[0])} is read as one label, beside the labels that it consists of. Where a text has "
                f"several labels, train with task 'multilabel' and label_delimiter={delimiter!r}.",
                KerasbertWarning,
                stacklevel=3,
            )


def _split(name: str, delimiter: str) -> list[str]:
    return [part.strip() for part in name.split(delimiter) if part.strip()]


def _check_fractions(names: Sequence[str], where: str) -> None:
    """Refuse a column of measurements."""
    if len(names) < MANY_FRACTIONS or not all(map(is_number, names)):
        return
    fractions = [name for name in names if not is_whole_number(name)]
    if 2 * len(fractions) > len(names):
        raise DataError(
            f"{where} holds {len(names)} different numbers such as {', '.join(fractions[:3])}, which look like measurements, "
            f"not labels. Put them into classes first; where they are names, give label_names."
        )
