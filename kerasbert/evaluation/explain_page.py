"""The HTML page of an explanation."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from kerasbert.evaluation.attention_figure import attention_figure
from kerasbert.evaluation.pages import html_page

RAISED, LOWERED = (46, 125, 50), (198, 40, 40)
STYLE = """
body { max-width: 62rem; }
.text { font-size: 1.1rem; line-height: 1.9; white-space: pre-wrap; }
.text span { border-radius: .25rem; padding: .1rem .05rem; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; }
.words table, .checks table { width: auto; }
.checks { margin-bottom: .5rem; } ol { padding-left: 1.25rem; }
details { margin-top: 1.25rem; } summary { cursor: pointer; font-weight: 650; margin-bottom: .5rem; }
.attention { overflow-x: auto; } .attention svg { font: 12px/1 ui-monospace, monospace; fill: var(--ink); }
"""
# Characters of a text in the list of all.
SHOWN = 80


def explanation_page(explanations: Sequence[tuple[Mapping[str, Any], np.ndarray, str]]) -> str:
    """Render explanations as HTML: of each `Explanation.to_dict()`, an attention (length, length) and its name."""
    if len(explanations) == 1:
        one, weights, name = explanations[0]
        title = f"Why {one['label']}?"
        header = f'<header><h1>{escape(title)}</h1><p class="lead">{_probabilities(one)}</p></header>'
        return html_page(title, header + _one_text(one, weights, name), style=STYLE)
    title = f"Why these labels? {len(explanations)} texts"
    parts = [
        f'<section id="text-{number}"><h2>{number} &middot; {escape(one["label"])}</h2>'
        f'<p class="note">{_probabilities(one)}</p>{_one_text(one, weights, name)}</section>'
        for number, (one, weights, name) in enumerate(explanations, start=1)
    ]
    overview = _overview([one for one, _, _ in explanations])
    return html_page(title, f"<header><h1>{title}</h1></header>{overview}{''.join(parts)}", style=STYLE)


def _overview(explanations: Sequence[Mapping[str, Any]]) -> str:
    items = []
    for number, one in enumerate(explanations, start=1):
        text = one["text"] if len(one["text"]) <= SHOWN else one["text"][: SHOWN - 1] + "…"
        labels = f"{escape(one['label'])} {one['probability']:.4f}"
        if one["rival"] is not None:
            labels += f"; rival {escape(one['rival'])} {one['rival_probability']:.4f}"
        items.append(f'<li><a href="#text-{number}">{escape(text)}</a> <span class="note">{labels}</span></li>')
    return f"<section><ol>{''.join(items)}</ol></section>"


def _probabilities(one: Mapping[str, Any]) -> str:
    rival = "" if one["rival"] is None else f" Its rival {escape(one['rival'])} has {one['rival_probability']:.4f}."
    return (
        f"Probability {one['probability']:.4f}; {one['baseline']:.4f} without any word. The words' shares add up to the "
        f"difference but for {one['error']:.1e}.{rival}"
    )


def _one_text(one: Mapping[str, Any], weights: np.ndarray, attention_name: str) -> str:
    """Render the highlighted text, the table of words, whether they matter, and the attention."""
    sides = [("attribution", one["label"])] + ([("rival", one["rival"])] if one["rival"] is not None else [])
    panels = "".join(
        f'<div class="card"><h3>{escape(label)}</h3><p class="text">{_highlighted(one["text"], one["words"], key)}</p></div>'
        for key, label in sides
    )
    note = '<p class="note">Green words raised the probability of the label above them, red ones lowered it.</p>'
    return (
        f'<section>{note}<div class="sides">{panels}</div></section>{_checks(one["faithfulness"])}'
        f"<details open><summary>Shares of the words</summary>{_words(one, sides)}</details>"
        f"{_attention(weights, one['tokens'], attention_name)}"
    )


def _words(one: Mapping[str, Any], sides: Sequence[tuple[str, str]]) -> str:
    has_pooling = any("pooling" in word for word in one["words"])
    heads = ["word", *[f"share of {label}" for _, label in sides], *(["attention pooling"] if has_pooling else [])]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    ranked = sorted(one["words"], key=lambda word: -abs(word["attribution"]))
    rows = "".join(_row(word, [key for key, _ in sides], has_pooling) for word in ranked)
    return f'<div class="scroll words"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _checks(faithfulness: Mapping[str, Any] | None) -> str:
    """Compare the strongest words with random ones."""
    if faithfulness is None:
        return ""
    names = {"comprehensiveness": "without them", "sufficiency": "with them alone"}
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td>{faithfulness[key]:+.4f}</td><td>{faithfulness[f"random_{key}"]:+.4f}</td></tr>'
        for key, name in names.items()
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("the probability falls", "strongest words", "random words")
    )
    note = (
        f"Means over the strongest 1, 5, 10, 20 and 50 % of the words, at least one, and over {faithfulness['draws']} random "
        "orders. Where the words matter, it falls further without them than without random words (comprehensiveness), and less "
        "with them alone (sufficiency)."
    )
    return (
        f'<section><h3>Do these words matter?</h3><div class="scroll checks"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="note">{note}</p></section>'
    )


def _highlighted(text: str, words: Sequence[Mapping[str, Any]], key: str) -> str:
    """Highlight each word, the more the larger its attribution, which stands under `key`."""
    largest = max((abs(word[key]) for word in words), default=0) or 1.0
    parts, place = [], 0
    for word in words:
        red, green, blue = RAISED if word[key] > 0 else LOWERED
        strength = 0.75 * abs(word[key]) / largest
        style = f"background: rgba({red}, {green}, {blue}, {strength:.2f})"
        between, shown = escape(text[place : word["start"]]), escape(word["word"])
        parts.append(f'{between}<span style="{style}" title="{word[key]:+.4f}">{shown}</span>')
        place = word["end"]
    return "".join([*parts, escape(text[place:])])


def _attention(weights: np.ndarray, tokens: Sequence[str], name: str) -> str:
    if not weights.size:
        return ""
    caption = (
        f"Attention of {name}, from each token (rows) to each token (columns); the darkest is {weights.max():.2f}. It shows "
        "where the encoder looked, not why the label was chosen."
    )
    return f"<details open><summary>Attention</summary>{attention_figure(weights, tokens, caption)}</details>"


def _row(word: Mapping[str, Any], keys: Sequence[str], has_pooling: bool) -> str:
    shares = "".join(f"<td>{word[key]:+.4f}</td>" for key in keys)
    pooling = f"<td>{word.get('pooling', 0):.3f}</td>" if has_pooling else ""
    return f'<tr><th scope="row">{escape(word["word"])}</th>{shares}{pooling}</tr>'
