"""The confusion matrix, the most frequent confusions, and the most confident mistakes."""

import dataclasses
from typing import Any

import numpy as np

from kerasbert.evaluation.outcomes import Outcome

NONE = "(none)"


def confusion_matrix(outcome: Outcome) -> tuple[list[str], np.ndarray]:
    """Count predicted labels (columns) by true label (rows): the names, and int (C, C).

    A multi-label text may count in several cells; a last row and column `(none)` count texts without a label.
    """
    true, predicted, names = outcome.true_flags, outcome.predicted_flags, list(outcome.label_names)
    if not outcome.task.exclusive:
        true, predicted = _with_none(true), _with_none(predicted)
        names.append(NONE)
    # BLAS multiplies floats many times faster than integers; counts stay exact far beyond any number of texts.
    return names, (true.T.astype(np.float64) @ predicted.astype(np.float64)).astype(np.int64)


def confused_pairs(outcome: Outcome, *, limit: int = 12) -> list[dict[str, Any]]:
    """List the most frequent confusions: `true`, `predicted`, `count`, and `share` of the true label's texts.

    Of a multi-label head: the true label was missed and the other one predicted wrongly.
    """
    true, predicted = outcome.true_flags, outcome.predicted_flags
    counts = (true & ~predicted).T.astype(np.float64) @ (predicted & ~true).astype(np.float64)
    support = true.sum(axis=0)
    places = np.argwhere(counts)
    places = places[np.argsort(-counts[tuple(places.T)], kind="stable")][:limit]
    return [
        {
            "true": outcome.label_names[i],
            "predicted": outcome.label_names[j],
            "count": int(counts[i, j]),
            "share": float(counts[i, j] / support[i]),
        }
        for i, j in places
    ]


def surest_mistakes(outcome: Outcome, *, limit: int = 10) -> list[dict[str, Any]]:
    """List the most confident mistakes of a head, one for each text.

    Returns:
        `row`, from 1; `true` and `predicted`, lists of names; `label`, the one with the largest error; its `probability`;
        and `confidence`: the probability of a wrongly predicted label, or one less that of a missed one.
    """
    true, predicted, probabilities = outcome.true_flags, outcome.predicted_flags, outcome.label_probabilities
    # Of exclusive labels, the mistake is the label that was predicted.
    missed = -1.0 if outcome.task.exclusive else np.where(true & ~predicted, 1 - probabilities, -1.0)
    confidence = np.where(predicted & ~true, probabilities, missed)
    worst = confidence.argmax(axis=1)
    highest = confidence[np.arange(len(confidence)), worst]
    order = [int(place) for place in np.argsort(-highest, kind="stable")[:limit] if highest[place] >= 0]
    return [
        {
            "row": int(outcome.rows[place]) + 1,
            "true": label_names_of(outcome, true[place]),
            "predicted": label_names_of(outcome, predicted[place]),
            "label": outcome.label_names[worst[place]],
            "probability": float(probabilities[place, worst[place]]),
            "confidence": float(highest[place]),
        }
        for place in order
    ]


@dataclasses.dataclass(frozen=True)
class Confusion:
    """A cell of the confusion matrix off its diagonal, with its mistakes.

    Args:
        true: its row among the names of the matrix.
        predicted: its column.
        count: number of its texts to which the predicted label was given wrongly.
        rows: some of these texts, from 1, those predicted with the highest probability first.
    """

    true: int
    predicted: int
    count: int
    rows: list[int]


def confusions_with_texts(outcome: Outcome, *, limit: int = 120, texts: int = 5) -> list[Confusion]:
    """List the `limit` most frequent cells off the diagonal that hold mistakes, with at most `texts` texts of each.

    Of a multi-label head a text stands at each pair of a label it has and a label that was wrongly given to it.
    """
    true, predicted = outcome.true_flags, outcome.predicted_flags
    probabilities = outcome.label_probabilities
    if not outcome.task.exclusive:
        # Nothing was given: the surer, the less probable the most probable label.
        nothing = 1 - probabilities.max(axis=1, keepdims=True)
        true, predicted = _with_none(true), _with_none(predicted)
        probabilities = np.concatenate([probabilities, nothing], axis=1)
    wrong = predicted & ~true
    counts = true.T.astype(np.float64) @ wrong.astype(np.float64)
    places = np.argwhere(counts)
    found = []
    for i, j in places[np.argsort(-counts[tuple(places.T)], kind="stable")][:limit].tolist():
        rows = np.flatnonzero(true[:, i] & wrong[:, j])
        surest = rows[np.argsort(-probabilities[rows, j], kind="stable")][:texts]
        found.append(Confusion(i, j, len(rows), (outcome.rows[surest] + 1).tolist()))
    return found


def label_names_of(outcome: Outcome, flags: np.ndarray) -> list[str]:
    """Return the names of the labels whose flags, (C,), are set."""
    return [outcome.label_names[int(place)] for place in np.flatnonzero(flags)]


def _with_none(flags: np.ndarray) -> np.ndarray:
    return np.concatenate([flags, ~flags.any(axis=1, keepdims=True)], axis=1)
