"""The labels of a stream: numbered as they appear, named and put in order when all were seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.data.labels import FLAGS, _Index, _is_number, _name, _parts, check_label_names

TASKS = ("binary", "multiclass", "multilabel")


class LabelVocabulary:
    """The labels of one head, collected in one pass.

    Each cell gives the numbers of its labels at once, counted in the order in which labels first appear; `order` tells at
    the end which place each has among the sorted names.

    Args:
        task: `"binary"`, `"multiclass"` or `"multilabel"`.
        columns: column of the labels, or several columns of 0 and 1, which are then the names.
        names: the names, where they are known: others are refused. None collects them.
        delimiter: separator of several names in one text.

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
        if len(self.columns) > 1 and names is None:
            names = self.columns
        self._known = None if names is None else _Index(check_label_names(names))
        if task == "binary" and names is not None and len(names) != 2:
            raise ConfigError(f"A binary label has two names, (negative, positive); got {shorten(tuple(names))}.")
        self._numbers: dict[str, int] = {} if names is None else {name: place for place, name in enumerate(names)}
        self._counts: list[int] = [0] * len(self._numbers)
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
            return [number for number, name in enumerate(self.columns) if self._flag(cells.get(name), name, place)]
        return self._of_cell(cells.get(self.columns[0]), place, source)

    def count(self, numbers: Sequence[int]) -> None:
        """Count the labels of a row that is kept."""
        for number in numbers:
            self._counts[number] += 1

    @property
    def is_open(self) -> bool:
        """Whether names are collected."""
        return self._known is None

    @property
    def names(self) -> tuple[str, ...]:
        """All names: as they were given, or by value if all are numbers, else by alphabet."""
        if self._known is not None:
            return tuple(self._numbers)
        return tuple(sorted(self._numbers, key=float if all(map(_is_number, self._numbers)) else None))

    @property
    def order(self) -> np.ndarray:
        """The place in `names` of each number, int32 (C,)."""
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[name] for name in self._numbers], dtype=np.int32)

    @property
    def counts(self) -> np.ndarray:
        """How many rows have each of `names`, int64 (C,)."""
        counts = np.zeros(len(self._counts), dtype=np.int64)
        counts[self.order] = self._counts
        return counts

    def check(self) -> None:
        """Refuse labels that no classifier can learn, when all rows were seen.

        Raises:
            DataError: when there are too few, or not two for a binary head.
        """
        few = len(self._numbers) < (1 if self.task == "multilabel" else 2)
        if few or (self.task == "binary" and len(self._numbers) > 2):
            wanted = {"binary": "two", "multiclass": "at least two", "multilabel": "at least one"}[self.task]
            raise DataError(
                f"the column {self.columns[0]!r} must hold {wanted} different labels for task {self.task!r}; got "
                f"{shorten(list(self.names))}."
            )
        check_label_names(self.names)

    def _of_cell(self, cell: Any, place: Any, source: str) -> list[int]:
        parts = _parts(cell, self.delimiter, place)
        if self.task != "multilabel" and len(parts) != 1:
            raise DataError(f"{place}: a {self.task} label must be one; got {shorten(cell)}.")
        if self._known is not None:
            return list(dict.fromkeys(self._known.id_of(part, place) for part in parts))
        names = dict.fromkeys(_name(part, place) for part in parts)
        self._check_kind(names, place, source)
        return [self._number(name) for name in names]

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self._numbers))
        if number == len(self._counts):
            self._counts.append(0)
        return number

    def _check_kind(self, names: Mapping[str, Any], place: Any, source: str) -> None:
        """Refuse a file whose first labels are names where those of the others are numbers, or the other way round."""
        if source in self._kinds or not names:
            return
        kind = "numbers" if all(map(_is_number, names)) else "names"
        for other, known in self._kinds.items():
            if known != kind and source:
                raise DataError(
                    f"{place}: labels are {kind} here ({shorten(next(iter(names)))}) and {known} in {other}; write "
                    f"all files in one form, or give the label names."
                )
        self._kinds[source] = kind

    def _flag(self, cell: Any, name: str, place: Any) -> float:
        value = FLAGS.get(str(cell).strip().lower())
        if value is None:
            raise DataError(f"{place}: {name!r} must be 0 or 1; got {shorten(cell)}.")
        return value
