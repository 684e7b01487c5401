"""Strict reading of JSON files, and checks of JSON data against forms (schemas).

Refused with the line: whatever two readers could understand differently, such as duplicate keys and NaN.

A form is a type; `None`; a predicate; a tuple of alternative forms; a list with the form of every item; a dict of forms by
key, in which a key with `?` is optional and unknown keys are allowed; or `{...: form}` with the form of every value.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError

MAXIMUM_BYTES = 16 * 1024 * 1024


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a file that contains one JSON object.

    Raises:
        ConfigError: when the file is missing, empty, too large, not UTF-8, has a byte-order mark, is not a JSON object, is
            nested too deeply, or has a duplicate key, NaN or infinity; the message names file and line.
    """
    if not path.is_file():
        raise ConfigError(f"{str(path)!r} is missing.")
    try:
        return _read(path)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error.strerror}.") from error


def read_json_array(path: Path) -> list[Any]:
    """Read a file that contains one JSON array, as strictly as `read_json_object`."""
    if not path.is_file():
        raise ConfigError(f"{str(path)!r} is missing.")
    try:
        value = _parse(_content(path), str(path), "array")
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    if not isinstance(value, list):
        raise ConfigError(f"{str(path)!r} line 1: must hold one JSON array; got a {type(value).__name__}.")
    return value


def _read(path: Path) -> dict[str, Any]:
    return parse_json_object(_content(path), str(path))


def _content(path: Path) -> bytes:
    if path.stat().st_size > MAXIMUM_BYTES:
        raise ConfigError(f"{str(path)!r} has {path.stat().st_size} bytes; at most {MAXIMUM_BYTES} are read.")
    return path.read_bytes()


def parse_json_object(content: bytes, source: str) -> dict[str, Any]:
    """Parse bytes as one JSON object; see `read_json_object`."""
    value = _parse(content, source, "object")
    if not isinstance(value, dict):
        raise ConfigError(f"{source!r} line 1: must hold one JSON object; got a {type(value).__name__}.")
    return value


def _parse(content: bytes, source: str, wanted: str) -> Any:
    if content.startswith(b"\xef\xbb\xbf"):
        raise ConfigError(f"{source!r} line 1 starts with a byte-order mark; save it as UTF-8 without one.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source!r} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    if not text.strip():
        raise ConfigError(f"{source!r} is empty; it must hold one JSON {wanted}.")
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{source!r} line {error.lineno}: not valid JSON ({error.msg}).") from error
    except _RefusedError as refused:
        raise ConfigError(f"{source!r} line {_line_of(text, refused.needle, refused.last)}: {refused}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source!r} line 1: not readable JSON ({type(error).__name__}).") from error


def repeated_key(pairs: Iterable[tuple[str, Any]]) -> str | None:
    """Return the first duplicate key of a JSON object, or None."""
    seen = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    return None


class _RefusedError(Exception):
    def __init__(self, message: str, needle: str, last: bool) -> None:
        super().__init__(message)
        self.needle = needle
        self.last = last


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = repeated_key(pairs)
    if twice is not None:
        raise _RefusedError(f"the key {twice!r} appears twice.", json.dumps(twice), last=True)
    return dict(pairs)


def _refuse_constant(constant: str) -> None:
    raise _RefusedError(f"{constant} is not a JSON number.", constant, last=False)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _RefusedError(f"{text[:20]} is out of the range of numbers.", text, last=False)
    return number


def _line_of(text: str, needle: str, last: bool) -> int:
    position = text.rfind(needle) if last else text.find(needle)
    return text.count("\n", 0, max(position, 0)) + 1


def is_count(value: object) -> bool:
    """Whether a value is an integer from 0 to 2**63 - 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def is_number(value: object) -> bool:
    """Whether a value is a finite number, not a boolean."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**1000 if isinstance(value, int) else math.isfinite(value)


def is_share(value: object) -> bool:
    """Whether a value is a number from 0 to 1."""
    return is_number(value) and 0 <= value <= 1  # type: ignore[operator]


def is_empty(value: object) -> bool:
    """Whether a value is an empty object."""
    return value == {}


def check_form(value: Any, form: Any, origin: str, place: str = "") -> None:
    """Check JSON data against a form, see the module; an `ArtifactError` names the place, such as `heads/topic`."""
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
    """Whether JSON data fits a form."""
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
