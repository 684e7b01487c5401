"""An explanation to look at: a page with highlighted words, and a picture of attentions."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasbert._core.pictures import save_figure
from kerasbert.evaluation.attention_figure import attention_figure

if TYPE_CHECKING:
    from kerasbert.evaluation.explain import Explanation

RAISED, LOWERED = (46, 125, 50), (198, 40, 40)
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
.text {{ font-size: 1.2rem; line-height: 2; white-space: pre-wrap; }}
.text span {{ border-radius: .25rem; padding: .1rem .05rem; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .1rem .8rem; text-align: left; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }} small, figcaption {{ color: #555; }}
.attention {{ margin: 0; overflow-x: auto; }} .attention svg {{ font: 12px/1 ui-monospace, monospace; fill: #222; }}
</style></head><body>
<h1>{title}</h1>
<p>Probability {probability:.4f}; {baseline:.4f} without any word. The words' shares add up to the difference but for
{error:.1e}.</p>
<p class="text">{words}</p>
<p><small>Green words raised the probability of {label}, red ones lowered it.</small></p>
<table><tr><th>word</th><th>share</th>{pooling_head}</tr>{rows}</table>
{attention}
</body></html>
"""


def page(found: "Explanation", weights: np.ndarray, attention: str) -> str:
    """The explanation as a page of HTML that needs nothing else.

    Args:
        found: the explanation.
        weights: attentions to draw, (length, length), of the explanation's tokens.
        attention: what they are.

    Returns:
        The page; everything from the text and the labels is escaped.
    """
    has_pooling = any("pooling" in word for word in found.words)
    ranked = sorted(found.words, key=lambda word: -abs(word["attribution"]))
    label = html.escape(found.label)
    return PAGE.format(
        title=f"Why {label}?",
        label=label,
        probability=found.probability,
        baseline=found.baseline,
        error=found.error,
        words=_highlighted(found),
        pooling_head="<th>attention pooling</th>" if has_pooling else "",
        rows="".join(_row(word, has_pooling) for word in ranked),
        attention=_attention(found, weights, attention),
    )


def draw_attentions(weights: np.ndarray, tokens: Sequence[str], title: str, file: Path) -> None:
    """Draw attentions: from each token (rows) to each token (columns).

    Args:
        weights: (length, length).
        tokens: as many names.
        title: above the picture.
        file: `.png`, `.svg` or `.pdf`.
    """
    from matplotlib.figure import Figure

    size = min(20.0, 2.5 + 0.28 * len(tokens))
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.imshow(weights, cmap="viridis", vmin=0)
    # A dollar sign would start a formula.
    names = [token.replace("$", r"\$") for token in tokens]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlabel="looked at", ylabel="from", title=title)
    figure.colorbar(shown, shrink=0.8)
    save_figure(figure, file, dpi=120)


def _highlighted(found: "Explanation") -> str:
    largest = max((abs(word["attribution"]) for word in found.words), default=0) or 1.0
    parts, place = [], 0
    for word in found.words:
        parts.append(html.escape(found.text[place : word["start"]]))
        red, green, blue = RAISED if word["attribution"] > 0 else LOWERED
        strength = 0.75 * abs(word["attribution"]) / largest
        style = f"background: rgba({red}, {green}, {blue}, {strength:.2f})"
        hint = f"{word['attribution']:+.4f}"
        parts.append(f'<span style="{style}" title="{hint}">{html.escape(word["word"])}</span>')
        place = word["end"]
    return "".join([*parts, html.escape(found.text[place:])])


def _attention(found: "Explanation", weights: np.ndarray, name: str) -> str:
    caption = (
        f"Attention of {name}, from each token (rows) to each token (columns); the darkest is {weights.max():.2f}. It shows "
        "where the encoder looked, not why the label was chosen."
        if weights.size
        else ""
    )
    figure = attention_figure(weights, found.tokens, caption)
    return f"<h2>Attention</h2>\n{figure}" if figure else ""


def _row(word: dict, has_pooling: bool) -> str:
    pooling = f'<td class="number">{word.get("pooling", 0):.3f}</td>' if has_pooling else ""
    return f'<tr><td>{html.escape(word["word"])}</td><td class="number">{word["attribution"]:+.4f}</td>{pooling}</tr>'
