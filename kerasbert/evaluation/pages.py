"""The frame of every HTML page: one file without scripts that loads nothing."""

from html import escape
from pathlib import Path

STYLESHEET = Path(__file__).parent / "pages.css"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html_page(title: str, body: str, *, style: str = "") -> str:
    """Wrap an HTML body, with data escaped, in a page with the common style sheet and its own `style`."""
    css = STYLESHEET.read_text(encoding="utf-8") + style
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def notebook_frame(page: str, *, height: str = "32rem") -> str:
    """Show a page in a notebook cell, isolated from the notebook's styles and without scripts."""
    style = f"width: 100%; height: {height}; border: 0"
    return f'<iframe sandbox style="{style}" srcdoc="{escape(page)}"></iframe>'
