"""`Picture`: a figure of a report with its words."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Picture(NamedTuple):
    """A figure of a report with its words.

    Args:
        name: of its file, without suffix.
        figure: of matplotlib.
        title: a heading.
        sentence: what it says here.
        caption: how to read it.
        alt: its content, for those who cannot see it.
        links: address of a link in it -> what it leads to.
    """

    name: str
    figure: Any
    title: str
    sentence: str
    caption: str
    alt: str
    links: Mapping[str, str] = {}
