"""Label names: equality, clashes, order, and the id that a cell means.

Whole numbers that are equal are one label, however they are written: 1, 1.0, "1", "1.0" and, in a column of booleans, True.
"007" is no number but a name. Names win over places: a cell is taken for a place among the names only where it is none of
them and no name is a number.
"""

import math
import numbers
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import half_surrogate, shorten, suggestion
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.labels.values import is_blank, looks_of

NUM_LISTED = 8
# Tried for a hint only, never to split.
USUAL_DELIMITERS = (";", "|", ",", "\t", "\n")
MISSING = "the label is missing; fill it or leave the row out"
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.0+)?")
# Beyond these a number is no label: 64 bits hold no more, and of a float the last digits are lost.
_INTEGERS = range(-(2**63), 2**64)
_EXACT = 2**53
# Of a larger number Python refuses to write or to read the digits.
_MOST_BITS = 10_000
_MOST_DIGITS = 4_000
_BOOLEAN_KEYS = {"0", "1"}
_BOOLEAN_WORDS = {"false", "true"}


def check_label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return label names as a tuple if they can be told apart.

    Args:
        names: the names.

    Returns:
        The names, in their order.

    Raises:
        ConfigError: when there is none, one is blank or half a character, two are the same but for case and space or look
            alike, or two are the same number.
        TypeError: when it is no list of texts.

    Example:
        >>> check_label_names(["ham", "spam"])
        ('ham', 'spam')
    """
    if isinstance(names, (str, bytes, Mapping)) or not isinstance(names, Iterable):
        raise TypeError(f"`label_names` must be a list of names; got {shorten(names)} of type {type(names).__name__}.")
    names = tuple(names)
    if not names:
        raise ConfigError("`label_names` must hold at least one name; got none.")
    folded: dict[str, str] = {}
    keys: dict[str, str] = {}
    looks: dict[str, str] = {}
    for name in names:
        _check_label_name(name)
        _check_apart(folded, " ".join(name.casefold().split()), name, "case and space")
        _check_apart(keys, label_key(name), name, "the way a number is written")
        _check_apart(looks, looks_of(name), name, "characters that look alike or cannot be seen", ascii)
    return names


def label_key(name: str) -> str:
    """What two spellings of one label share: the digits of a whole number ("1.0", but not "007"), else the name."""
    if name[:1] in "-0123456789" and _WHOLE.fullmatch(name):
        digits = name.partition(".")[0]
        return "0" if digits == "-0" else digits
    return name


def is_whole_number(name: str) -> bool:
    """Whether a name is a whole number, as `label_key` reads it."""
    return _WHOLE.fullmatch(name) is not None


def is_number(name: str) -> bool:
    """Whether a name reads as a finite number."""
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False


def sort_label_names(names: Iterable[str]) -> list[str]:
    """Sort names by value if all are numbers, else by alphabet."""
    names = list(names)
    return sorted(names, key=lambda name: (float(name), name)) if all(map(is_number, names)) else sorted(names)


def name_of_part(part: Any, place: Any) -> str:
    """The name that one label of a cell, a name, whole number or bool, has where names are collected."""
    if isinstance(part, str):
        return _checked_name(part, place)
    if isinstance(part, (bool, np.bool_)):
        return str(int(part))
    return str(_held_number(whole_number(part, place), place))


def whole_number(cell: Any, place: Any) -> int:
    """The value of a number that is whole; refuse any other."""
    if is_missing(cell):
        raise DataError(f"{place}: {MISSING}.")
    if not isinstance(cell, numbers.Real) or isinstance(cell, np.timedelta64):
        raise DataError(
            f"{place}: the label must be a name or an id; got {shorten(cell)} of type {type(cell).__name__}. Give it as a "
            f"text or a whole number."
        )
    if isinstance(cell, numbers.Integral):
        return int(cell)
    is_finite = isinstance(cell, numbers.Rational) or math.isfinite(cell)
    if not is_finite or cell != math.floor(cell):
        shown = cell if isinstance(cell, (float, np.floating)) else shorten(cell)
        raise DataError(
            f"{place}: the label must be a name or a whole number; got {shown}. Write it as text if it is a name."
        )
    if not isinstance(cell, numbers.Rational) and abs(float(cell)) > _EXACT:
        raise DataError(
            f"{place}: the label must be a name or a whole number; got {cell}, too large a float to be exact. Read the column "
            f"as integers or text."
        )
    return int(math.floor(cell))


def is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN or one of pandas' marks for a missing value."""
    # pandas' own marks by name: importing pandas for them would cost a second.
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, numbers.Real) and bool(cell != cell)


def _held_number(number: int, place: Any) -> int:
    if number not in _INTEGERS:
        raise DataError(
            f"{place}: the label must be a name or a whole number of 64 bits; got one of {number.bit_length()} bits. Write it as "
            f"text if it is a name."
        )
    return number


