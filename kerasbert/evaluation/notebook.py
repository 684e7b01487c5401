"""Show a page in a notebook, inside a frame, so that neither's styles reach the other."""

import html

HEIGHT = "32rem"


def framed(page: str, *, height: str = HEIGHT) -> str:
    """An HTML page as a frame for the output cell of a notebook; it runs no script.

    Args:
        page: a whole page.
        height: of the frame, in CSS.

    Returns:
        HTML.

    Example:
        >>> framed("<p>a</p>", height="9rem")
        '<iframe sandbox style="width: 100%; height: 9rem; border: 0" srcdoc="&lt;p&gt;a&lt;/p&gt;"></iframe>'
    """
    style = f"width: 100%; height: {height}; border: 0"
    return f'<iframe sandbox style="{style}" srcdoc="{html.escape(page)}"></iframe>'
