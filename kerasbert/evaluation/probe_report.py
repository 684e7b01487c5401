"""What a probe found, as rows, a table, a picture and a recommendation."""

import dataclasses
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import check_choice

# Shown quantities: column -> heading.
QUANTITIES = {
    "score": "labels",
    "subclass_score": "subclasses",
    "silhouette": "silhouette",
    "agreement": "clusters = subclasses",
}


@dataclasses.dataclass(frozen=True)
class ProbeReport:
    """The scores of every hidden state and pooling.

    Args:
        rows: a dict for each layer and pooling: `layer`, `pooling`, `score` (cross-validated accuracy, or macro-F1 of
            several labels a text), `deviation` over the folds; with sub-labels `subclass_score` and `agreement`; where
            clusters were judged `silhouette`.
        encoder: what was probed.
        task: `"multiclass"` or `"multilabel"`.
        num_labels: labels that were scored.
        num_texts: texts that were read.
        num_hidden_layers: blocks of the encoder.
        folds: of the cross-validation.
        left_out: label -> number of texts, for labels with fewer texts than folds.

    Example:
        >>> rows = ({"layer": 1, "pooling": "mean", "score": 0.8, "deviation": 0.01},)
        >>> report = ProbeReport(rows, "bert", "multiclass", 3, 90, 2, 3, {})
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

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that were measured, `score` first."""
        return tuple(name for name in QUANTITIES if any(name in row for row in self.rows))

    def best(self, quantity: str = "score") -> dict[str, Any]:
        """The row with the highest value, of equal ones the lowest layer.

        Raises:
            ConfigError: when it was not measured.
        """
        check_choice("quantity", quantity, self.quantities)
        return max(self.rows, key=lambda row: _or_lowest(row.get(quantity)))

    @property
    def economical(self) -> dict[str, Any]:
        """The lowest layer within one standard error of the best score: fewer blocks for nearly the same."""
        best = self.best()
        floor = best["score"] - best["deviation"] / math.sqrt(self.folds)
        enough = [row for row in self.rows if row["score"] >= floor]
        return min(enough, key=lambda row: (row["layer"], -row["score"]))

    @property
    def recommendation(self) -> str:
        """The builder call that reads the best layer and pooling; without labels the call that extracts them."""
        if "score" not in self.quantities:
            return self.subclass_recommendation
        return self._builder_call(self.best())

    @property
    def subclass_recommendation(self) -> str:
        """The call that extracts the features whose subclasses, or clusters, are clearest."""
        quantity = "subclass_score" if "subclass_score" in self.quantities else "silhouette"
        row = self.best(quantity)
        return (
            f"kb.extract_features({self.encoder!r}, texts, layers={row['layer']}, poolings={_quoted(row['pooling'])})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, NaN as None."""
        found = dataclasses.asdict(self)
        found["rows"] = [
            {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
            for row in self.rows
        ]
        found["recommendation"] = self.recommendation
        if len(self.quantities) > 1:
            found["subclass_recommendation"] = self.subclass_recommendation
        return found

    def summary(self) -> str:
        """What to take from it, in a few lines."""
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
            if quantity in self.quantities:
                best = self.best(quantity)
                lines.append(
                    f"{what} {'best ' if quantity == 'subclass_score' else ''}at layer {best['layer']}, "
                    f"{best['pooling']}: {best[quantity]:.4f}."
                )
        if self.left_out:
            lines.append(f"Left out, with fewer than {self.folds} texts in the sample: {', '.join(self.left_out)}.")
        return "\n".join(lines)

    def save_picture(self, file: str | os.PathLike[str]) -> None:
        """Draw a heat map of layers by poolings, one for each quantity.

        Args:
            file: `.png`, `.svg` or `.pdf`; needs matplotlib (the extra `report`).
        """
        from kerasbert.evaluation.probe_picture import draw

        draw(self, Path(file))

    def grid(self, quantity: str) -> tuple[list[int], list[str], list[list[float]]]:
        """Layers, poolings, and the values by layer and pooling."""
        layers = list(dict.fromkeys(row["layer"] for row in self.rows))
        poolings = list(dict.fromkeys(row["pooling"] for row in self.rows))
        values = {(row["layer"], row["pooling"]): row.get(quantity, math.nan) for row in self.rows}
        return layers, poolings, [[values[layer, pooling] for pooling in poolings] for layer in layers]

    def _builder_call(self, row: dict[str, Any]) -> str:
        builder = f"kb.build_{self.task}"
        return f"{builder}({self.num_labels}, encoder={self.encoder!r}, layers={row['layer']}, pooling={_quoted(row['pooling'])})"


def _quoted(name: str) -> str:
    return repr(name)


def _or_lowest(value: Any) -> float:
    return -math.inf if value is None or math.isnan(value) else float(value)


def format_rows(rows: Sequence[dict[str, Any]], quantities: Sequence[str]) -> list[list[str]]:
    """Rows as cells of text: layer, pooling, and the quantities with four digits."""
    return [
        [str(row["layer"]), row["pooling"], *[f"{row[name]:.4f}" if name in row else "" for name in quantities]]
        for row in rows
    ]
