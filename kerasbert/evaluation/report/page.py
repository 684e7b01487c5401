"""The page: one HTML file with its styles and pictures inside, which runs no script and asks no other address."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerasbert.evaluation.paired import format_p_value

HERE = Path(__file__).parent
MAX_TEXT = 320


def render_page(content: Mapping[str, Any]) -> str:
    """The report as HTML; whatever comes from data is escaped.

    Args:
        content: what `report.html` names: `title`, `lead`, `warnings`, `overview`, `levels`, `heads`, `facts` and others.

    Returns:
        The page.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Callable[..., Any]] = {
        "number": format_number,
        "signed": lambda value: f"{value:+.3f}".replace("-", "−"),
        "count": lambda value: f"{value:,}",
        "percent": lambda value: f"{100 * min(max(value, 0.0), 1.0):.2f}%",
        "whole": lambda value: f"{value:.0%}".replace("%", " %"),
        "clean": clean,
        "p_value": format_p_value,
        "breakable": lambda name: escape(clean(name)).replace("_", Markup("_<wbr>")),
    }
    environment.filters |= filters
    css = Markup((HERE / "report.css").read_text(encoding="utf-8"))
    return environment.get_template("report.html").render(**content, css=css)


def format_number(value: float | None) -> str:
    """A score with three digits; a dash where it is not defined.

    Example:
        >>> format_number(0.93), format_number(None)
        ('0.930', '–')
    """
    return "–" if value is None else f"{value:.3f}"


def clean(text: Any) -> str:
    """A text on one line without characters that no one sees.

    Example:
        >>> clean("a\\x1b[1m b")
        'a [1m b'
    """
    return "".join(character if character.isprintable() else " " for character in str(text))


def shorten_text(text: str, limit: int = MAX_TEXT) -> str:
    """The beginning of a text that is longer than `limit` characters.

    Example:
        >>> shorten_text("where is my parcel", 9)
        'where is…'
    """
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
