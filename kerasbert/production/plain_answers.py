"""Answers as plain values, which JSON, Parquet and every pickle carry: of a text its labels and their scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.kinds import NAMES
from kerasbert.saving.answers import Answers


def plain_answers(
    classifier: Answers, probabilities: Mapping[str, np.ndarray], *, num_scores: int | None = None
) -> list[dict[str, Any]]:
    """Turn probabilities into one plain value for each text.

    Args:
        classifier: whose probabilities they are.
        probabilities: head name -> (n, units), as `Answers.probabilities` gives them.
        num_scores: how many scores are kept of each head, the highest first; None keeps all, in the order of the labels.

    Returns:
        n dicts `{"labels": [name, ...], "scores": {name: probability}}`; for several heads `{"heads": {head: such a dict}}`.
    """
    outputs = classifier.outputs
    by_name = dict.fromkeys(outputs.tasks, NAMES)
    labels = _by_head(outputs.named(classifier.y_pred(probabilities), by_name))
    shares, names = _by_head(outputs.columns(probabilities)), _by_head(outputs.classes(by_name))
    heads = {head: _decisions(labels[head], list(map(str, names[head])), shares[head], num_scores) for head in labels}
    if list(heads) == [SINGLE_HEAD]:
        return heads[SINGLE_HEAD]
    return [dict(heads=dict(zip(heads, row, strict=True))) for row in zip(*heads.values(), strict=True)]


def _decisions(labels: Any, names: list[str], shares: np.ndarray, num_scores: int | None) -> list[dict[str, Any]]:
    chosen = [[str(name) for name in own] if isinstance(own, (list, tuple)) else [str(own)] for own in labels]
    if num_scores is None or num_scores >= len(names):
        scores = [dict(zip(names, row, strict=True)) for row in shares.tolist()]
    else:
        best = np.argsort(-shares, axis=1, kind="stable")[:, :num_scores]
        scores = [{names[place]: float(row[place]) for place in own} for own, row in zip(best, shares, strict=True)]
    return [{"labels": own, "scores": score} for own, score in zip(chosen, scores, strict=True)]


def _by_head(value: Any) -> dict[str, Any]:
    """What `Outputs.unwrap` unwrapped, by head again."""
    return value if isinstance(value, dict) else {SINGLE_HEAD: value}
