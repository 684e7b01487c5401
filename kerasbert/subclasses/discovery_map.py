"""A map of the texts of a class."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert.subclasses.found import ClassDiscovery

LARGEST_MAP = 1000
# Ten distinct colours, then the same with another mark.
MARKS = "o^sDvPX*"
NUM_COLOURS = 10
MAP_TERMS = 2
# Size of a label as a share of the map.
LABEL_WIDTH, LINE_HEIGHT = 0.13, 0.019
ROUNDS = 200


def draw_map(found: ClassDiscovery, *, seed: int = 0) -> bytes:
    """Draw the texts of a class, coloured by group, with the terms of each, as a PNG: by t-SNE of at most 1000 texts.

    Raises:
        ConfigError: when matplotlib is not installed.

    Reference:
        van der Maaten and Hinton, "Visualizing data using t-SNE", 2008.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("A map needs matplotlib; pip install 'kerasbert[report]'.") from error
    chosen = np.random.default_rng(seed).permutation(len(found.points))[:LARGEST_MAP]
    places, groups = plane_of(found.points[chosen], seed=seed), found.groups[chosen]
    figure = Figure(figsize=(8, 8), layout="constrained")
    axes = figure.add_subplot()
    labels: list[tuple[float, float, str]] = []
    for position, subclass in enumerate(found.subclasses):
        x, y = places[groups == position].T
        mark = MARKS[position // NUM_COLOURS % len(MARKS)]
        name = _plain(f"{subclass.number}  {subclass.name}")
        axes.scatter(x, y, s=24, color=f"C{position % NUM_COLOURS}", marker=mark, linewidths=0, alpha=0.75, label=name)
        if len(x):
            words = "\n".join([str(subclass.number), *subclass.terms[:MAP_TERMS]])
            labels.append((float(np.median(x)), float(np.median(y)), _plain(words)))
    _write_terms(axes, labels)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(_plain(found.label))
    figure.legend(loc="outside lower left", ncols=2, fontsize=10, markerscale=1.5, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _write_terms(axes: Any, labels: Sequence[tuple[float, float, str]]) -> None:
    """Write each group's number and terms at its middle, moved apart where boxes would lie on each other."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    lines = max((text.count("\n") + 1 for *_, text in labels), default=1)
    width, height = (right - left) * LABEL_WIDTH, (high - low) * LINE_HEIGHT * lines
    middles = spread_out(np.array([label[:2] for label in labels]).reshape(-1, 2), width, height)
    box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "0.8", "alpha": 0.85}
    for (x, y, text), (at_x, at_y) in zip(labels, middles, strict=True):
        arrow = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.8} if (x, y) != (at_x, at_y) else None
        axes.annotate(text, (x, y), (at_x, at_y), ha="center", va="center", fontsize=8, bbox=box, arrowprops=arrow)


def spread_out(middles: np.ndarray, width: float, height: float) -> np.ndarray:
    """Move the middles of boxes of one size, (n, 2), until none lies on another, or for 200 rounds."""
    moved = middles.astype(float).copy()
    size = np.array([width, height])
    for _ in range(ROUNDS):
        apart = moved[:, None] - moved[None]  # (n, n, 2)
        overlap = size - np.abs(apart)
        touching = (overlap > 0).all(axis=-1) & ~np.eye(len(moved), dtype=bool)
        if not touching.any():
            break
        # Along the axis on which less is missing, each box by half of it; boxes in one place by their order.
        axis = np.argmin(overlap / size, axis=-1)
        order = np.sign(np.arange(len(moved))[:, None] - np.arange(len(moved))[None])
        for one, other in np.argwhere(touching):
            along = axis[one, other]
            sign = np.sign(apart[one, other, along]) or order[one, other]
            moved[one, along] += sign * overlap[one, other, along] * 0.26
    return moved


def _plain(text: str) -> str:
    # A dollar sign would start a formula.
    return text.replace("$", r"\$")


def plane_of(points: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Lay out points, (n, d), in a plane, (n, 2), that keeps close points close; of fewer than 10, two coordinates."""
    from sklearn.manifold import TSNE

    if len(points) < 10 or not np.ptp(points, axis=0).any():
        return np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1]))))
    perplexity = min(30.0, (len(points) - 1) / 3)
    # PCA of one column has no second component to start from.
    start = "pca" if points.shape[1] > 1 else "random"
    layout = TSNE(perplexity=perplexity, init=start, max_iter=500, random_state=seed)
    return np.asarray(layout.fit_transform(points))
