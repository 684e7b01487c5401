"""`Calibration`: how the logits of a classifier are scaled so that its probabilities can be believed, and what that gains."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from kerasbert._core.display import Displayed
from kerasbert._core.errors import DataError
from kerasbert._core.json_files import check_form, is_number
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.uncertainty.fitted import FittedPart, of_head
from kerasbert.uncertainty.logits import LogitLayer, logit_layers, probabilities_of
from kerasbert.uncertainty.reliability import ends, errors_of, resamples, with_intervals
from kerasbert.uncertainty.scaling import LEAST_SCALE, Scaling, fit_scaling

# Fewer texts than this say too little of probabilities.
LEAST_TEXTS = 50
FOLDS = 5
MEASURES = ("expected_calibration_error", "brier", "log_loss")
MEASURED_FORM = {**dict.fromkeys(MEASURES, is_number), "intervals": dict.fromkeys(MEASURES, [is_number])}
FORM = {
    "layers": {...: {"scale": [is_number], "shift": [is_number]}},
    "num_texts": int,
    "text_sketch": dict,
    "measured": {...: {"before": MEASURED_FORM, "after": MEASURED_FORM}},
    "gains": {...: {"log_loss": is_number, "low": is_number, "high": is_number}},
}


@final
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Calibration(FittedPart, Displayed):
    """What calibration did to a classifier, whose last layers hold it: temperatures and Platt scalings.

    Each head, and each level of a hierarchy given the level above, has a scaling of its own, or none where the texts show no
    gain. `repr` shows the measures before and after, a notebook a table.

    Args:
        scalings: head or level -> what became of its logits; one that is left out kept them.
        num_texts: that it was fitted on.
        measured: head or level -> `before` and `after`, each with `expected_calibration_error`, `brier`, `log_loss` and
            their 95 % `intervals`. After means cross-fitted: each fifth of the texts by what the others say.
        gains: head or level -> by how much the `log_loss` of a text falls, cross-fitted, with the ends `low` and `high` of its
            95 % interval.
        text_sketch: of the texts, see `sketch_texts`; empty where it is not known.
    """

    name = "calibration"

    scalings: Mapping[str, Scaling]
    num_texts: int
    measured: Mapping[str, Mapping[str, Any]]
    gains: Mapping[str, Mapping[str, float]]
    text_sketch: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def undoing(self) -> dict[str, Scaling]:
        """The scalings that bring the logits back."""
        return {head: scaling.inverse for head, scaling in self.scalings.items()}

    def to_plain(self) -> dict[str, Any]:
        layers = {
            head: {"scale": one.scale.tolist(), "shift": one.shift.tolist()} for head, one in self.scalings.items()
        }
        return {
            "layers": layers,
            "num_texts": self.num_texts,
            "measured": dict(self.measured),
            "gains": dict(self.gains),
            "text_sketch": dict(self.text_sketch),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs) -> Self:
        check_form(plain, FORM, "it")
        scalings = {head: _scaling(one, outputs.tasks[head].units) for head, one in plain["layers"].items()}
        return cls(scalings, plain["num_texts"], plain["measured"], plain["gains"], plain["text_sketch"])

    def _lines(self) -> Sequence[str]:
        changed = ", ".join(_shown(head) for head in self.scalings)
        title = (
            f"Calibrated on {self.num_texts:,} texts: {changed}" if changed else f"No gain on {self.num_texts:,} texts"
        )
        lines = [
            f"{_shown(head)}: ECE {one['before'][MEASURES[0]]:.4f} -> {one['after'][MEASURES[0]]:.4f}, Brier "
            f"{one['before']['brier']:.4f} -> {one['after']['brier']:.4f}, log loss {one['before']['log_loss']:.4f} -> "
            f"{one['after']['log_loss']:.4f}"
            for head, one in self.measured.items()
        ]
        return [title, *lines]

    def _rows(self) -> Iterable[Mapping[str, Any]]:
        return self.rows()

    def rows(self) -> Iterable[dict[str, Any]]:
        """Iterate over the measures of each head, before and after, with the ends of their intervals."""
        for head, one in self.measured.items():
            for name in MEASURES:
                row: dict[str, Any] = {"head": _shown(head), "measure": name}
                for when in ("before", "after"):
                    low, high = one[when]["intervals"][name]
                    row |= {when: one[when][name], f"{when}_low": low, f"{when}_high": high}
                yield row


def fit_calibration(
    outputs: Outputs, y_true: ByHead, probabilities: ByHead, *, summed: bool = False, always: bool = True
) -> Calibration:
    """Fit a calibration on texts that were not trained on.

    Args:
        outputs: of the classifier.
        y_true: head or level -> encoded labels, of which some may be unknown.
        probabilities: head or level -> (n, units), before any calibration.
        summed: see `logit_layers`.
        always: whether a layer is scaled in any case; else only where the cross-fitted log loss falls with 95 % confidence.

    Raises:
        DataError: when there are too few texts with a known label, or all of them have, or lack, it.
    """
    check_calibration(outputs, y_true, summed=summed)
    layers = logit_layers(outputs, summed=summed)
    logits = {layer.head: layer.logits(probabilities) for layer in layers}
    crossed, gains = dict(logits), {}
    scalings = {}
    for layer in layers:
        own = _cross_fitted(layer, y_true, logits[layer.head])
        gain = _gain(layer, y_true, logits[layer.head], own)
        gains[layer.head] = gain
        if always or gain["low"] > 0:
            scalings[layer.head] = fit_scaling(layer, y_true, logits[layer.head])
            crossed[layer.head] = own
    after = probabilities_of(outputs, layers, crossed)
    measured = {
        head: {
            "before": with_intervals(errors_of(task, y_true[head], probabilities[head])),
            "after": with_intervals(errors_of(task, y_true[head], after[head])),
        }
        for head, task in outputs.tasks.items()
    }
    return Calibration(scalings, len(next(iter(y_true.values()))), measured, gains)


def cross_fitted(
    outputs: Outputs, y_true: ByHead, probabilities: ByHead, heads: Iterable[str], *, summed: bool = False
) -> dict[str, np.ndarray]:
    """Return calibrated probabilities of the very texts that calibrate: each fifth is scaled by what the others say.

    Args:
        outputs: of the classifier.
        y_true: head or level -> encoded labels.
        probabilities: head or level -> (n, units), before any calibration.
        heads: those whose logits are scaled.
        summed: see `logit_layers`.
    """
    layers, chosen = logit_layers(outputs, summed=summed), set(heads)
    logits = {layer.head: layer.logits(probabilities) for layer in layers}
    crossed = {
        layer.head: _cross_fitted(layer, y_true, logits[layer.head]) if layer.head in chosen else logits[layer.head]
        for layer in layers
    }
    return probabilities_of(outputs, layers, crossed)


def check_calibration(outputs: Outputs, y_true: ByHead, *, summed: bool = False) -> None:
    """Refuse labels on which no calibration can be fitted, see `fit_calibration`.

    Raises:
        DataError: naming the head, what is needed and what was got.
    """
    for layer in logit_layers(outputs, summed=summed):
        _check_layer(layer, y_true)


def calibrated(
    outputs: Outputs, probabilities: ByHead, scalings: Mapping[str, Scaling], *, summed: bool = False
) -> dict[str, np.ndarray]:
    """Return what probabilities become under some scalings, float64; see `Scaling.inverse` for the way back."""
    if not scalings:
        return {head: np.asarray(values, np.float64) for head, values in probabilities.items()}
    layers = logit_layers(outputs, summed=summed)
    logits = {layer.head: layer.logits(probabilities) for layer in layers}
    scaled = {head: scalings[head](values) if head in scalings else values for head, values in logits.items()}
    return probabilities_of(outputs, layers, scaled)


def moved_thresholds(outputs: Outputs, thresholds: ByHead, scalings: Mapping[str, Scaling]) -> dict[str, np.ndarray]:
    """Return the thresholds that decide on scaled logits as the given ones do on those from before.

    The threshold of a head is scaled as its logits are, so that no decision changes. In a hierarchy of independent labels,
    whose probabilities are products along a path, no thresholds do that, and they stay: tune them anew.
    """
    moved = dict(thresholds)
    for layer in logit_layers(outputs) if outputs.hierarchy is None else []:
        if layer.head in scalings and not layer.exclusive:
            before = np.asarray(thresholds[layer.head], np.float64)
            image = layer.given(scalings[layer.head](layer.logits({layer.head: before[None]})))[0]
            # All or nothing stays so.
            moved[layer.head] = np.where((before <= 0) | (before >= 1), before, image)
    return moved


def _check_layer(layer: LogitLayer, y_true: ByHead) -> None:
    judged = layer.judged(y_true)
    where = of_head(layer.head)
    number = int(judged.any(axis=1).sum())
    if number < LEAST_TEXTS:
        raise DataError(
            f"Calibration needs at least {LEAST_TEXTS} texts with a known label{where} that were not trained on; got "
            f"{number}."
        )
    if layer.exclusive:
        return
    kinds = np.unique(np.asarray(y_true[layer.head])[judged])
    if len(kinds) < 2:
        told = "every label" if kinds[0] else "no label"
        raise DataError(
            f"Calibration needs texts{where} with and without a label; got {number} that have {told}"
            f"{f', {layer.task.label_names[int(kinds[0])]!r} alone' if layer.task.exclusive else ''}."
        )


def _cross_fitted(layer: LogitLayer, y_true: ByHead, logits: np.ndarray) -> np.ndarray:
    """Scale the logits of each fold of the texts by what the other folds say, (n, units)."""
    fold = np.random.default_rng(0).permutation(len(logits)) % FOLDS
    scaled = logits.copy()
    for number in range(FOLDS):
        others = fold != number
        labels = {head: np.asarray(values)[others] for head, values in y_true.items()}
        scaled[~others] = fit_scaling(layer, labels, logits[others])(logits[~others])
    return scaled


def _gain(layer: LogitLayer, y_true: ByHead, before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """By how much the cross-entropy of a judged text falls in the mean, with a bootstrap interval."""
    judged = layer.judged(y_true).any(axis=1)
    fallen = (layer.losses(y_true, before) - layer.losses(y_true, after))[judged]
    low, high = ends(np.concatenate([weights @ fallen / len(fallen) for weights in resamples(len(fallen))]))
    return {"log_loss": float(fallen.mean()), "low": low, "high": high}


def _scaling(stored: Mapping[str, Any], units: int) -> Scaling:
    scale, shift = (np.array(stored[name], np.float64) for name in ("scale", "shift"))
    if scale.shape != (units,) or shift.shape != (units,):
        raise ValueError(f"a scaling must have {units} numbers; got {len(scale)} and {len(shift)}")
    if not (scale >= LEAST_SCALE / 2).all():
        raise ValueError(f"a scale must be above 0; got {scale.min()}")
    return Scaling(scale, shift)


def _shown(head: str) -> str:
    return "labels" if head == SINGLE_HEAD else head
