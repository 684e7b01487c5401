"""How collected labels were written, and names that are likely none: several in one cell, missing values, measurements."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError, KerasbertWarning
from kerasbert.labels.names import USUAL_DELIMITERS, is_number, is_whole_number, label_key
from kerasbert.labels.rules import ANY, ONE, LabelRules

# What a missing value is called where it was written as text.
NAMES_OF_NOTHING = {"#n/a", "<na>", "n/a", "na", "nan", "nat", "null"}
# Python's own word, beside "none", which is a common label.
WORD_OF_NOTHING = "None"
# From so many fractions on, a column is one of measurements and not of labels.
MANY_FRACTIONS = 20
NEARLY_ALL = 0.9


class Spellings:
    """How each label was written: the shortest spelling names it."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._others: dict[str, str] = {}
        self._has_bools = False

    def name(self, key: str) -> str:
        """The shortest spelling of a key, see `label_key`."""
        return self._names.get(key, key)

    def add(self, name: str, part: Any) -> None:
        """Note how the label of a name was written in a cell."""
        if isinstance(part, (bool, np.bool_)):
            self._has_bools = True
        key = label_key(name)
        known = self._names.setdefault(key, name)
        if known != name:
            self._names[key], self._others[key] = sorted((known, name), key=lambda text: (len(text), text))

    def check(self, names: Sequence[str], where: str) -> None:
        """Warn of labels written in two ways or like missing values; refuse booleans beside other labels."""
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
        nothing = [name for name in names if name.strip().lower() in NAMES_OF_NOTHING or name == WORD_OF_NOTHING]
        if nothing:
            warnings.warn(
                f"{where}: {', '.join(map(repr, nothing))} is read as the name of a label. If it stands for a missing "
                f"label, leave these rows out.",
                KerasbertWarning,
                stacklevel=2,
            )


def check_delimiters(counts: Mapping[str, int], rules: LabelRules, where: str) -> None:
    """Refuse names that hold several labels of a multi-label task; warn of those of a multi-class task.

    They do where their parts are labels of their own or recur, or where nearly all cells hold a delimiter. `counts` are the
    rows that have each name.
    """
    for delimiter in USUAL_DELIMITERS:
        joined = [name for name in counts if len(_split(name, delimiter)) > 1]
        if not joined:
            continue
        parts = [part for name in joined for part in _split(name, delimiter)]
        recur = len(set(parts)) < len(parts) or any(part in counts for part in parts)
        share = sum(counts[name] for name in joined) / max(sum(counts.values()), 1)
        if rules.several and (recur or (share >= NEARLY_ALL and len(joined) > 1)):
            raise DataError(
                f"{where} holds several names in one cell, such as {shorten(joined[0])}. Split them with "
                f"label_delimiter={delimiter!r} (--label-delimiter {delimiter!r}); where it is one name, give all names with "
                f"label_names (--label-names)."
            )
        if rules == ONE and all(part in counts for part in parts):
            warnings.warn(
                f"{where}: {shorten(joined[0])} is read as one label, beside the labels that it consists of. Where a text has "
                f"several labels, train with task {ANY.task!r} and label_delimiter={delimiter!r}.",
                KerasbertWarning,
                stacklevel=3,
            )


def _split(name: str, delimiter: str) -> list[str]:
    return [part.strip() for part in name.split(delimiter) if part.strip()]


def check_fractions(names: Sequence[str], where: str) -> None:
    """Refuse a column of measurements: most of many names are fractions."""
    if len(names) < MANY_FRACTIONS or not all(map(is_number, names)):
        return
    fractions = [name for name in names if not is_whole_number(name)]
    if 2 * len(fractions) > len(names):
        raise DataError(
            f"{where} holds {len(names)} different numbers such as {', '.join(fractions[:3])}, which look like measurements, "
            f"not labels. Put them into classes first; where they are names, give label_names."
        )
