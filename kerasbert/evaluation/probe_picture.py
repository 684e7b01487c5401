"""The heat map of a probe: layers upward, poolings to the right."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasbert._core.pictures import save_figure
from kerasbert.evaluation.probe_report import QUANTITIES

if TYPE_CHECKING:
    from kerasbert.evaluation.probe_report import ProbeReport


def draw(report: "ProbeReport", file: Path) -> None:
    """Draw one heat map for each quantity that was measured.

    Args:
        report: what a probe found.
        file: `.png`, `.svg` or `.pdf`.
    """
    from matplotlib.figure import Figure

    layers, poolings, _ = report.grid(report.quantities[0])
    number = len(report.quantities)
    width = number * (1.6 + 0.75 * len(poolings))
    figure = Figure(figsize=(width, 1.6 + 0.42 * len(layers)), layout="constrained")
    for place, quantity in enumerate(report.quantities):
        axes = figure.add_subplot(1, number, place + 1)
        best = report.best(quantity)
        chosen = (layers.index(best["layer"]), poolings.index(best["pooling"]))
        _panel(axes, np.array(report.grid(quantity)[2], dtype=float), chosen)
        axes.set_title(_title(report, quantity), fontsize=10)
        axes.set_xticks(range(len(poolings)), poolings)
        axes.set_yticks(range(len(layers)), [_layer_name(layer, report.num_hidden_layers) for layer in layers])
    same = (
        "\n–: vectors that hardly differ have no clusters"
        if report.same_vectors and "silhouette" in report.quantities
        else ""
    )
    figure.suptitle(
        f"What a linear classifier reads from\n{report.encoder} ({report.num_texts} texts){same}", fontsize=11
    )
    save_figure(figure, file)


def _panel(axes: Any, values: np.ndarray, best: tuple[int, int]) -> None:
    """One heat map; the best of those that may be recommended in bold."""
    axes.imshow(values, origin="lower", aspect="auto", cmap="viridis")
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    middle = (finite.min() + finite.max()) / 2
    for row, column in np.ndindex(*values.shape):
        value = values[row, column]
        if not np.isfinite(value):
            axes.text(column, row, "–", ha="center", va="center", fontsize=8, color="grey")
        else:
            axes.text(
                column,
                row,
                f"{value:.3f}",
                ha="center",
                va="center",
                fontsize=8,
                color="black" if value > middle else "white",
                fontweight="bold" if (row, column) == best else "normal",
            )


def _title(report: "ProbeReport", quantity: str) -> str:
    measure = {"score": "macro-F1" if report.task == "multilabel" else "accuracy", "subclass_score": "accuracy"}
    return f"{QUANTITIES[quantity]}{': ' + measure[quantity] if quantity in measure else ''}"


def _layer_name(layer: int, last: int) -> str:
    return "0 (embeddings)" if layer == 0 else f"{layer} (last)" if layer == last else str(layer)
