"""The result of a probe."""

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice
from kerasbert._core.display import Displayed
from kerasbert.classifiers.pooling import POOLINGS
from kerasbert.evaluation.pages import notebook_frame
from kerasbert.evaluation.probe_page import HeatTable, probe_page
from kerasbert.evaluation.probe_picture import HeatMap, save_heat_maps
from kerasbert.tasks.measures import ACCURACY
from kerasbert.tasks.table import TASKS

# Key of a row -> heading.
QUANTITIES = {
    "score": "labels",
    "subclass_score": "subclasses",
    "silhouette": "silhouette",
    "agreement": "clusters = subclasses",
}

# Keys of a row that are no scores.
IDENTITY = ("layer", "pooling", "different_vectors")
# Least number of distinct vectors, as a share of the distinct texts.
LEAST_SHARE = 0.9


def separates_texts(layer: int, pooling: str, different_vectors: int, num_different_texts: int) -> bool:
    """Whether a hidden state has different vectors for different texts; `[CLS]` in the embeddings (layer 0) has not."""
    if layer == 0 and POOLINGS[pooling].reads == "one token":
        return False
    return different_vectors >= LEAST_SHARE * num_different_texts


@dataclasses.dataclass(frozen=True, repr=False)
class ProbeReport(Displayed):
    """Scores of every hidden state and pooling.

    Args:
        rows: a dict for each layer and pooling: `layer`, `pooling`, `score` (cross-validated accuracy, or macro-F1 of
            several labels a text), `deviation` over the folds; with sub-labels `subclass_score` and `agreement`; with
            clusters `silhouette`, NaN where there are none; and `different_vectors`, the number of distinct vectors.
        encoder: name of the encoder.
        task: name of the task of the labels.
        num_labels: labels that were scored.
        num_texts: texts that were read.
        num_hidden_layers: blocks of the encoder.
        folds: of the cross-validation.
        left_out: label -> number of texts, for labels with fewer texts than folds.
        num_different_texts: texts that differ for the encoder; 0 where not counted.
        max_length: longest text that was read, in tokens; None where it is not known.

    Example:
        >>> rows = ({"layer": 1, "pooling": "mean", "score": 0.8, "deviation": 0.01},)
        >>> report = ProbeReport(rows, "bert", Multiclass.name, 3, 90, 2, 3, {})
        >>> report.recommendation
        "kb.build_multiclass(3, encoder='bert', layers=1, pooling='mean')"
    """

    rows: tuple[dict[str, Any], ...]
    encoder: str
    task: str
    num_labels: int
    num_texts: int
    num_hidden_layers: int
    folds: int
    left_out: dict[str, int]
    num_different_texts: int = 0
    max_length: int | None = None

    def _lines(self) -> Sequence[str]:
        title = f"Probe of {self.encoder!r} with {self.num_texts} texts, {len(self.rows)} hidden states."
        return [title, *self.summary().split("\n")]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        return self.rows

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that were measured, `score` first."""
        return tuple(name for name in QUANTITIES if any(name in row for row in self.rows))

    @property
    def same_vectors(self) -> tuple[dict[str, Any], ...]:
        """Rows whose vectors hardly differ, which are never recommended; see `separates_texts`."""
        return tuple(row for row in self.rows if row not in self._candidates)

    @property
    def _candidates(self) -> list[dict[str, Any]]:
        return [
            row
            for row in self.rows
            if "different_vectors" not in row
            or separates_texts(row["layer"], row["pooling"], row["different_vectors"], self.num_different_texts)
        ]

    def best(self, quantity: str = "score") -> dict[str, Any]:
        """Return the row with the highest value, except `same_vectors`; of equal rows the lowest layer.

        Raises:
            ConfigError: when it was not measured.
        """
        check_choice("quantity", quantity, self.quantities)
        return max(self._candidates, key=lambda row: _or_lowest(row.get(quantity)))

    @property
    def economical(self) -> dict[str, Any]:
        """The lowest layer within one standard error of the best score: fewer blocks for nearly the same."""
        best = self.best()
        floor = best["score"] - best["deviation"] / math.sqrt(self.folds)
        enough = [row for row in self._candidates if row["score"] >= floor]
        return min(enough, key=lambda row: (row["layer"], -row["score"]))

    @property
    def recommendation(self) -> str:
        """The builder call that reads the best layer and pooling; without labels the call that extracts them."""
        return self._builder_call(self.best()) if "score" in self.quantities else self.subclass_recommendation

    @property
    def subclass_recommendation(self) -> str:
        """The call that extracts the features whose subclasses, or clusters, are clearest."""
        quantity = "subclass_score" if "subclass_score" in self.quantities else "silhouette"
        row = self.best(quantity)
        return f"kb.extract_features({self.encoder!r}, texts, layers={row['layer']}, poolings={row['pooling']!r})"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, NaN as None."""
        found = dataclasses.asdict(self)
        found["rows"] = [{key: _or_none(value) for key, value in row.items()} for row in self.rows]
        found["recommendation"] = self.recommendation
        if len(self.quantities) > 1:
            found["subclass_recommendation"] = self.subclass_recommendation
        found["same_vectors"] = [{name: row[name] for name in IDENTITY} for row in self.same_vectors]
        return found

    def summary(self) -> str:
        """Summarize the conclusions in a few lines."""
        lines = []
        if "score" in self.quantities:
            best, cheap = self.best(), self.economical
            lines.append(
                f"Labels are read best from layer {best['layer']}, {best['pooling']}: {best['score']:.4f}. "
                f"{self._builder_call(best)}"
            )
            if cheap["layer"] < best["layer"]:
                lines.append(
                    f"Within one standard error of it, and cheaper: layer {cheap['layer']}, {cheap['pooling']}: "
                    f"{cheap['score']:.4f}. {self._builder_call(cheap)}"
                )
        for quantity, what in (("subclass_score", "Subclasses are separated"), ("silhouette", "Clusters are clearest")):
            if quantity in self.quantities and math.isnan(self.best(quantity)[quantity]):
                lines.append("Clusters cannot be scored: inside no label are there three different texts.")
            elif quantity in self.quantities:
                best = self.best(quantity)
                lines.append(
                    f"{what} {'best ' if quantity == 'subclass_score' else ''}at layer {best['layer']}, "
                    f"{best['pooling']}: {best[quantity]:.4f}."
                )
        if self.left_out:
            lines.append(f"Left out, with fewer than {self.folds} texts in the sample: {', '.join(self.left_out)}.")
        if self.same_vectors:
            listed = [
                f"layer {row['layer']}, {row['pooling']} ({row['different_vectors']})" for row in self.same_vectors
            ]
            lines.append(
                f"Not recommended, since their vectors hardly differ from text to text (different vectors of "
                f"{self.num_different_texts} different texts): {', '.join(listed)}."
            )
        return "\n".join(lines)

    def to_html(self) -> str:
        """Render the probe as a page: its conclusions, and a table of layers by poolings for each quantity."""
        lead = (
            f"{self.num_texts:,} texts, {self.num_labels} labels, {len(self.rows)} hidden states, {self.folds} folds."
        )
        tables = [self._heat_table(quantity) for quantity in self.quantities]
        return probe_page(f"What {self.encoder} knows, layer by layer", lead, self.summary().split("\n"), tables)

    def _repr_html_(self) -> str:
        return notebook_frame(self.to_html())

    def _heat_table(self, quantity: str) -> HeatTable:
        layers, poolings, values = self.grid(quantity)
        drawn, best = self._heat_map(quantity), self.best(quantity)
        found = best[quantity]
        sentence = f"Highest at layer {best['layer']}, {best['pooling']}: {found:.4f}."
        if math.isnan(found):
            sentence = "There are no clusters to score."
        names = [_layer_name(layer, self.num_hidden_layers) for layer in layers]
        return HeatTable(drawn.title[0].upper() + drawn.title[1:], sentence, names, poolings, values, drawn.best)

    def save_picture(self, file: str | os.PathLike[str]) -> None:
        """Draw a heat map of layers by poolings, one for each quantity.

        Args:
            file: `.png`, `.svg` or `.pdf`; needs matplotlib (the extra `report`).
        """
        layers, poolings, _ = self.grid(self.quantities[0])
        maps = [self._heat_map(quantity) for quantity in self.quantities]
        names = [_layer_name(layer, self.num_hidden_layers) for layer in layers]
        title = f"What a linear classifier reads from\n{self.encoder} ({self.num_texts} texts)"
        if self.same_vectors and "silhouette" in self.quantities:
            title += "\n–: vectors that hardly differ have no clusters"
        save_heat_maps(maps, names, poolings, title, file)

    def _heat_map(self, quantity: str) -> HeatMap:
        layers, poolings, values = self.grid(quantity)
        best = self.best(quantity)
        measures = {"score": TASKS[self.task].measure.title, "subclass_score": ACCURACY.title}
        title = QUANTITIES[quantity] + (f": {measures[quantity]}" if quantity in measures else "")
        place = (layers.index(best["layer"]), poolings.index(best["pooling"]))
        return HeatMap(title, np.array(values, dtype=float), place)

    def grid(self, quantity: str) -> tuple[list[int], list[str], list[list[float]]]:
        """Return layers, poolings, and the values by layer and pooling."""
        layers = list(dict.fromkeys(row["layer"] for row in self.rows))
        poolings = list(dict.fromkeys(row["pooling"] for row in self.rows))
        values = {(row["layer"], row["pooling"]): row.get(quantity, math.nan) for row in self.rows}
        return layers, poolings, [[values[layer, pooling] for pooling in poolings] for layer in layers]

    def _builder_call(self, row: dict[str, Any]) -> str:
        layer, pooling = row["layer"], row["pooling"]
        return f"kb.build_{self.task}({self.num_labels}, encoder={self.encoder!r}, layers={layer}, pooling={pooling!r})"


def _layer_name(layer: int, last: int) -> str:
    return "0 (embeddings)" if layer == 0 else f"{layer} (last)" if layer == last else str(layer)


def _or_lowest(value: Any) -> float:
    return -math.inf if value is None or math.isnan(value) else float(value)


def table_rows(rows: Sequence[dict[str, Any]], quantities: Sequence[str]) -> list[list[Any]]:
    """Return the cells of a table: layer, pooling and the quantities, None where there is none."""
    return [[row["layer"], row["pooling"], *[_or_none(row.get(name)) for name in quantities]] for row in rows]


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
