"""The figures of a report: learning curves, panels of them, matrix, precision-recall curves, reliability diagram, risk by coverage."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert.evaluation.ranking import Curve
from kerasbert.evaluation.report.drawing import FONT_SIZE, INK, MUTED, RULE, SERIES, new_figure, plain

# Inches; at 100 pixels each they fit a telephone.
WIDTH, HEIGHT = 3.8, 2.9
# Of the grid of many learning curves, in inches.
PANEL_COLUMNS, PANEL_WIDTH, PANEL_HEIGHT = 3, 1.9, 1.25
MAX_CELL_TEXTS = 30
MAX_TICK_LABELS = 100
# Areas in square points; bins of fewer predictions are hollow.
LARGEST_POINT, SMALLEST_POINT, FEW = 90.0, 6.0, 10
MATRIX_COLOUR = (0.0, 0x72 / 255, 0xB2 / 255)


def draw_history(history: Mapping[str, Sequence[float]], names: Sequence[str]) -> Any:
    """Draw quantities of the training history by epoch, on training and on validation data (`val_...`)."""
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_subplot()
    for colour, name in zip(SERIES * len(names), names, strict=False):
        title = name.replace("_", " ")
        for key, label, style in ((name, f"{title}, training", "--"), (f"val_{name}", f"{title}, validation", "-")):
            values = history.get(key)
            if values is not None:
                epochs = np.arange(1, len(values) + 1)
                axes.plot(epochs, values, style, color=colour, marker="o", markersize=3.5, label=plain(label, 40))
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    _legend(figure, columns=1 if len(names) > 1 else 2)
    return figure


def draw_panels(histories: Mapping[str, Mapping[str, Sequence[float] | None]]) -> Any:
    """Draw a quantity of many heads or layers by epoch: a panel for each, the others behind it in grey.

    Args:
        histories: name of a head -> `"training"` and `"validation"` -> a number for each epoch, or None.
    """
    rows = -(-len(histories) // PANEL_COLUMNS)
    figure = new_figure(PANEL_COLUMNS * PANEL_WIDTH, rows * PANEL_HEIGHT + 0.3)
    grid = figure.subplots(rows, PANEL_COLUMNS, sharex=True, sharey=True, squeeze=False).reshape(-1)
    for axes, (name, own) in zip(grid, histories.items(), strict=False):
        for other in histories.values():
            _plot_epochs(
                axes, other.get("validation") or other["training"], "-", color=MUTED, linewidth=0.8, alpha=0.35
            )
        if own.get("validation"):
            _plot_epochs(axes, own["training"], "--", color=SERIES[0], linewidth=1.0)
        last = _plot_epochs(axes, own.get("validation") or own["training"], "-", color=SERIES[0])
        axes.set_title(f"{plain(name, 22)}  {last:.3f}", loc="left", color=INK)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in grid[len(histories) :]:
        axes.set_visible(False)
    figure.supxlabel("epoch", fontsize=FONT_SIZE, color=MUTED)
    return figure


def _plot_epochs(axes: Any, values: Sequence[float] | None, style: str, **options: Any) -> float:
    if not values:
        return float("nan")
    axes.plot(np.arange(1, len(values) + 1), values, style, **options)
    return float(values[-1])


def draw_matrix(
    names: Sequence[str],
    counts: np.ndarray,
    support: np.ndarray,
    *,
    predicted: str = "predicted",
    links: Mapping[tuple[int, int], str] | None = None,
) -> Any:
    """Draw a matrix, (C, C), of true against predicted labels, with counts in the cells up to 30 labels.

    Colours are shares of a row's texts, which `support`, (C,), counts. `links` are the addresses of cells, by row and column,
    in an SVG.
    """
    from matplotlib.patches import Rectangle

    size = len(names)
    share = counts / np.maximum(support, 1)[:, None]
    cell, letters = (0.36, FONT_SIZE) if size <= MAX_CELL_TEXTS else (0.135, 6.5)
    margin = 0.5 + 0.075 * max(len(plain(name)) for name in names) * letters / FONT_SIZE
    side = max(2.4, min(cell * size, 12.0))
    figure = new_figure(side + margin, side + margin)
    axes = figure.add_subplot()
    image = np.empty((size, size, 4))
    # Gamma below 1, or a single mistake among many texts could not be seen.
    image[..., :3], image[..., 3] = MATRIX_COLOUR, np.clip(share, 0, 1) ** 0.6
    axes.imshow(image, interpolation="none", aspect="equal")
    _name_cells(axes, names, letters)
    axes.set_ylabel("true")
    axes.set_xlabel(predicted)
    if size <= MAX_CELL_TEXTS:
        for i, j in np.argwhere(counts):
            colour = "white" if image[i, j, 3] > 0.55 else INK
            letters = FONT_SIZE if counts[i, j] < 1000 else FONT_SIZE - 2
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color=colour, fontsize=letters)
    for (i, j), address in (links or {}).items():
        # Nearly transparent: what is not painted at all cannot be clicked.
        style: dict[str, Any] = {"facecolor": (1, 1, 1, 0.004), "edgecolor": "none", "zorder": 4}
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, url=address, **style))
    return figure


def draw_curves(curves: Sequence[Curve]) -> Any:
    """Draw precision-recall curves with their operating points; grey lines join points of equal F1."""
    figure = new_figure(WIDTH, 3.2 + 0.17 * len(curves))
    axes = figure.add_subplot()
    recall = np.linspace(0.01, 1, 200)
    for f1 in (0.2, 0.4, 0.6, 0.8):
        with_f1 = f1 * recall / np.maximum(2 * recall - f1, 1e-9)
        shown = (2 * recall > f1) & (with_f1 <= 1)
        axes.plot(recall[shown], with_f1[shown], color=RULE, linewidth=0.8)
        axes.text(1.015, f1 / (2 - f1), f"F1 {f1:g}", color=MUTED, fontsize=FONT_SIZE - 2, va="center")
    for colour, curve in zip(SERIES, curves, strict=False):
        label = f"{plain(curve.name)}, {curve.average_precision:.3f}"
        axes.step(curve.recall, curve.precision, where="post", color=colour, label=label)
        if curve.operating_point is not None:
            axes.plot(*curve.operating_point, "o", color=colour, markersize=7, markeredgecolor="white", zorder=3)
    axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="recall", ylabel="precision")
    axes.grid(visible=False)
    _legend(figure, columns=1)
    return figure


def draw_reliability(calibration: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> Any:
    """Draw a reliability diagram: observed frequency against predicted probability, and the counts of the bins.

    The area of a point grows with its count, a bin of few predictions is hollow; lines are 95 % intervals. Crosses are `before`,
    the probabilities from before a calibration.
    """
    figure = new_figure(WIDTH, 3.5)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    above.plot((0, 1), (0, 1), color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    predicted, observed, count = (np.array(calibration[name]) for name in ("predicted", "observed", "count"))
    above.vlines(predicted, calibration["low"], calibration["high"], color=SERIES[0], linewidth=1, alpha=0.6)
    style = {"edgecolors": SERIES[0], "linewidths": 1, "zorder": 3, "clip_on": False}
    if before is not None:
        above.plot(before["predicted"], before["observed"], "x", color=MUTED, markersize=5, markeredgewidth=1)
    filled = np.where(count >= FEW, SERIES[0], "none").tolist()
    above.scatter(predicted, observed, s=_areas(count), facecolors=filled, **style)
    above.set(xlim=(0, 1), ylim=(0, 1.03), ylabel="observed frequency")
    below.bar(predicted, count, width=0.06, color=SERIES[0])
    for place, number in zip(predicted, count, strict=True):
        below.text(place, number, f"{number:,}", ha="center", va="bottom", fontsize=FONT_SIZE - 3, color=MUTED)
    below.set(xlabel="predicted probability", ylabel="count", ylim=(0, 1.45 * max(count, default=1)))
    below.yaxis.get_major_locator().set_params(nbins=2, integer=True)
    below.grid(visible=False, axis="x")
    return figure


def draw_risk(measured: Mapping[str, Any]) -> Any:
    """Draw the share of errors among the surest predictions against the share that is answered, from `risk_coverage`."""
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_subplot()
    risk = np.array(measured["risk"])
    axes.plot(measured["coverage"], risk, color=SERIES[0])
    axes.axhline(risk[-1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    top = 1.15 * max(float(risk.max()), 0.01)
    axes.set(xlim=(0, 1), ylim=(0, top), xlabel="share answered, the surest first", ylabel="share of errors")
    return figure


def _areas(count: np.ndarray) -> np.ndarray:
    """Areas in proportion to counts, but large enough to be seen."""
    return np.asarray(np.maximum(LARGEST_POINT * count / max(count.max(initial=1), 1), SMALLEST_POINT))


def _name_cells(axes: Any, names: Sequence[str], letters: float) -> None:
    axes.grid(visible=False)
    axes.tick_params(length=0, labelcolor=INK, labelsize=letters)
    for side in ("left", "bottom", "top", "right"):
        axes.spines[side].set_visible(True)
    if len(names) > MAX_TICK_LABELS:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    shown = [plain(name) for name in names]
    steep = 90 if len(names) > 8 else 0 if max(map(len, shown)) <= 4 else 35
    side = {90: "center", 0: "center", 35: "right"}[steep]
    axes.set_xticks(range(len(names)), shown, rotation=steep, ha=side, rotation_mode="anchor" if steep == 35 else None)
    axes.set_yticks(range(len(names)), shown)


def _legend(figure: Any, columns: int) -> None:
    figure.legend(loc="outside lower left", ncols=columns, fontsize=FONT_SIZE, handlelength=1.6, columnspacing=1.2)
