"""Texts that are likely labelled wrongly, by the classifier and by the texts beside them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert.evaluation.confusions import label_names_of
from kerasbert.evaluation.outcomes import Outcome

NEIGHBOURS = 5
# Mistakes whose neighbours are sought: the most certain ones.
CANDIDATES = 2000
CANDIDATES_AT_ONCE = 256
# Neighbours of an error that are shown.
SHOWN = 3


def likely_label_errors(
    outcome: Outcome, vectors: np.ndarray, *, limit: int = 20, neighbours: int = NEIGHBOURS
) -> list[dict[str, Any]]:
    """Rank the texts whose label is doubted by the classifier and by the labels of the nearest texts.

    The suspicion is the mean of the classifier's margin, by which the label it predicts is more probable than the one in
    the data, and of the share of the nearest texts that disagree with the data. Texts that the classifier was trained on
    must not be asked: it has learned their labels, the wrong ones too.

    Args:
        outcome: of texts that the classifier has not seen.
        vectors: (m, hidden), of all texts of the evaluation, which `outcome.rows` counts.
        limit: most errors to list, >= 0.
        neighbours: nearest texts to ask, >= 1.

    Returns:
        From the most suspicious down: `row`, from 1; `given` and `predicted`, lists of names; `label`, the one in doubt;
        `probability` of it; `suspicion` in [0, 1]; `disagreeing`, the share of the neighbours; and `neighbours`, the
        nearest that disagree: `row`, `labels` and `similarity`, the cosine.

    Reference:
        Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021, for the margin.
    """
    true, predicted = outcome.true_flags, outcome.predicted_flags
    wrong = np.flatnonzero((true != predicted).any(axis=1))
    if len(outcome) < 2 or not len(wrong):
        return []
    margins, labels = _margins(outcome)
    wrong = wrong[np.argsort(-margins[wrong], kind="stable")][:CANDIDATES]
    near, cosines = _nearest(np.asarray(vectors, np.float32)[outcome.rows], wrong, neighbours)
    # Of exclusive labels the one in doubt is the one of the data, of others the one that is most likely wrong.
    differs = true[near, labels[wrong][:, None]] != true[wrong, labels[wrong]][:, None]
    if outcome.task.exclusive:
        differs = (true[near] != true[wrong][:, None]).any(axis=2)
    disagreeing = differs.mean(axis=1)
    suspicion = (margins[wrong].clip(0, 1) + disagreeing) / 2
    found = []
    for place in np.argsort(-suspicion, kind="stable")[:limit]:
        row, shown = wrong[place], np.flatnonzero(differs[place])[:SHOWN]
        found.append(
            {
                "row": int(outcome.rows[row]) + 1,
                "given": label_names_of(outcome, true[row]),
                "predicted": label_names_of(outcome, predicted[row]),
                "label": outcome.label_names[labels[row]],
                "probability": float(outcome.label_probabilities[row, labels[row]]),
                "suspicion": float(suspicion[place]),
                "disagreeing": float(disagreeing[place]),
                "neighbours": [_neighbour(outcome, near[place, one], cosines[place, one]) for one in shown],
            }
        )
    return found


def _neighbour(outcome: Outcome, place: int, cosine: float) -> Mapping[str, Any]:
    labels = label_names_of(outcome, outcome.true_flags[place])
    return {"row": int(outcome.rows[place]) + 1, "labels": labels, "similarity": float(cosine)}


def _margins(outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Return the margin against the labels of the data, (n,), and the place of the label in doubt, int (n,)."""
    true, predicted, probabilities = outcome.true_flags, outcome.predicted_flags, outcome.label_probabilities
    rows = np.arange(len(true))
    if outcome.task.exclusive:
        given, chosen = true.argmax(axis=1), predicted.argmax(axis=1)
        return probabilities[rows, chosen] - probabilities[rows, given], given
    distance = np.where(true != predicted, np.abs(true - probabilities), -1.0)
    label = distance.argmax(axis=1)
    return distance[rows, label], label


def _nearest(vectors: np.ndarray, asked: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest other rows of some rows and their cosines, both (len(asked), number), the nearest first."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    number = min(number, len(unit) - 1)
    near = np.zeros((len(asked), number), dtype=np.int64)
    cosines = np.zeros((len(asked), number))
    for start in range(0, len(asked), CANDIDATES_AT_ONCE):
        rows = asked[start : start + CANDIDATES_AT_ONCE]
        similar = unit[rows] @ unit.T
        similar[np.arange(len(rows)), rows] = -np.inf
        best = np.argsort(-similar, axis=1, kind="stable")[:, :number]
        near[start : start + len(rows)] = best
        cosines[start : start + len(rows)] = np.take_along_axis(similar, best, axis=1)
    return near, cosines
