"""Forms of JSON data (schemas), and the check of data against them.

A form is a type; `None`; a function that tells whether a value is right; a tuple of forms, one of which must fit; a list with
one form, that of every item; a dict of forms by key, in which a key with `?` may be missing and other keys are let through;
or a dict `{...: form}` with the form of every value.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 0 that 8 bytes hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def is_number(value: object) -> bool:
    """Whether a value is a finite number, and no boolean."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**1000 if isinstance(value, int) else math.isfinite(value)


def is_share(value: object) -> bool:
    """Whether a value is a number from 0 to 1."""
    return is_number(value) and 0 <= value <= 1  # type: ignore[operator]


def is_empty(value: object) -> bool:
    """Whether a value is an object without any key."""
    return value == {}


def check_form(value: Any, form: Any, origin: str, place: str = "") -> None:
    """Refuse data of another form.

    Args:
        value: as JSON has it.
        form: see the module.
        origin: where it was read, for messages.
        place: inside of that, such as `heads/topic`.

    Raises:
        ArtifactError: when it differs; the message names the place.
    """
    if isinstance(form, tuple):
        if not any(fits_form(value, one) for one in form):
            _refuse(value, origin, place)
    elif isinstance(form, list):
        if not isinstance(value, list):
            _refuse(value, origin, place)
        for index, one in enumerate(value):
            check_form(one, form[0], origin, _inside(place, index))
    elif isinstance(form, Mapping):
        _check_mapping(value, form, origin, place)
    elif not _is_plain(value, form):
        _refuse(value, origin, place)


def _check_mapping(value: Any, form: Mapping[Any, Any], origin: str, place: str) -> None:
    if not isinstance(value, Mapping):
        _refuse(value, origin, place)
    if ... in form:
        for key, one in value.items():
            check_form(one, form[...], origin, _inside(place, key))
        return
    for key, one in form.items():
        name = key.removesuffix("?")
        if name in value:
            check_form(value[name], one, origin, _inside(place, name))
        elif name == key:
            raise ArtifactError(f"{origin} lacks {shorten(_inside(place, name))}; copy the folder again.")


def _is_plain(value: Any, form: type | Callable[[object], bool] | None) -> bool:
    if form is None:
        return value is None
    if isinstance(form, type):
        return isinstance(value, form) and (form is bool or not isinstance(value, bool))
    return form(value)


def fits_form(value: Any, form: Any) -> bool:
    """Whether data is of a form.

    Args:
        value: as JSON has it.
        form: see the module.

    Example:
        >>> fits_form({"share": 0.5}, {"share": is_share}), fits_form({"share": 2}, {"share": is_share})
        (True, False)
    """
    try:
        check_form(value, form, "it")
    except ArtifactError:
        return False
    return True


def _inside(place: str, key: object) -> str:
    return f"{place}/{key}" if place else str(key)


def _refuse(value: Any, origin: str, place: str) -> None:
    where = f"{shorten(place)} is" if place else "it is"
    raise ArtifactError(f"{origin} cannot be read: {where} malformed, {shorten(value)}; copy the folder again.")
