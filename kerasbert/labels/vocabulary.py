"""The labels of one head, read cell by cell: numbered as they appear, named and put in order when all were seen.

Labels in memory and labels of a stream go through here alike, so that they are the same names, arrays and errors.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.labels.cells import cell_parts, flag_of, flag_value
from kerasbert.labels.flag_rows import RowForm
from kerasbert.labels.names import (
    LabelIndex,
    check_label_names,
    is_number,
    label_key,
    name_of_part,
    sort_label_names,
)
from kerasbert.labels.rules import ANY, LabelRules
from kerasbert.labels.spellings import Spellings, check_delimiters, check_fractions


class LabelVocabulary:
    """The labels of one head, collected in one pass.

    Each cell gives the numbers of its labels at once, counted in the order in which labels first appear; `order` tells at
    the end which place each has among the sorted names.

    Args:
        rules: how many labels there are.
        columns: column of the labels, or several columns of 0 and 1, which are then the names.
        names: the names, where they are known: others are refused. None collects them.
        delimiter: separator of several names in one text, where a cell may hold several.

    Raises:
        ConfigError: when an argument is out of its range or two do not go together.

    Example:
        >>> labels = LabelVocabulary(LabelRules("topic", 2), ["label"])
        >>> [labels.numbers({"label": name}, "row") for name in ("ham", "spam", "ham", "eggs")]
        [[0], [1], [0], [2]]
        >>> labels.names, labels.order.tolist()
        (('eggs', 'ham', 'spam'), [1, 2, 0])
    """

    def __init__(
        self,
        rules: LabelRules,
        columns: Sequence[str],
        *,
        names: Sequence[str] | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.rules = rules
        self.columns = tuple(columns)
        self.delimiter = delimiter
        self._check_columns(names)
        if len(self.columns) > 1 and names is None:
            names = self.columns
        if rules.most is not None and names is not None and len(names) != rules.most:
            raise ConfigError(f"A {rules.task} label has two names, (negative, positive); got {shorten(tuple(names))}.")
        self._known = None if names is None else LabelIndex(check_label_names(names))
        self._form = RowForm(names)
        self._spellings = Spellings()
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
            One number, unless a text may have several labels.

        Raises:
            DataError: when a label is missing, unknown or of another kind, or there are several.
        """
        if len(self.columns) > 1:
            flags = [flag_of(cells.get(name), name, place) for name in self.columns]
            return [self._numbers[label_key(name)] for name, flag in zip(self.columns, flags, strict=True) if flag]
        return self.numbers_of(cells.get(self.columns[0]), place, source)

    def numbers_of(self, cell: Any, place: Any, source: str = "") -> list[int]:
        """As `numbers`, of the only column's cell."""
        several = self.rules.several
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
        self._form.take_flags()

    def count(self, numbers: Sequence[int]) -> None:
        """Count the labels of a row that is kept."""
        for number in numbers:
            self._counts[number] += 1

    def name_of(self, number: int) -> str:
        """The name of a number, so far."""
        return self._known.names[number] if self._known else self._spellings.name(list(self._numbers)[number])

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.rules.task

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
        """Refuse labels that no classifier can learn, once all rows were seen; warn of labels that were merged.

        Args:
            where: what holds the labels, for messages; None: the column.

        Raises:
            DataError: when there are too few, not two for a binary head, or the names look like several in a cell.
            ConfigError: when two names cannot be told apart.
        """
        where = where or f"the column {self.columns[0]!r}"
        number, rules = len(self._numbers), self.rules
        if number < rules.fewest or (rules.most is not None and number > rules.most):
            raise DataError(
                f"{where} must hold {rules.wanted} different labels for task {rules.task!r}; got "
                f"{shorten(list(self.names))}. Give texts of another label, or name the labels with label_names."
            )
        if self._known is None:
            self._form.check(self.names, where)
        self.check_names(where)

    def check_names(self, where: str) -> None:
        """Refuse or warn of names that are likely mistakes; see `check`."""
        names = self.names
        if self._known is not None or not names:
            return
        self._spellings.check(names, where)
        if not self._form.has_flags:
            check_delimiters(dict(zip(names, self.counts.tolist(), strict=True)), self.rules, where)
            check_fractions(names, where)
        check_label_names(names)

    def _check_columns(self, names: Sequence[str] | None) -> None:
        """Refuse columns, a delimiter and names that do not go together."""
        if len(self.columns) > 1 and not self.rules.several:
            raise ConfigError(f"Several label columns go with task {ANY.task!r}; got {self.task!r}.")
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or not self.delimiter):
            raise ConfigError(f"`label_delimiter` must be a text such as ';', or None; got {shorten(self.delimiter)}.")
        if self.delimiter is not None and (not self.rules.several or len(self.columns) > 1):
            raise ConfigError(
                f"`label_delimiter` goes with one column of task {ANY.task!r}, whose cells name several labels; got "
                f"{self.delimiter!r} with task {self.task!r} and the columns {', '.join(self.columns)}."
            )
        if len(self.columns) > 1 and names is not None and set(names) != set(self.columns):
            raise ConfigError(
                f"`label_names` must be the columns of 0 and 1, {', '.join(self.columns)}, in some order; got "
                f"{shorten(list(names))}."
            )

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
