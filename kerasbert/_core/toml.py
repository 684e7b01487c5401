"""Plain data as TOML, which Python reads but does not write."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any


def to_toml(value: Any) -> str:
    """A value as it stands behind `=` in a TOML file, on one line; a dict becomes an inline table.

    Example:
        >>> print(to_toml({"layers": [-2, -1], "a b": "say \\"hi\\""}))
        {layers = [-2, -1], "a b" = "say \\"hi\\""}
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    if isinstance(value, str):
        # JSON escapes what TOML asks for, but for one control character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_toml, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{to_key(key)} = {to_toml(one)}" for key, one in value.items()) + "}"
    raise TypeError(f"TOML has no value for {value!r} of type {type(value).__name__}.")


def to_key(key: str) -> str:
    """A key, in quotes where it must have some."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else to_toml(key)
