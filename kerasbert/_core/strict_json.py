"""JSON files read strictly: what two readers could understand differently is refused, with the line."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kerasbert._core.errors import ConfigError

MAXIMUM_BYTES = 16 * 1024 * 1024


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        ConfigError: when the file is missing, empty, too large, not UTF-8, has a byte-order mark, is no JSON object, is
            nested too deep, or has a duplicate key, `NaN`, infinity or a number beyond it; the message names file and line.
    """
    if not path.is_file():
        raise ConfigError(f"{str(path)!r} is missing.")
    try:
        return _read(path)
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error.strerror}.") from error


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAXIMUM_BYTES:
        raise ConfigError(f"{str(path)!r} has {path.stat().st_size} bytes; at most {MAXIMUM_BYTES} are read.")
    return parse_json_object(path.read_bytes(), str(path))


def parse_json_object(content: bytes, source: str) -> dict[str, Any]:
    """Parse bytes as one JSON object; see `read_json_object`."""
    if content.startswith(b"\xef\xbb\xbf"):
        raise ConfigError(f"{source!r} line 1 starts with a byte-order mark; save it as UTF-8 without one.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source!r} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    if not text.strip():
        raise ConfigError(f"{source!r} is empty; it must hold one JSON object.")
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{source!r} line {error.lineno}: not valid JSON ({error.msg}).") from error
    except _RefusedError as refused:
        raise ConfigError(f"{source!r} line {_line_of(text, refused.needle, refused.last)}: {refused}") from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source!r} line 1: not readable JSON ({type(error).__name__}).") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{source!r} line 1: must hold one JSON object; got a {type(value).__name__}.")
    return value


def repeated_key(pairs: Iterable[tuple[str, Any]]) -> str | None:
    """The first key of a JSON object that stands in it a second time; None where all differ.

    Example:
        >>> repeated_key([("a", 1), ("b", 2), ("a", 3)]), repeated_key([("a", 1)])
        ('a', None)
    """
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
