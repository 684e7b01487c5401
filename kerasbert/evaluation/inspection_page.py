"""The HTML page of a data file that was inspected."""

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from kerasbert.evaluation.pages import html_page
from kerasbert.reading.inspection import DataInspection

MOST_LABELS = 200
STYLE = """
.bars { display: flex; align-items: flex-end; gap: 2px; height: 10rem; border-bottom: 1px solid var(--rule); }
.bars i { flex: 1; min-height: 1px; background: var(--series-1); } .bars i.cut { background: var(--series-2); }
.ends { display: flex; justify-content: space-between; color: var(--muted); font-size: .8125rem; margin-top: .25rem; }
td.share { min-width: 8rem; } td.share i { display: block; height: .7rem; background: var(--series-1); border-radius: 2px; }
pre { white-space: pre-wrap; background: var(--chip); border-radius: .5rem; padding: .75rem; font-size: .875rem; margin: 0; }
.wide th, .wide td { white-space: normal; text-align: left; }
.narrow { width: auto; } figure { margin-bottom: 1rem; }
ul.notes { padding-left: 1.1rem; } ul.notes li { margin-bottom: .5rem; }
"""


def inspection_page(inspection: DataInspection) -> str:
    """Render what a data file holds as one HTML page, without scripts, that loads nothing.

    Args:
        inspection: from `inspect_data`.

    Returns:
        The page; every text and name in it is escaped.

    Example:
        >>> page = inspection_page(inspect_data("data.csv"))  # doctest: +SKIP
        >>> Path("data.html").write_text(page, encoding="utf-8")  # doctest: +SKIP
    """
    found = inspection.to_dict()
    parts = [
        _heading(found, inspection.sentences()[0]),
        _section("What is odd", _notes(found["notes"])),
        _section("Training", _training(found["command"], inspection.training())),
        _section("Labels", _labels(found)),
        _section("Lengths in tokens", _lengths(found["lengths"])),
        _section("Equal texts with unequal labels", _equal(found, "unequal", "num_unequal")),
        _section("Repeated texts", _equal(found, "repeated", "num_repeated")),
        _section("Texts of another file", _overlap(found)),
        _section("Columns", _columns(found)),
    ]
    return html_page(f"{Path(inspection.source).name}: the data", "".join(parts), style=STYLE)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _heading(found: Mapping[str, Any], sentence: str) -> str:
    labels = f", {len(found['labels'])} labels" if found["labels"] else ""
    return (
        f"<header><h1>{found['num_texts']:,} texts{labels}</h1>"
        f'<p class="lead">{escape(sentence)}; {found["num_empty"]:,} texts are empty, {found["num_repeated"]:,} repeat an '
        f"earlier one.</p></header>"
    )


def _notes(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="notes">{items}</ul>' if items else ""


def _training(command: Sequence[str], training: str) -> str:
    words = f"<pre>{escape(shlex.join(command))}</pre>" if command else ""
    return f'<p class="note">{escape(training)}</p>{words}'


def _labels(found: Mapping[str, Any]) -> str:
    most = max(found["labels"].values(), default=0) or 1
    total = max(found["num_texts"], 1)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{count:,}</td><td>{count / total:.1%}</td>'
        f'<td class="share"><i style="width: {100 * count / most:.1f}%"></i></td></tr>'
        for name, count in list(found["labels"].items())[:MOST_LABELS]
    )
    if not rows:
        return ""
    more = len(found["labels"]) - MOST_LABELS
    note = f'<p class="note">And {more:,} rarer labels.</p>' if more > 0 else ""
    return _table(("label", "texts", "share", ""), rows) + note


def _lengths(lengths: Mapping[str, Any] | None) -> str:
    if lengths is None:
        return ""
    most = max(count for _, count in lengths["bins"]) or 1
    bars = "".join(
        f'<i class="{"cut" if end > lengths["max_length"] else ""}" style="height: {100 * count / most:.1f}%" '
        f'title="up to {end} tokens: {count:,} texts"></i>'
        for end, count in lengths["bins"]
    )
    second = "; texts of the bars in the second colour are longer" if lengths["num_cut"] else ""
    cuts = sorted({**lengths["cut_at"], lengths["max_length"]: lengths["num_cut"]}.items())
    rows = "".join(f'<tr><th scope="row">{length}</th><td>{count:,}</td></tr>' for length, count in cuts)
    return (
        f'<p class="note">Half of the texts have at most {lengths["median"]} tokens, 95 % at most {lengths["most"]}, the '
        f"longest {lengths['longest']}, counted by {escape(str(lengths['encoder']))}. Training cuts at "
        f"{lengths['max_length']}{second}.</p>"
        f'<figure><div class="bars" role="img" aria-label="Texts by their number of tokens">{bars}</div>'
        f'<div class="ends"><span>0</span><span>{lengths["bins"][-1][0]} tokens</span></div></figure>'
        f"{_table(('maximum length', 'texts that it cuts'), rows, kind='narrow')}"
    )


def _equal(found: Mapping[str, Any], groups: str, number: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(one["text"])}</th><td>{", ".join(map(str, one["rows"]))}</td>'
        f"<td>{escape(', '.join('+'.join(names) or 'none' for names in one['labels']))}</td></tr>"
        for one in found[groups]
    )
    if not rows:
        return ""
    note = f'<p class="note">{found[number]:,} in all, of which the most frequent are shown.</p>'
    return note + _table(("text", "lines or rows", "labels"), rows, kind="wide")


def _overlap(found: Mapping[str, Any]) -> str:
    overlap = found["overlap"]
    if overlap is None:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in overlap["texts"])
    share = 100 * overlap["num_texts"] / max(found["num_texts"], 1)
    note = f"{overlap['num_texts']:,} of the texts ({share:.0f} %) are in {escape(overlap['source'])} too."
    return f'<p class="note">{note}</p>' + (f'<ul class="notes">{items}</ul>' if items else "")


def _columns(found: Mapping[str, Any]) -> str:
    roles = {found["text_pair_column"]: "second texts", **dict.fromkeys(found["label_columns"], "labels")}
    roles[found["text_column"]] = "texts"
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{roles.get(name, "")}</td></tr>' for name in found["columns"]
    )
    return _table(("column", "read as"), rows, kind="narrow")


def _table(columns: Sequence[str], rows: str, *, kind: str = "") -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in columns)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
