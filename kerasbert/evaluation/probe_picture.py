"""Heat maps of a probe: layers upward, poolings to the right."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.pictures import save_figure


class HeatMap(NamedTuple):
    """Values, (layers, poolings) with NaN where there is none, and the row and column of the best, shown in bold."""

    title: str
    values: np.ndarray
    best: tuple[int, int]


def save_heat_maps(
    maps: Sequence[HeatMap], layers: Sequence[str], poolings: Sequence[str], title: str, file: str | os.PathLike[str]
) -> None:
    """Draw heat maps side by side, with layers as rows and poolings as columns."""
    from matplotlib.figure import Figure

    width = len(maps) * (1.6 + 0.75 * len(poolings))
    figure = Figure(figsize=(width, 1.6 + 0.42 * len(layers)), layout="constrained")
    for axes, heat_map in zip(figure.subplots(1, len(maps), squeeze=False)[0], maps, strict=True):
        axes.imshow(heat_map.values, origin="lower", aspect="auto", cmap="viridis")
        _write_values(axes, heat_map)
        axes.set_title(heat_map.title, fontsize=10)
        axes.set_xticks(range(len(poolings)), poolings)
        axes.set_yticks(range(len(layers)), layers)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, file)


def _write_values(axes: Any, heat_map: HeatMap) -> None:
    finite = heat_map.values[np.isfinite(heat_map.values)]
    if not finite.size:
        return
    middle = (finite.min() + finite.max()) / 2
    for (row, column), value in np.ndenumerate(heat_map.values):
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
        if not np.isfinite(value):
            axes.text(column, row, "–", color="grey", **style)
            continue
        weight = "bold" if (row, column) == heat_map.best else "normal"
        colour = "black" if value > middle else "white"
        axes.text(column, row, f"{value:.3f}", color=colour, fontweight=weight, **style)
