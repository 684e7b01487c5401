"""The HTML page of a report."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerasbert.evaluation.pages import html_page
from kerasbert.evaluation.paired import format_p_value

HERE = Path(__file__).parent
MAX_TEXT = 320


def render_page(content: Mapping[str, Any], template: Path = HERE / "report.html") -> str:
    """Render a page from what its template names; everything from data is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "number": format_number,
        "signed": lambda value: f"{value:+.3f}".replace("-", "−"),
        "count": lambda value: f"{value:,}",
        "percent": lambda value: f"{100 * min(max(value, 0.0), 1.0):.2f}%",
        "share": lambda value: f"{value:.1%}".replace("%", " %"),
        "points": lambda value: f"{100 * value:+.1f}".replace("-", "−"),
        "whole": lambda value: f"{value:.0%}".replace("%", " %"),
        "clean": clean,
        "lower_first": lambda text: text[:1].lower() + text[1:],
        "p_value": format_p_value,
        "breakable": lambda name: escape(clean(name)).replace("_", Markup("_<wbr>")),
    }
    environment.filters |= filters
    return html_page(content["title"], environment.get_template(template.name).render(**content))


def format_number(value: float | None) -> str:
    """Format a score with three digits, an undefined one as a dash."""
    return "–" if value is None else f"{value:.3f}"


def clean(text: Any) -> str:
    """Replace line breaks and unprintable characters by spaces."""
    return "".join(character if character.isprintable() else " " for character in str(text))


def shorten_text(text: str, limit: int = MAX_TEXT) -> str:
    """Cut a text to `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
