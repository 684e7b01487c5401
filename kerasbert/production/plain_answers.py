"""Answers as plain values, which JSON, Parquet and every pickle carry: of a text its labels and their scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.kinds import NAMES
from kerasbert.saving.answers import Answers


def plain_answers(
    classifier: Answers, probabilities: Mapping[str, np.ndarray], *, top: int | None = None
) -> list[dict[str, Any]]:
    """Turn probabilities into one plain value for each text.

    Args:
        classifier: whose probabilities they are.
        probabilities: head name -> (n, units), as `Answers.probabilities` gives them.
        top: how many scores are kept of each head, the highest first, none at 0; None keeps all, in the order of the labels.

    Returns:
        n dicts `{"labels": [name, ...], "scores": {name: probability}}`, without scores at 0; for several heads `{"heads": {head: such a dict}}`.
    """
    outputs = classifier.outputs
    by_name = dict.fromkeys(outputs.tasks, NAMES)
    labels = _by_head(outputs.named(classifier.y_pred(probabilities), by_name))
    shares, names = _by_head(outputs.columns(probabilities)), _by_head(outputs.classes(by_name))
    heads = {head: _decisions(labels[head], list(map(str, names[head])), shares[head], top) for head in labels}
    if list(heads) == [SINGLE_HEAD]:
        return heads[SINGLE_HEAD]
    return [dict(heads=dict(zip(heads, row, strict=True))) for row in zip(*heads.values(), strict=True)]


def _decisions(labels: Any, names: list[str], shares: np.ndarray, top: int | None) -> list[dict[str, Any]]:
    chosen = [_label_names(own) for own in labels]
    if top == 0:
        return [{"labels": own} for own in chosen]
    if top is None or top >= len(names):
        scores = [dict(zip(names, row, strict=True)) for row in shares.tolist()]
    else:
        best = np.argsort(-shares, axis=1, kind="stable")[:, :top]
        scores = [{names[place]: float(row[place]) for place in own} for own, row in zip(best, shares, strict=True)]
    return [{"labels": own, "scores": score} for own, score in zip(chosen, scores, strict=True)]


def _label_names(own: Any) -> list[str] | None:
    """The labels of a text by name; None where they are withheld."""
    if own is None:
        return None
    return [str(name) for name in own] if isinstance(own, (list, tuple)) else [str(own)]


def _by_head(value: Any) -> dict[str, Any]:
    """What `Outputs.unwrap` unwrapped, by head again."""
    return value if isinstance(value, dict) else {SINGLE_HEAD: value}
