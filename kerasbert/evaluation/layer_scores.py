"""`score_layers`: score and time of each layer of a layerwise classifier, of its vote and of early exit."""

import dataclasses
import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import suggest_keywords
from kerasbert._core.display import Displayed
from kerasbert._core.pictures import save_figure
from kerasbert.classifiers.layerwise import check_layerwise
from kerasbert.evaluation.early_exit import ExitStages, LayerModel
from kerasbert.evaluation.gradients import float32_array
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of
from kerasbert.tasks.measures import ACCURACY
from kerasbert.tokenization.token_arrays import TokenArrays

BATCH_SIZE = 64
# Passes over the timed texts, of which the shortest counts.
REPEATS = 5
TIMED_TEXTS = 512
CONFIDENCES = (0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
# Points of the picture closer than this, in score and as a share of the longest time, share one annotation.
CROWDED = 0.025


@dataclasses.dataclass(frozen=True, repr=False)
class LayerReport(Displayed):
    """Scores and times of the layers of a layerwise classifier.

    Args:
        rows: a dict for each layer: `layer`, `weight` of its vote, and of the model truncated there `score` and
            `milliseconds` a text.
        vote: `score` and `milliseconds` of the weighted vote.
        exits: a dict for each confidence: `confidence`, `score`, `saving` (see `EarlyExit`), `milliseconds` a text and
            `mean_layer`, at which texts leave.
        measure: `"accuracy"`, or `"macro-F1"` of a multi-label task.
        num_texts: texts that were scored.
        num_timed_texts: texts that were timed, evenly from the shortest to the longest.

    Example:
        >>> rows = ({"layer": 1, "weight": 1.0, "score": 0.5, "milliseconds": 2.0},)
        >>> LayerReport(rows, {"score": 0.5, "milliseconds": 2.0}, (), "accuracy", 10).cells()[0]
        ['layer 1', '1.000', '0.5000', '', '2.00']
    """

    rows: tuple[dict[str, Any], ...]
    vote: dict[str, float]
    exits: tuple[dict[str, float], ...]
    measure: str
    num_texts: int
    num_timed_texts: int = 0

    def _lines(self) -> Sequence[str]:
        scores = ", ".join(f"layer {row['layer']} {row['score']:.4f}" for row in self.rows)
        exits = ", ".join(f"{row['confidence']:g} {row['score']:.4f} ({row['saving']:.0%} saved)" for row in self.exits)
        lines = [f"LayerReport of {self.num_texts} texts, {self.measure}: vote of all layers {self.vote['score']:.4f}"]
        return [*lines, scores, *([f"exit at {exits}"] if exits else [])]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        columns = ("way", "weight", self.measure, "saving", "milliseconds")
        return [dict(zip(columns, values, strict=True)) for values in self.values()]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return dataclasses.asdict(self)

    def cells(self) -> list[list[str]]:
        """Return the table as text: way, weight, score, saving, milliseconds a text."""
        return [
            [
                name,
                "" if weight is None else f"{weight:.3f}",
                f"{score:.4f}",
                "" if saving is None else f"{saving:.1%}",
                f"{milliseconds:.2f}",
            ]
            for name, weight, score, saving, milliseconds in self.values()
        ]

    def values(self) -> list[tuple[str, float | None, float, float | None, float]]:
        """Return the same table as numbers, None where there is none; the saving is a share."""
        ways: list[tuple[str, float | None, dict[str, Any], float | None]] = [
            (f"layer {row['layer']}", row["weight"], row, None) for row in self.rows
        ]
        ways.append(("vote", None, self.vote, None))
        ways += [(f"exit at {row['confidence']:g}", None, row, row["saving"]) for row in self.exits]
        return [(name, weight, row["score"], saving, row["milliseconds"]) for name, weight, row, saving in ways]

    def time_note(self) -> str:
        """Say how the times were measured."""
        return (
            f"Times are the shortest of {REPEATS} passes over {self.num_timed_texts} texts, taken in turns; a deeper layer and "
            "a higher confidence compute more, so that they are fitted never to fall."
        )

    def save_picture(self, file: str | os.PathLike[str]) -> None:
        """Draw score against time of the truncated models, the vote and early exit, and the weights of the vote.

        Args:
            file: `.png`, `.svg` or `.pdf`; needs matplotlib (the extra `report`).

        Raises:
            ArtifactError: when the file cannot be written, or is another's.
        """
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4), layout="constrained")
        curve, bars = figure.subplots(1, 2, width_ratios=(2, 1))
        layers = [row["layer"] for row in self.rows]
        _line(curve, self.rows, "o-", "one layer", [str(layer) for layer in layers])
        confidences = [f"{row['confidence']:g}" for row in self.exits]
        _line(curve, self.exits, "s--", "early exit, at this confidence", confidences, below=True)
        curve.plot(self.vote["milliseconds"], self.vote["score"], "k*", markersize=12, label="vote of all")
        curve.set(xlabel="milliseconds a text", ylabel=self.measure, title=f"Score and time ({self.num_texts} texts)")
        curve.margins(0.08, 0.12)
        curve.legend()
        bars.bar([str(layer) for layer in layers], [row["weight"] for row in self.rows])
        bars.set(xlabel="layer", ylabel="weight", title="Learned weights of the votes")
        save_figure(figure, file)


