"""The HTML page with the texts of every discovered group."""

from collections.abc import Sequence
from html import escape

import numpy as np

from kerasbert.evaluation.pages import html_page
from kerasbert.subclasses.found import ClassDiscovery, Discovery
from kerasbert.subclasses.groups import Closeness

# Texts of a group that a page lists, the nearest to the centre.
LARGEST_GROUP = 1000
# From this share of the way to another centre on, a text is marked.
NEAR_BORDER = 0.9
STYLE = """
details { border-bottom: 1px solid var(--rule); padding: .5rem 0; } summary { cursor: pointer; }
summary b { font-weight: 650; } summary .note { display: inline; margin-left: .5rem; }
.texts { list-style: none; padding: 0; margin: .5rem 0 1rem; }
.texts li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem 1.5rem; padding: .4rem .5rem; }
.texts li + li { border-top: 1px solid var(--rule); } .texts .near { background: var(--alert); }
.texts small { color: var(--muted); font-size: .8125rem; font-variant-numeric: tabular-nums; align-self: center; }
@media (max-width: 40rem) { .texts li { grid-template-columns: minmax(0, 1fr); } }
"""


def texts_page(discovery: Discovery, overview_file: str | None = None) -> str:
    """Render the texts of every group, from its centre to its border, as HTML; every text and name is escaped."""
    link = "" if overview_file is None else f' <a href="{escape(overview_file)}">Overview of the groups</a>'
    lead = (
        "From the centre of each group to its border. Marked texts lie nearly half way to another group, or nearer to it: "
        "read these first."
    )
    parts = "".join(_class_part(found) for found in discovery.classes.values())
    heading = f'<header><h1>Texts of each group</h1><p class="lead">{lead}{link}</p></header>'
    return html_page("Texts of each group", heading + parts, style=STYLE)


def _class_part(found: ClassDiscovery) -> str:
    places = found.closeness
    parts = []
    for group in range(len(found.subclasses)):
        members = np.flatnonzero(found.groups == group)
        members = members[np.argsort(places.distance[members], kind="stable")]
        parts.append(_group_part(found, group, members.tolist(), places))
    return f"<section><h2>{escape(found.label)}</h2>{''.join(parts)}</section>"


def _group_part(found: ClassDiscovery, group: int, members: Sequence[int], places: Closeness) -> str:
    one, several = found.subclasses[group], len(found.subclasses) > 1
    items = []
    for row in members[:LARGEST_GROUP]:
        share, where = places.borderline[row], f"distance {places.distance[row]:.3f}"
        if several:
            where += f" &middot; {share:.2f} of that to {escape(found.subclasses[places.other[row]].name)}"
        mark = ' class="near"' if several and share >= NEAR_BORDER else ""
        items.append(f"<li{mark}>{escape(found.texts[row])}<small>{where}</small></li>")
    rest = len(members) - LARGEST_GROUP
    more = f'<p class="note">{rest} more are in the data.</p>' if rest > 0 else ""
    return (
        f"<details><summary><b>{one.number} &middot; {escape(one.name)}</b>"
        f'<span class="note">{one.size} texts; {escape(", ".join(one.terms))}</span></summary>'
        f'<ol class="texts">{"".join(items)}</ol>{more}</details>'
    )
