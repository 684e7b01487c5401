"""Figures in one style, as PNG and as SVG with the colours and font of the page."""

import contextlib
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert.evaluation.report.page import clean, shorten_text

# Okabe and Ito's palette for colour-blind readers; each colour stands for a CSS variable of the page.
INK, MUTED, RULE = "#1c2126", "#5c6670", "#d8dde2"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#a1488f", "#b8860b", "#333c44")
VARIABLES = {INK: "--ink", MUTED: "--muted", RULE: "--rule"} | {
    colour: f"--series-{place}" for place, colour in enumerate(SERIES, 1)
}
FONT_SIZE = 9.0
PNG_DPI = 200
# Largest width of an inch of a figure on the page.
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
    # Text stays text, drawn in the page's font, which has every script that the reader's system has.
    "svg.fonttype": "none",
    "svg.hashsalt": "kerasbert",
}


def check_installed() -> None:
    """Check that matplotlib and Jinja2 are installed.

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
    """Draw in the report's style, whatever the caller's own is."""
    import matplotlib.style

    with warnings.catch_warnings(), matplotlib.style.context(["default", STYLE]):
        # A PNG has a box for a letter that its font lacks; the page has the letter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(width: float, height: float) -> Any:
    """Create an empty figure, in inches, outside of pyplot's state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def plain(text: str, limit: int = 28) -> str:
    """Make a label for a figure: shortened, on one line, no formula."""
    return shorten_text(clean(text), limit).replace("$", r"\$")


def save_png(figure: Any, path: Path) -> None:
    """Write a figure as PNG, on white."""
    figure.savefig(path, format="png", dpi=PNG_DPI, facecolor="white", metadata={"Software": None})


def svg_of(figure: Any, alt: str, link_titles: Mapping[str, str] | None = None) -> str:
    """Render a figure as an SVG element that loads nothing, with CSS variables such as `var(--ink)` as colours.

    Args:
        figure: of matplotlib.
        alt: what it shows, for those who cannot see it.
        link_titles: address of a link in the figure -> what it leads to.
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
    # Figures on one page would have groups of the same names.
    text = re.sub(r'<(g|image) id="[^"]*"', r"<\1", text)
    # Links lead to other places of the page, not to a new one.
    text = text.replace(' target="_blank"', "")
    for address, title in (link_titles or {}).items():
        # Keyboards reach the same texts by the table of confusions, without a stop at every cell.
        link = f'<a xlink:href="{address}">'
        text = text.replace(link, f'<a xlink:href="{address}" tabindex="-1"><title>{escape(clean(title))}</title>')
    # Only in style attributes: a label may read like a colour.
    return re.sub(r'style="[^"]*"', lambda match: _with_variables(match[0]), text)


def _with_variables(style: str) -> str:
    for colour, variable in VARIABLES.items():
        style = style.replace(colour, f"var({variable})")
    return re.sub(r"font(-family)?: [^;\"]*sans-serif;?", _keep_size, style)


def _keep_size(match: re.Match[str]) -> str:
    size = re.search(r"[\d.]+px", match[0])
    return f"font-size: {size[0]};" if size else ""
