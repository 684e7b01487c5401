"""The HTML page of a probe: a table of layers by poolings for each quantity, the higher the stronger its colour."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from kerasbert.evaluation.pages import html_page

STYLE = """
.heat { width: auto; }
.heat td, .heat thead th + th { text-align: center; min-width: 4.5rem; }
.heat .best { font-weight: 700; outline: 2px solid var(--ink); outline-offset: -2px; }
"""
# Blue of the pages; the highest value has this opacity.
COLOUR, STRONGEST = "0, 114, 178", 0.7


class HeatTable(NamedTuple):
    """One quantity of a probe.

    Args:
        title: of the quantity.
        sentence: what it says.
        layers: names of the rows, the lowest layer first.
        poolings: names of the columns.
        values: by row and column; NaN where there is none.
        best: row and column of the best value.
    """

    title: str
    sentence: str
    layers: Sequence[str]
    poolings: Sequence[str]
    values: Sequence[Sequence[float]]
    best: tuple[int, int]


def probe_page(title: str, lead: str, advice: Sequence[str], tables: Sequence[HeatTable]) -> str:
    """Render a probe as HTML.

    Args:
        title: heading of the page.
        lead: what was probed.
        advice: its conclusions, a sentence each.
        tables: one for each quantity.
    """
    lines = "".join(f"<p>{escape(line)}</p>" for line in advice)
    body = (
        f'<header><p class="eyebrow">kerasbert probe</p><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p></header>'
        f'<main><section><h2>In short</h2><div class="card">{lines}</div></section>'
        f"{''.join(map(_table, tables))}</main>"
    )
    return html_page(title, body, style=STYLE)


def _table(table: HeatTable) -> str:
    known = [value for row in table.values for value in row if not math.isnan(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.poolings)
    rows = []
    # The highest layer on top, as the encoder is drawn.
    for place in reversed(range(len(table.layers))):
        cells = "".join(
            _cell(value, (value - low) / ((high - low) or 1), (place, column) == table.best)
            for column, value in enumerate(table.values[place])
        )
        rows.append(f'<tr><th scope="row">{escape(table.layers[place])}</th>{cells}</tr>')
    return (
        f'<section><h2>{escape(table.title)}</h2><p class="finding">{escape(table.sentence)}</p>'
        '<p class="note">Layers upward, poolings to the right; the higher a value, the stronger its colour; the best is framed.</p>'
        f'<div class="scroll"><table class="heat"><thead><tr><th scope="col">layer</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _cell(value: float, share: float, is_best: bool) -> str:
    if math.isnan(value):
        return "<td>–</td>"
    kind = ' class="best"' if is_best else ""
    return f'<td{kind} style="background: rgba({COLOUR}, {STRONGEST * share:.2f})">{value:.3f}</td>'