@suggest_keywords
def score_layers(
    classifier: ClassifierLike, texts: Sequence[str], labels: Any, *, confidences: Sequence[float] = CONFIDENCES
) -> LayerReport:
    """Score every layer of a layerwise classifier, the vote, and early exit at several confidences.

    Args:
        classifier: a `TextClassifier` trained with `layerwise=True`, or its `TrainedClassifier`.
        texts: n texts, n >= 1.
        labels: as for `evaluate`.
        confidences: of `predict_early`, each in (0, 1].

    Returns:
        The report. Times are the shortest of 5 passes over at most 512 of the texts, in batches of 64; the layers, the
        vote and early exit take turns. A deeper layer, the vote after the last and a higher confidence compute more than
        those before them: where noise says otherwise, isotonic regression evens their times out.

    Raises:
        ConfigError: when the classifier is not layerwise.
        DataError: when a label cannot be used.

    Example:
        >>> classifier = TextClassifier(layerwise=True, encoder="all-MiniLM-L6-v2", epochs=1, verbose=False)
        >>> texts, labels = ["good", "fine", "bad", "awful"] * 4, ["pos", "pos", "neg", "neg"] * 4
        >>> report = score_layers(classifier.fit(texts, labels), texts, labels, confidences=[0.9])
        >>> [row["layer"] for row in report.rows], round(sum(row["weight"] for row in report.rows), 3)
        ([1, 2, 3, 4, 5, 6], 1.0)
    """
    trained = trained_of(classifier)
    votes, pad_id = check_layerwise(trained.model), trained.tokenizer.pad_id
    y_true = trained.encode_labels(labels)
    tokens = trained.tokenizer.encode(texts)
    batches, timed = _batches(tokens, pad_id), _evenly(tokens, TIMED_TEXTS)

    ((head, task),) = trained.outputs.tasks.items()
    measure = ACCURACY if task.exclusive else task.measure

    def score(probabilities: np.ndarray) -> float:
        y_pred = trained.y_pred({head: probabilities})[head]
        return float(measure.of(task.score(y_true[head], y_pred)) or 0.0)

    models = {layer: LayerModel(trained.model, layer) for layer in votes.layer_indices}
    stages, limits = ExitStages(trained.model), {"batch_size": BATCH_SIZE, "pad_id": pad_id}
    whole = [*models.values(), trained.model]
    scores = [score(_predict(model, batches)) for model in whole]
    exits = [stages.predict(tokens, confidence=confidence, **limits) for confidence in confidences]
    timed_batches = _batches(timed, pad_id)
    runs: list[Callable[[], object]] = [functools.partial(_predict, model, timed_batches) for model in whole]
    runs += [functools.partial(stages.predict, timed, confidence=confidence, **limits) for confidence in confidences]
    times = 1000 * _seconds(runs) / len(timed)
    whole_times = never_falling(times[: len(whole)])
    exit_times = never_falling(times[len(whole) :], confidences)
    rows = [
        {"layer": layer, "weight": weight, "score": found, "milliseconds": milliseconds}
        for (layer, weight), found, milliseconds in zip(votes.vote_weights.items(), scores, whole_times, strict=False)
    ]
    vote = {"score": scores[-1], "milliseconds": whole_times[-1]}
    early = [
        {"confidence": confidence, "score": score(found.probabilities), "saving": found.saving}
        | {"milliseconds": milliseconds, "mean_layer": float(found.exit_layers.mean())}
        for confidence, found, milliseconds in zip(confidences, exits, exit_times, strict=True)
    ]
    return LayerReport(tuple(rows), vote, tuple(early), measure.title, len(tokens), len(timed))


