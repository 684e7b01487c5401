"""Results that show themselves: a few lines in a terminal, a table in a notebook, a frame of pandas."""

import abc
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from html import escape
from typing import TYPE_CHECKING, Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError

if TYPE_CHECKING:
    import pandas

# Of a representation: lines, and characters in a line.
MAX_LINES, MAX_WIDTH = 3, 160
# Longest value that stands as it is, and most items of a mapping that are named.
MAX_VALUE, MAX_ITEMS = 60, 4
# Rows of a table in a notebook.
MAX_ROWS = 25


class Displayed(abc.ABC):
    """Abstract: a result that shows itself in a terminal, in a notebook and as a frame.

    `repr` has at most three lines, a notebook shows a table, and `to_frame` gives its rows to pandas.
    """

    @abc.abstractmethod
    def _lines(self) -> Sequence[str]:
        """What `repr` says, in at most three lines."""

    @abc.abstractmethod
    def _rows(self) -> Iterable[Mapping[str, Any]]:
        """The rows of the table, each a value by column."""

    def __repr__(self) -> str:
        return "\n".join(_one_line(line) for line in list(self._lines())[:MAX_LINES])

    def _repr_html_(self) -> str:
        return html_table(next(iter(self._lines()), ""), list(self._rows()))

    def to_frame(self) -> "pandas.DataFrame":
        """Return the table as a `pandas.DataFrame`.

        Raises:
            ConfigError: when pandas, the extra `pandas`, is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ConfigError("`to_frame` needs pandas; pip install 'kerasbert[pandas]'.") from error
        return pandas.DataFrame(list(self._rows()))


def brief_repr(instance: Any) -> str:
    """Represent a dataclass or a named tuple in a line: arrays by type and shape, long lists and dicts by their length.

    Example:
        >>> from collections import namedtuple
        >>> Point = namedtuple("Point", ["x", "names"])
        >>> brief_repr(Point(np.zeros((2, 3)), ["a"] * 1000))
        'Point(x=float64 (2, 3), names=list of 1,000)'
    """
    if dataclasses.is_dataclass(instance):
        names: Sequence[str] = [field.name for field in dataclasses.fields(instance) if field.repr]
    else:
        names = getattr(instance, "_fields", ())
    return brief_call(instance, {name: getattr(instance, name) for name in names})


def brief_call(instance: object, values: Mapping[str, Any]) -> str:
    """Represent an instance by its class and some values, in a line."""
    described = ", ".join(f"{name}={brief(value)}" for name, value in values.items())
    return _one_line(f"{type(instance).__name__}({described})", 4 * MAX_WIDTH)


def brief(value: Any) -> str:
    """Describe a value in a few words, see `brief_repr`."""
    if getattr(value, "shape", ()) and hasattr(value, "dtype"):
        return f"{getattr(value.dtype, 'name', value.dtype)} {tuple(value.shape)}"
    if isinstance(value, Mapping) and len(value) <= MAX_ITEMS:
        return "{" + ", ".join(f"{shorten(key, 30)}: {brief(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple, Set, Mapping)) and (len(value) > MAX_VALUE or len(repr(value)) > MAX_VALUE):
        return f"{type(value).__name__} of {len(value):,}"
    return shorten(value, MAX_VALUE)


def html_table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Render rows as a table for a notebook, which gives it its style; everything is escaped."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(str(name))}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(row.get(name)))}</td>" for name in columns) + "</tr>"
        for row in rows[:MAX_ROWS]
    )
    rest = f"<p>{len(rows) - MAX_ROWS:,} more rows: <code>to_frame()</code></p>" if len(rows) > MAX_ROWS else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<p>{escape(title)}</p>{table}{rest}"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}"
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if len(text) <= 4 * MAX_VALUE else text[: 4 * MAX_VALUE - 1] + "…"


def _one_line(text: str, width: int = MAX_WIDTH) -> str:
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= width else line[: width - 1] + "…"
