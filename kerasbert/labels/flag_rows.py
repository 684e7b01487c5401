"""Distinguish rows of 0 and 1 from lists of labels; a multi-label column holds one of the two in all rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.labels.cells import flag_value
from kerasbert.labels.names import is_number

FLAGS, NAMES = "rows of 0 and 1", "lists of labels"


class RowForm:
    """The form of the lists in a multi-label column: rows of 0 and 1, or lists of labels.

    The first row that can be read in one way only decides, and all others must follow it. A row of two different flags, such
    as [0, 1], may be either; as the first row it is one of flags.
    """

    def __init__(self, names: Sequence[str] | None) -> None:
        self.names = names or ()
        # Whether numbers written as text are places, because no name is a number.
        self._are_places = bool(self.names) and not any(map(is_number, self.names))
        self.width = None if names is None else len(names)
        self.form: str | None = None
        self.first = ""
        # The first row without labels before any other, and whether all rows were two texts, 0 and 1, so far.
        self.first_empty = ""
        self.only_pairs = True

    @property
    def has_flags(self) -> bool:
        """Whether the rows are rows of 0 and 1."""
        return self.form == FLAGS

    def take_flags(self) -> None:
        """Take all rows as rows of 0 and 1, without having seen one."""
        self.form = FLAGS

    def is_row_of_flags(self, cell: Any, parts: list[Any], place: Any) -> bool:
        """Whether a row of the labels `parts` is one of 0 and 1; refuse one of the other form than the rows before."""
        form = self._form_of(cell, parts)
        if form is None and self.form is None and any(isinstance(part, str) for part in parts):
            raise DataError(
                f"{place}: {shorten(parts)} may be a row of 0 and 1 or a list of label numbers. Write flags as numbers, such as "
                f"[0, 1], and labels as names."
            )
        if form is None:
            form = FLAGS if self.form is None else self.form
        if self.form is None and not parts:
            self.first_empty = self.first_empty or str(place)
        elif self.form is None:
            self._begin(form, parts, place)
        if self.form == FLAGS:
            self._check_flags(cell, parts, place)
        elif form == FLAGS:
            raise DataError(
                f"{place}: the labels are a row of 0 and 1 here, {shorten(parts)}, and lists of labels before ({self.first}); "
                f"write all rows in one form."
            )
        return self.form == FLAGS

    def check(self, names: Sequence[str], where: str) -> None:
        """Refuse what may be flags as well as names: rows that are all of the two texts 0 and 1, or a single 0 or 1."""
        if self.form == NAMES and len(names) == 1 and flag_value(names[0]) is not None:
            raise DataError(
                f"{where} holds the one label {names[0]!r}. Where it is a column of 0 and 1, give the name of its label "
                f"(label_names, --label-names)."
            )
        if self.only_pairs and self.form == NAMES:
            raise DataError(
                f"{where} holds rows such as ['0', '1'], which may be flags or names. Write flags as numbers, [0, 1], or give "
                f"the label names."
            )

    def _begin(self, form: str, parts: list[Any], place: Any) -> None:
        """Take the form of the first row that has one."""
        if form == FLAGS and self.first_empty:
            raise DataError(
                f"{place}: the labels are a row of 0 and 1 here, {shorten(parts)}, and a list of no label before "
                f"({self.first_empty}); write all rows in one form."
            )
        self.form, self.first = form, str(place)
        self.width = self.width or len(parts)

    def _form_of(self, cell: Any, parts: list[Any]) -> str | None:
        """The form of one row; None where it may be either."""
        if not parts:
            return self.form or NAMES
        if len(self.names) == 1 and len(parts) == 1 and self._is_one_flag(cell, parts[0]):
            return FLAGS
        if _is_set(cell) or (isinstance(cell, str) and parts == [cell]):
            self.only_pairs = False
            return NAMES
        values = {flag_value(part) for part in parts}
        if len(parts) < 2 or None in values:
            self.only_pairs = False
            return NAMES
        repeats = len(values) < len(parts)
        if not self._are_places and any(isinstance(part, str) for part in parts):
            return FLAGS if repeats else NAMES
        if self.form is None and self.width is not None and self.width != len(parts) and not repeats:
            return NAMES
        return FLAGS if repeats else None

    def _is_one_flag(self, cell: Any, part: Any) -> bool:
        """Whether a cell is the one flag of a row, as in an array (n, 1); a name wins over it."""
        is_name = isinstance(part, str) and part in self.names
        is_row = self._are_places or isinstance(cell, (list, tuple, np.ndarray))
        return not is_name and is_row and flag_value(part) is not None

    def _check_flags(self, cell: Any, parts: list[Any], place: Any) -> None:
        if len(parts) != self.width or _is_set(cell):
            raise DataError(
                f"{place}: the labels must be a row of {self.width} values, each 0 or 1, as before ({self.first}); got "
                f"{len(parts)}: {shorten(parts)}. Where these are lists of label numbers, write names."
            )
        for part in parts:
            if flag_value(part) is None:
                raise DataError(
                    f"{place}: the labels must be 0 or 1 in every row, as before ({self.first}); got {shorten(part)} in "
                    f"{shorten(parts)}. Where these are lists of label numbers, write names."
                )


def _is_set(cell: Any) -> bool:
    """Whether a cell is a set, or one written as text, which has no order and so no flags."""
    return isinstance(cell, (set, frozenset)) or (isinstance(cell, str) and cell.strip()[:1] == "{")
