"""The HTML page of an explanation."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from kerasbert.evaluation.attention_figure import attention_figure
from kerasbert.evaluation.pages import html_page

RAISED, LOWERED = (46, 125, 50), (198, 40, 40)
STYLE = """
body { max-width: 50rem; }
.text { font-size: 1.2rem; line-height: 2; white-space: pre-wrap; }
.text span { border-radius: .25rem; padding: .1rem .05rem; }
table { width: auto; }
.attention { overflow-x: auto; } .attention svg { font: 12px/1 ui-monospace, monospace; fill: var(--ink); }
"""


def explanation_page(explanation: Mapping[str, Any], weights: np.ndarray, attention_name: str) -> str:
    """Render `Explanation.to_dict()` and one attention, (length, length) over its tokens, as HTML."""
    words, label = explanation["words"], escape(explanation["label"])
    pooling_head = '<th scope="col">attention pooling</th>' if any("pooling" in word for word in words) else ""
    rows = "".join(_row(word, bool(pooling_head)) for word in sorted(words, key=lambda word: -abs(word["attribution"])))
    return html_page(
        f"Why {explanation['label']}?",
        f"<header><h1>Why {label}?</h1>"
        f'<p class="lead">Probability {explanation["probability"]:.4f}; {explanation["baseline"]:.4f} without any word. '
        f"The words' shares add up to the difference but for {explanation['error']:.1e}.</p></header>"
        f'<section><p class="text">{_highlighted(explanation["text"], words)}</p>'
        f'<p class="note">Green words raised the probability of {label}, red ones lowered it.</p></section>'
        f'<section><table><thead><tr><th scope="col">word</th><th scope="col">share</th>{pooling_head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></section>{_attention(weights, explanation['tokens'], attention_name)}",
        style=STYLE,
    )


def _highlighted(text: str, words: Sequence[Mapping[str, Any]]) -> str:
    """Highlight each word, the more the larger its attribution."""
    largest = max((abs(word["attribution"]) for word in words), default=0) or 1.0
    parts, place = [], 0
    for word in words:
        red, green, blue = RAISED if word["attribution"] > 0 else LOWERED
        strength = 0.75 * abs(word["attribution"]) / largest
        style = f"background: rgba({red}, {green}, {blue}, {strength:.2f})"
        between, shown = escape(text[place : word["start"]]), escape(word["word"])
        parts.append(f'{between}<span style="{style}" title="{word["attribution"]:+.4f}">{shown}</span>')
        place = word["end"]
    return "".join([*parts, escape(text[place:])])


def _attention(weights: np.ndarray, tokens: Sequence[str], name: str) -> str:
    if not weights.size:
        return ""
    caption = (
        f"Attention of {name}, from each token (rows) to each token (columns); the darkest is {weights.max():.2f}. It shows "
        "where the encoder looked, not why the label was chosen."
    )
    return f"<section><h2>Attention</h2>{attention_figure(weights, tokens, caption)}</section>"


def _row(word: Mapping[str, Any], has_pooling: bool) -> str:
    pooling = f"<td>{word.get('pooling', 0):.3f}</td>" if has_pooling else ""
    return f'<tr><th scope="row">{escape(word["word"])}</th><td>{word["attribution"]:+.4f}</td>{pooling}</tr>'
