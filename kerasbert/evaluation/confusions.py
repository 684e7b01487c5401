"""What was taken for what: matrices of true against predicted labels, the commonest mix-ups, the surest mistakes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert.evaluation.outcomes import Outcome

NONE = "(none)"


def confusion_matrix(outcome: Outcome) -> tuple[list[str], np.ndarray]:
    """How often each label was predicted for texts of each label.

    Args:
        outcome: of one head.

    Returns:
        The names, and int (C, C): row i, column j counts the texts that have label i and were given label j. For a
        multi-label head, where a text may count in several cells, a last row and column `(none)` stand for texts without
        a label.

    Example:
        >>> ids, probabilities = np.array([0, 1]), np.eye(2)
        >>> confusion_matrix(Outcome("", "multiclass", ("a", "b"), ids, ids, probabilities, np.array([1, 1])))[1].tolist()
        [[0, 1], [0, 1]]
    """
    truth, chosen, names = outcome.truth, outcome.chosen, list(outcome.label_names)
    if outcome.task == "multilabel":
        truth, chosen = _with_none(truth), _with_none(chosen)
        names.append(NONE)
    # Through floats, whose product is many times faster; counts stay exact far beyond any number of texts.
    return names, (truth.T.astype(np.float64) @ chosen.astype(np.float64)).astype(np.int64)


def confused_pairs(outcome: Outcome, *, limit: int = 12) -> list[dict[str, Any]]:
    """The commonest mix-ups: a label that a text has, and one that it has not and was given.

    Args:
        outcome: of one head.
        limit: the most pairs to give.

    Returns:
        The commonest first: `true`, `predicted`, `count` and `share`, the share of the texts with the true label. For a
        multi-label head the true label was missed at the same time.

    Example:
        >>> ids, probabilities = np.array([0, 0]), np.eye(2)
        >>> confused_pairs(Outcome("", "multiclass", ("a", "b"), ids, ids, probabilities, np.array([0, 1])))
        [{'true': 'a', 'predicted': 'b', 'count': 1, 'share': 0.5}]
    """
    truth, chosen = outcome.truth, outcome.chosen
    counts = (truth & ~chosen).T.astype(np.float64) @ (chosen & ~truth).astype(np.float64)
    support = truth.sum(axis=0)
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
    """The texts on which a head was most certain and wrong.

    Args:
        outcome: of one head.
        limit: the most mistakes to give, one a text.

    Returns:
        The surest first: `row`, the number of the text, counted from 1; `true` and `predicted`, lists of names; `label`, the label that was
        judged most wrongly; `probability`, that of this label; and `confidence`, how sure the wrong answer was, the
        probability of a label given wrongly, or one less that of a label missed.

    Example:
        >>> ids, probabilities = np.array([0, 0]), np.array([[0.9, 0.1], [0.2, 0.8]])
        >>> outcome = Outcome("", "multiclass", ("a", "b"), np.arange(2), ids, probabilities, np.array([0, 1]))
        >>> [(mistake["row"], mistake["confidence"]) for mistake in surest_mistakes(outcome)]
        [(2, 0.8)]
    """
    truth, chosen, scores = outcome.truth, outcome.chosen, outcome.scores
    missed = np.where(truth & ~chosen, 1 - scores, -1.0) if outcome.task == "multilabel" else -1.0
    sureness = np.where(chosen & ~truth, scores, missed)
    worst = sureness.argmax(axis=1)
    highest = sureness[np.arange(len(sureness)), worst]
    order = [int(place) for place in np.argsort(-highest, kind="stable")[:limit] if highest[place] >= 0]
    return [
        {
            "row": int(outcome.rows[place]) + 1,
            "true": _names(outcome.label_names, truth[place]),
            "predicted": _names(outcome.label_names, chosen[place]),
            "label": outcome.label_names[worst[place]],
            "probability": float(scores[place, worst[place]]),
            "confidence": float(highest[place]),
        }
        for place in order
    ]


def _with_none(flags: np.ndarray) -> np.ndarray:
    return np.concatenate([flags, ~flags.any(axis=1, keepdims=True)], axis=1)


def _names(names: Sequence[str], flags: np.ndarray) -> list[str]:
    return [names[int(place)] for place in np.flatnonzero(flags)]
