"""One HTML page that shows what was found; it holds its pictures and loads nothing."""

import base64
from collections.abc import Mapping
from html import escape

from kerasbert.subclasses.discovery import ClassDiscovery, Discovery, Subclass

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-top: 1px solid #8886; padding-top: 1rem; }
h3 { margin: 0; font-size: 1.05rem; } img { max-width: 100%; height: auto; background: white; }
.groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
.group { border: 1px solid #8886; border-radius: .5rem; padding: .75rem; }
.terms { font-weight: 600; margin: .25rem 0; } .note { color: #777; font-size: .875rem; margin: .25rem 0; }
ul { margin: .1rem 0 .5rem; padding-left: 1.1rem; } li { font-size: .9rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .6rem; text-align: right; } td:first-child, th:first-child { text-align: left; }
.wide { overflow-x: auto; }
"""


def discovery_page(discovery: Discovery, maps: Mapping[str, bytes]) -> str:
    """The page as text; every text and name in it is escaped.

    Args:
        discovery: from `discover_subclasses`.
        maps: class -> PNG; classes without one have no picture.

    Returns:
        HTML.

    Example:
        >>> "<script" in discovery_page(Discovery([], {}), {})
        False
    """
    classes = "".join(_class_part(found, maps.get(label)) for label, found in discovery.classes.items())
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Subclasses</title><style>{STYLE}</style></head><body>"
        f"<h1>Subclasses of {len(discovery.classes)} classes</h1>{_overview(discovery)}{classes}</body></html>\n"
    )


def _overview(discovery: Discovery) -> str:
    with_scores = any(found.agreement for found in discovery.classes.values())
    head = "<th>class</th><th>texts</th><th>subclasses</th>" + ("<th>NMI</th><th>ARI</th>" if with_scores else "")
    rows = "".join(_overview_row(found, with_scores) for found in discovery.classes.values())
    return f"<div class='wide'><table><tr>{head}</tr>{rows}</table></div>"


def _overview_row(found: ClassDiscovery, with_scores: bool) -> str:
    cells = [escape(found.label), str(len(found.rows)), str(len(found.subclasses))]
    if with_scores:
        agreement = found.agreement or {}
        cells += [f"{agreement[name]:.3f}" if name in agreement else "" for name in ("nmi", "ari")]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _class_part(found: ClassDiscovery, picture: bytes | None) -> str:
    image = ""
    if picture is not None:
        data = base64.b64encode(picture).decode("ascii")
        image = f"<img alt='Map of the texts' src='data:image/png;base64,{data}'>"
    groups = "".join(_group_part(one) for one in found.subclasses)
    return (
        f"<h2>{escape(found.label)}</h2><p class='note'>{_verdict(found)}</p>{image}<div class='groups'>{groups}</div>"
    )


def _verdict(found: ClassDiscovery) -> str:
    test = found.unimodality
    compared = (
        f"best silhouette {test.statistic:.3f}; data with one group {test.reference:.3f} &plusmn; {test.deviation:.3f}"
    )
    verdict = f"{len(found.subclasses)} groups"
    if found.unimodal:
        verdict = "Looks like one group" + (", divided as asked" if len(found.subclasses) > 1 else "")
    outliers = f"; {found.num_outliers} texts in no group were given to the nearest" if found.num_outliers else ""
    return f"{len(found.rows)} texts. {verdict} ({compared}){outliers}."


def _group_part(one: Subclass) -> str:
    return (
        f"<div class='group'><h3>{escape(one.name)}</h3><p class='note'>{one.size} texts</p>"
        f"<p class='terms'>{escape(', '.join(one.terms))}</p><p class='note'>Most central</p>{_texts(one.central)}"
        f"<p class='note'>Most borderline</p>{_texts(one.borderline)}</div>"
    )


def _texts(texts: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
