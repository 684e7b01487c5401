"""A map of the texts of a class."""

import io

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert.subclasses.discovery import ClassDiscovery

LARGEST_MAP = 1000
# Ten distinct colours, then the same with another mark.
MARKS = "o^sDvPX*"
NUM_COLOURS = 10


def draw_map(found: ClassDiscovery, *, seed: int = 0) -> bytes:
    """Draw the texts of a class, coloured by group, as a PNG: by t-SNE of at most 1000 texts.

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
    figure = Figure(figsize=(7, 8), layout="constrained")
    axes = figure.add_subplot()
    for number, subclass in enumerate(found.subclasses):
        x, y = places[groups == number].T
        # A dollar sign would start a formula.
        name = f"{number + 1}  {', '.join(subclass.terms[:3])}".replace("$", r"\$")
        mark = MARKS[number // NUM_COLOURS % len(MARKS)]
        axes.scatter(x, y, s=24, color=f"C{number % NUM_COLOURS}", marker=mark, linewidths=0, alpha=0.75, label=name)
        if len(x):
            box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
            axes.text(np.median(x), np.median(y), str(number + 1), ha="center", va="center", weight="bold", bbox=box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(found.label.replace("$", r"\$"))
    figure.legend(loc="outside lower left", ncols=2, fontsize=11, markerscale=1.5, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


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
