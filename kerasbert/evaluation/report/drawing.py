"""Figures in one style, as PNG and as SVG that takes its colours and letters from the page around it."""

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasbert._core.errors import ConfigError

# Okabe and Ito's colours, told apart by people who see red and green alike; each stands for a variable of the page.
INK, MUTED, RULE = "#1c2126", "#5c6670", "#d8dde2"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#a1488f", "#b8860b", "#333c44")
VARIABLES = {INK: "--ink", MUTED: "--muted", RULE: "--rule"} | {
    colour: f"--series-{place}" for place, colour in enumerate(SERIES, 1)
}
FONT_SIZE = 9.0
PNG_DPI = 200
# An inch of a figure on the page, at its largest.
CSS_PIXELS = 108
STYLE = {
    "font.size": FONT_SIZE,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": FONT_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    # Letters stay letters: the page draws them in its own font, so that every script that it knows is readable.
    "svg.fonttype": "none",
    "svg.hashsalt": "kerasbert",
}


def check_installed() -> None:
    """Refuse, before any work is done, what could not be drawn or written.

    Raises:
        ConfigError: when a package of the extra `report` is missing.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"A report needs {error.name}; pip install 'kerasbert[report]'.") from error


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Draw in the report's style, whatever style the caller's own pictures have."""
    import matplotlib.style

    with warnings.catch_warnings(), matplotlib.style.context(["default", STYLE]):  # type: ignore[list-item]
        # The picture as PNG shows a box for a letter that its font lacks; the page shows the letter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(width: float, height: float) -> Any:
    """An empty figure of a size in inches, which no window and no global state knows of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(text: str, limit: int = 28) -> str:
    """A label for a picture: shortened, on one line, and no formula."""
    text = "".join(character if character.isprintable() else " " for character in text)
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return text.replace("$", r"\$")


def save_png(figure: Any, path: Path) -> None:
    """Write a figure as PNG, on white.

    Args:
        figure: from `new_figure`.
        path: the file.
    """
    figure.savefig(path, format="png", dpi=PNG_DPI, facecolor="white", metadata={"Software": None})


def svg_of(figure: Any, alt: str) -> str:
    """A figure as an SVG element for an HTML page.

    Args:
        figure: from `new_figure`.
        alt: what it shows, for those who cannot see it.

    Returns:
        The element; its colours are the page's variables, such as `var(--ink)`, and nothing in it refers elsewhere.
    """
    from markupsafe import escape

    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r" xmlns(:xlink)?=\"[^\"]*\"", "", text)
    width = figure.get_figwidth() * CSS_PIXELS
    text = re.sub(
        r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>",
        lambda match: f'<svg {match[1]} role="img" aria-label="{escape(alt)}" style="--width: {width:.0f}px">',
        text,
        count=1,
    )
    # Only in style attributes; a label that reads like a colour stays what it is.
    return re.sub(r'style="[^"]*"', lambda match: _with_variables(match[0]), text)


def _with_variables(style: str) -> str:
    for colour, variable in VARIABLES.items():
        style = style.replace(colour, f"var({variable})")
    return re.sub(r"font(-family)?: [^;\"]*sans-serif;?", _keep_size, style)


def _keep_size(match: re.Match) -> str:
    size = re.search(r"[\d.]+px", match[0])
    return f"font-size: {size[0]};" if size else ""
