"""Argument checks. Every message has one form: argument, what is accepted, what was got, the near miss."""

import difflib
import functools
import inspect
import math
import numbers
import re
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeVar

from kerasbert._core.errors import ConfigError

Function = TypeVar("Function", bound=Callable[..., Any])


def shorten(value: object, limit: int = 80) -> str:
    """Return the `repr` of a value, cut to `limit` characters."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        text = f"a {type(value).__name__} that cannot be written out"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def suggestion(value: object, accepted: Iterable[str]) -> str:
    """Return ` Did you mean 'mean'?` if an accepted name is close to `value`, else an empty string."""
    close = difflib.get_close_matches(str(value), [str(item) for item in accepted], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_choice(name: str, value: object, accepted: Iterable[str]) -> str:
    """Return `value` if it is one of the strings in `accepted`, else raise a `ConfigError`."""
    accepted = sorted(accepted)
    if isinstance(value, str) and value in accepted:
        return value
    listed = ", ".join(repr(item) for item in accepted)
    raise ConfigError(f"`{name}` must be one of {listed}; got {shorten(value)}.{suggestion(value, accepted)}")


def check_int(name: str, value: object, minimum: int, maximum: int | None = None, why: str = "") -> int:
    """Return `value` as an int if it is a whole number (no bool, no float) in `minimum..maximum`."""
    accepted = f"an integer >= {minimum}" if maximum is None else f"an integer from {minimum} to {maximum}"
    accepted += f" ({why})" if why else ""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be {accepted}; got {shorten(value)} of type {type(value).__name__}.")
    number = int(value)
    if number < minimum or (maximum is not None and number > maximum):
        raise ConfigError(f"`{name}` must be {accepted}; got {number}.")
    return number


def check_number(
    name: str,
    value: object,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    open_minimum: bool = False,
    open_maximum: bool = False,
) -> float:
    """Return `value` as a float if it is a finite real number in the interval."""
    interval = f"{'(' if open_minimum else '['}{minimum:g}, {maximum:g}{')' if open_maximum else ']'}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"`{name}` must be a number in {interval}; got {shorten(value)} of type {type(value).__name__}."
        )
    number = float(value)
    below = number <= minimum if open_minimum else number < minimum
    above = number >= maximum if open_maximum else number > maximum
    if not math.isfinite(number) or below or above:
        raise ConfigError(f"`{name}` must be a number in {interval}; got {number:g}.")
    return number


def check_bool(name: str, value: object) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"`{name}` must be True or False; got {shorten(value)} of type {type(value).__name__}.")
    return value


def check_name(name: str, value: object) -> str:
    """Return `value` if it is a safe name for a model or a layer, since weights are saved under it."""
    accepted = "a name of letters, digits, '_', '.' and '-'"
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be {accepted}; got {shorten(value)} of type {type(value).__name__}.")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value):
        raise ConfigError(f"`{name}` must be {accepted}; got {shorten(value)}.")
    return value


def check_texts(name: str, value: Any) -> list[str]:
    """Return one column of texts as a list; the entries themselves are not checked.

    Lists, tuples, one-dimensional arrays, generators, and columns of pandas, polars, pyarrow and datasets are accepted. A
    single string would be read by character, and a frame by column name.
    """
    return _as_list(check_text_column(name, value))


def check_text_column(name: str, value: Any) -> Iterable[str]:
    """Return one column of texts without consuming it; see `check_texts`."""
    _check_text_column(name, value)
    column: Iterable[str] = value.to_pylist() if hasattr(value, "to_pylist") else value
    return column


def frame_columns(value: Any) -> list[Any] | None:
    """Return the column names of a frame, table or data set; None for anything else."""
    if getattr(value, "ndim", 2) == 1:
        return None
    # Arrow tables and data sets have `column_names`, pandas and polars frames `columns`.
    for name in ("column_names", "columns"):
        columns = getattr(value, name, None)
        if isinstance(columns, Iterable) and not isinstance(columns, str):
            return list(columns)
    return None


def half_surrogate(text: str) -> int | None:
    r"""Return the position of the first lone surrogate, which UTF-8 cannot encode; None if there is none."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return error.start
    return None


def _check_text_column(name: str, value: Any) -> None:
    got = f"got {shorten(value)} of type {type(value).__name__}"
    if isinstance(value, (str, bytes)):
        raise TypeError(
            f"`{name}` must be a list of texts; got one text {shorten(value)}. Write [text] for a single one."
        )
    columns = frame_columns(value)
    if columns is not None:
        listed = list(map(str, columns))
        column = "text" if "text" in listed or not listed else listed[0]
        raise TypeError(
            f"`{name}` must be one column of texts; got a frame of type {type(value).__name__} with the columns "
            f"{shorten(listed)}. Give one of them, such as df[{column!r}]."
        )
    if getattr(value, "ndim", 1) != 1:
        raise TypeError(
            f"`{name}` must be a list of texts or an array of one dimension; got {type(value).__name__} of shape "
            f"{tuple(value.shape)}. Give one column, such as array[:, 0]."
        )
    if isinstance(value, (Set, Mapping)):
        way_out = "A set has no order" if isinstance(value, Set) else "Give one column of it"
        raise TypeError(f"`{name}` must be a list of texts; {got}. {way_out}: write a list.")
    if not isinstance(value, Iterable):
        raise TypeError(f"`{name}` must be a list of texts; {got}.")


def _as_list(value: Any) -> list[Any]:
    # Iterating Arrow and NumPy columns yields scalars of their own types.
    for name in ("to_pylist", "tolist"):
        if hasattr(value, name):
            return list(getattr(value, name)())
    return list(value)


def suggest_keywords(function: Function) -> Function:
    """Decorate a function so that an unknown keyword raises an error with the closest known one."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        unknown = [name for name in kwargs if name not in signature.parameters]
        if unknown:
            known = ", ".join(f"`{name}`" for name in signature.parameters)
            hint = suggestion(unknown[0], signature.parameters)
            raise TypeError(f"{function.__name__}() has no argument {unknown[0]!r}; it takes {known}.{hint}")
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]
