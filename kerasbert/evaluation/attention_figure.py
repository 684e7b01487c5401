"""Draw attention weights, as inline SVG without a library or to a file by matplotlib."""

import base64
import html
import os
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from kerasbert._core.pictures import save_figure

CELL, LETTER = 16, 7.5
DARKEST = (21, 67, 130)


def attention_figure(weights: np.ndarray, tokens: Sequence[str], caption: str) -> str:
    """Render attentions, (length, length), from tokens (rows) to tokens (columns) as a `<figure>` with inline SVG.

    Darker is more, white is none. Empty without tokens.
    """
    if not len(tokens):
        return ""
    margin = round(LETTER * max(map(len, tokens))) + 10
    side = CELL * len(tokens)
    names = "".join(_token_names(place, token, margin) for place, token in enumerate(tokens))
    picture = base64.b64encode(_png(_shades(weights))).decode("ascii")
    # An SVG inside HTML needs no namespace, and so no address.
    return (
        f'<figure class="attention"><svg width="{margin + side}" height="{margin + side}" role="img" '
        f'aria-label="{html.escape(caption)}"><image x="{margin}" y="{margin}" width="{side}" height="{side}" '
        f'preserveAspectRatio="none" style="image-rendering: pixelated" href="data:image/png;base64,{picture}"/>'
        f"{names}</svg><figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def draw_attentions(weights: np.ndarray, tokens: Sequence[str], title: str, file: str | os.PathLike[str]) -> None:
    """Draw attentions, (length, length), from tokens (rows) to tokens (columns), to a `.png`, `.svg` or `.pdf`."""
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


def _token_names(place: int, token: str, margin: int) -> str:
    """Name a token beside its row and above its column."""
    middle, name = margin + CELL * (place + 0.5), html.escape(token)
    return (
        f'<text x="{margin - 5}" y="{middle + 4:g}" text-anchor="end">{name}</text>'
        f'<text transform="translate({middle + 4:g},{margin - 5}) rotate(-90)">{name}</text>'
    )


def _shades(weights: np.ndarray) -> np.ndarray:
    """Colour weights from white to the darkest at the largest one, uint8 (length, length, 3)."""
    share = np.asarray(weights, "float64") / max(float(np.max(weights)), 1e-12)
    return np.asarray(np.round(255 + share[..., None] * (np.array(DARKEST) - 255)), "uint8")


def _png(pixels: np.ndarray) -> bytes:
    """Encode pixels, uint8 (height, width, 3), as PNG."""
    height, width, _ = pixels.shape
    # Every line begins with the number of its filter, 0 for none.
    lines = np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0))).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