def _checked_name(name: str, place: Any) -> str:
    if is_blank(name):
        raise DataError(f"{place}: {MISSING}.")
    if half_surrogate(name) is not None:
        raise DataError(f"{place}: the label {ascii(name)} holds half of a surrogate pair; decode the text again.")
    return str.__str__(name)  # of an enumeration of texts the text, not the member's own name


def _check_label_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"`label_names` must be texts; got {shorten(name)} of type {type(name).__name__}.")
    if half_surrogate(name) is not None:
        raise ConfigError(f"`label_names` must be whole characters; got half of a surrogate pair in {ascii(name)}.")
    if is_blank(name):
        raise ConfigError(f"`label_names` must not be blank; got {shorten(name)}.")


def _check_apart(
    seen: dict[str, str], key: str, name: str, difference: str, shown: Callable[[Any], str] = shorten
) -> None:
    if key in seen:
        raise ConfigError(
            f"`label_names` must differ by more than {difference}; got {shown(seen[key])} and {shown(name)}."
        )
    seen[key] = name


class LabelIndex:
    """Which id a label has among the C known names."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._ids = {name: place for place, name in reversed(list(enumerate(self.names)))}
        keys = {label_key(name): place for place, name in reversed(list(enumerate(self.names)))}
        self._by_key = {**keys, **self._ids}
        self._has_numbers = any(map(is_whole_number, self.names))
        self._are_flags = set(map(label_key, self.names)) <= _BOOLEAN_KEYS
        self._by_word = {name.strip().lower(): number for number, name in enumerate(self.names)}
        # Ids of false and true, where these are the names: 0 and 1 mean them, not their places.
        are_words = self._by_word.keys() == _BOOLEAN_WORDS
        self._words = [self._by_word["false"], self._by_word["true"]] if are_words else None

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def id_of(self, part: Any, place: Any) -> int:
        """The id, in [0, C), of a name, number or bool; refuse what is none of the labels."""
        if isinstance(part, str):
            found = self._ids.get(part)
            return self._id_of_name(part, place) if found is None else found
        if isinstance(part, (bool, np.bool_)):
            return self._id_of_bool(bool(part), place)
        if isinstance(part, (float, np.floating)) and not is_missing(part) and str(part) in self._ids:
            return self._ids[str(part)]  # A fraction that is known as a name.
        return self._id_of_number(whole_number(part, place), part, place)

    def _id_of_name(self, name: str, place: Any) -> int:
        name = _checked_name(name, place)
        key = label_key(name)
        if key in self._by_key:
            return self._by_key[key]
        word = name.strip().lower()
        if word in _BOOLEAN_WORDS and self._are_flags:
            return self._id_of_bool(word == "true", place)
        if word in _BOOLEAN_WORDS and self._words:
            return self._words[word == "true"]
        # A CSV file knows no numbers: "3" is the id 3 where no label is a number.
        if is_whole_number(name) and len(name) <= _MOST_DIGITS and not self._has_numbers:
            return self._in_range(int(key), name, place)
        raise DataError(
            f"{place}: the label {shorten(name)} is unknown; the labels are {self._listed()}.{self._hint(name)}"
        )

    def _id_of_number(self, number: int, cell: Any, place: Any) -> int:
        key = str(number) if number.bit_length() <= _MOST_BITS else ""
        if key in self._by_key:
            return self._by_key[key]
        if self._has_numbers:
            raise DataError(f"{place}: the label {shorten(number)} is unknown; the labels are {self._listed()}.")
        return self._in_range(number, cell, place)

    def _id_of_bool(self, value: bool, place: Any) -> int:
        if str(int(value)) in self._by_key and self._are_flags:
            return self._by_key[str(int(value))]
        if self._by_word.keys() >= _BOOLEAN_WORDS:
            return self._by_word[str(value).lower()]
        if len(self.names) == 2:
            return int(value)
        raise DataError(f"{place}: the label must be one of {self._listed()}; got {value}.")

    def _in_range(self, number: int, cell: Any, place: Any) -> int:
        if 0 <= number < len(self.names):
            return self._words[number] if self._words else number
        raise DataError(
            f"{place}: the label must be from 0 to {len(self.names) - 1} or one of {self._listed()}; got {shorten(cell)}."
        )

    def _hint(self, name: str) -> str:
        for delimiter in USUAL_DELIMITERS:
            if delimiter in name and all(part.strip() in self._ids for part in name.split(delimiter)):
                return f" Several in one cell need the delimiter {delimiter!r}."
        return suggestion(name, self._ids)

    def _listed(self) -> str:
        names = [shorten(name, 40) for name in self.names[:NUM_LISTED]]
        more = f" and {len(self.names) - NUM_LISTED} more" if len(self.names) > NUM_LISTED else ""
        return ", ".join(names) + more