def never_falling(times: np.ndarray, amounts: Sequence[float] | None = None) -> list[float]:
    """Fit times, (n,), by least squares such that none is below that of a smaller amount of work.

    Args:
        times: measured.
        amounts: what the work grows with, (n,); None: it grows from each to the next.

    Reference:
        Barlow et al., "Statistical Inference under Order Restrictions", 1972 (isotonic regression).
    """
    from sklearn.isotonic import isotonic_regression

    order = np.arange(len(times)) if amounts is None else np.argsort(amounts, kind="stable")
    fitted = np.array(times, dtype=float)
    if len(times):
        fitted[order] = isotonic_regression(fitted[order])
    return [float(one) for one in fitted]


def _seconds(runs: Sequence[Callable[[], object]]) -> np.ndarray:
    """Return the shortest time of each program, (n,); they take turns, so that a busy moment slows all alike."""
    seconds = np.zeros((REPEATS, len(runs)))
    for turn, place in np.ndindex(*seconds.shape):
        start = time.perf_counter()
        runs[place]()
        seconds[turn, place] = time.perf_counter() - start
    return np.asarray(seconds.min(axis=0))


def _evenly(tokens: TokenArrays, count: int) -> TokenArrays:
    """Select at most so many texts, evenly from the shortest to the longest."""
    order = np.argsort(tokens.lengths, kind="stable")
    return tokens.take(order[np.linspace(0, len(order) - 1, min(count, len(order))).astype(int)])


def _batches(tokens: TokenArrays, pad_id: int) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Return rows and padded inputs of each batch, by length."""
    order = np.argsort(tokens.lengths, kind="stable")
    parts = [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]
    return [(rows, tokens.take(rows).padded(pad_id)) for rows in parts]


def _predict(model: keras.Model, batches: Sequence[tuple[np.ndarray, dict[str, np.ndarray]]]) -> np.ndarray:
    """Predict batches, of a layerwise model the vote, which comes first; (n, units)."""
    found = []
    for _, inputs in batches:
        output = model.predict_on_batch(inputs)
        found.append(float32_array(next(iter(output.values())) if isinstance(output, dict) else output))
    values = np.concatenate(found)
    result = np.empty_like(values)
    result[np.concatenate([rows for rows, _ in batches])] = values
    return result


def _line(
    axes: Any, rows: Sequence[dict[str, Any]], style: str, label: str, names: Sequence[str], *, below: bool = False
) -> None:
    if not rows:
        return
    places = [(row["milliseconds"], row["score"]) for row in rows]
    axes.plot(*zip(*places, strict=True), style, label=label)
    offset, va, ha = (-7, "top", "right") if below else (7, "bottom", "left")
    slant = {"xytext": (0, offset), "va": va, "ha": ha}
    for place, near in _without_crowds(dict(zip(names, places, strict=True))).items():
        axes.annotate(", ".join(near), place, textcoords="offset points", fontsize=8, rotation=45, **slant)


def _without_crowds(places: dict[str, tuple[float, float]]) -> dict[tuple[float, float], list[str]]:
    """Group the names of points that nearly coincide."""
    longest = max(milliseconds for milliseconds, _ in places.values())
    written: dict[tuple[float, float], list[str]] = {}
    for name, (x, y) in places.items():
        crowd = (one for one in written if abs(one[0] - x) < CROWDED * longest and abs(one[1] - y) < CROWDED)
        written.setdefault(next(crowd, (x, y)), []).append(name)
    return written
