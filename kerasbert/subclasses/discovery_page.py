"""The HTML page of discovered subclasses."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from kerasbert.evaluation.pages import html_page

STYLE = """
figure { margin-bottom: 1rem; } figure img { max-width: 100%; height: auto; background: white; }
.groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
.terms { font-weight: 600; margin: .25rem 0; } ul { padding-left: 1.1rem; } li { font-size: .9rem; }
"""


def discovery_page(
    discovery: Mapping[str, Any], maps: Mapping[str, bytes] | None = None, *, texts_file: str | None = None
) -> str:
    """Render `Discovery.to_dict()` and the maps of classes (PNG) as HTML; every text and name is escaped.

    `texts_file` is the page of all texts, beside this one.
    """
    classes = discovery["classes"]
    parts = "".join(_class_part(found, (maps or {}).get(found["label"])) for found in classes)
    title = "Subclasses of one class" if len(classes) == 1 else f"Subclasses of {len(classes)} classes"
    link = (
        "" if texts_file is None else f'<p class="lead"><a href="{escape(texts_file)}">All texts of each group</a></p>'
    )
    heading = f"<header><h1>{title}</h1>{link}</header>"
    edits = _edits(discovery.get("edits", ()))
    return html_page("Subclasses", f"{heading}{_overview(classes)}{parts}{edits}", style=STYLE)


def _edits(edits: Sequence[Mapping[str, Any]]) -> str:
    """List what people renamed and merged."""
    if not edits:
        return ""
    items = "".join(f"<li>{escape(_edit(one))}</li>" for one in edits)
    return f"<section><h2>Renamed and merged</h2><ul>{items}</ul></section>"


def _edit(edit: Mapping[str, Any]) -> str:
    if "merged" in edit:
        numbers = ", ".join(map(str, edit["merged"]))
        return f"{edit['class']}: groups {numbers} ({', '.join(edit['from'])}) became {edit['to']}"
    return f"{edit['class']}: group {edit['group']}, {edit['from']}, became {edit['to']}"


def _overview(classes: Sequence[Mapping[str, Any]]) -> str:
    scores = ("nmi", "ari") if any(found["agreement"] for found in classes) else ()
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("class", "texts", "subclasses", *[name.upper() for name in scores])
    )
    rows = "".join(_overview_row(found, scores) for found in classes)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<section><div class="scroll">{table}</div></section>'


def _overview_row(found: Mapping[str, Any], scores: Sequence[str]) -> str:
    agreement = found["agreement"] or {}
    cells = [str(found["num_texts"]), str(len(found["subclasses"]))]
    cells += [f"{agreement[name]:.3f}" if name in agreement else "" for name in scores]
    values = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(found["label"])}</th>{values}</tr>'


def _class_part(found: Mapping[str, Any], picture: bytes | None) -> str:
    image = ""
    if picture is not None:
        data = base64.b64encode(picture).decode("ascii")
        image = f'<figure><img alt="Map of the texts" src="data:image/png;base64,{data}"></figure>'
    groups = "".join(_group_part(one) for one in found["subclasses"])
    note = f'<p class="note">{_verdict(found)}</p>'
    return f'<section><h2>{escape(found["label"])}</h2>{note}{image}<div class="groups">{groups}</div></section>'


def _verdict(found: Mapping[str, Any]) -> str:
    test, number = found["unimodality"], len(found["subclasses"])
    compared = (
        f"best silhouette {test['statistic']:.3f}; data with one group {test['reference']:.3f} &plusmn; "
        f"{test['deviation']:.3f}"
    )
    verdict = f"{number} groups"
    if found["unimodal"]:
        verdict = "Looks like one group" + (", divided as asked" if number > 1 else "")
    outliers = f"; {found['num_outliers']} texts in no group were given to the nearest" if found["num_outliers"] else ""
    return f"{found['num_texts']} texts. {verdict} ({compared}){outliers}."


def _group_part(one: Mapping[str, Any]) -> str:
    return (
        f'<div class="card"><h3>{one["number"]} &middot; {escape(one["name"])}</h3><p class="note">{one["size"]} texts</p>'
        f'<p class="terms">{escape(", ".join(one["terms"]))}</p><p class="note">Most central</p>{_texts(one["central"])}'
        f'<p class="note">Most borderline</p>{_texts(one["borderline"])}</div>'
    )


def _texts(texts: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
