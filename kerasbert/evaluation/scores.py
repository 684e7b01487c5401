"""The numbers that judge a classifier, from scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice


def score_predictions(
    task: str, labels: np.ndarray, predicted: np.ndarray, label_names: Sequence[str]
) -> dict[str, Any]:
    """Accuracy, and precision, recall and F1 per label, micro and macro.

    Args:
        task: `"binary"`, `"multiclass"` or `"multilabel"`.
        labels: class ids (n,) for a multi-class task, else 0 or 1 of shape (n, C), with C = 1 for a binary one.
        predicted: what was predicted, of the same shape.
        label_names: names in the order of the ids or columns; (negative, positive) for a binary task.

    Returns:
        `num_examples`, `accuracy` (of a multi-label task: all labels right), `micro`, `macro` and `weighted` (each with
        `precision`, `recall`, `f1`), and `per_label`: name -> these and `support`. For a binary task also `f1`, that of
        the positive label. Where a denominator is zero the score is 0.

    Raises:
        ConfigError: when the task is unknown.

    Example:
        >>> scores = score_predictions("multiclass", np.array([0, 1]), np.array([0, 0]), ["a", "b"])
        >>> scores["accuracy"], scores["per_label"]["a"]["recall"]
        (0.5, 1.0)
    """
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    check_choice("task", task, ("binary", "multiclass", "multilabel"))
    if task == "binary":
        labels, predicted = labels.reshape(-1), predicted.reshape(-1)
    labels, predicted = labels.astype(np.int64), predicted.astype(np.int64)
    ids = list(range(len(label_names)))
    rows = precision_recall_fscore_support(labels, predicted, labels=ids, zero_division=0)
    scores: dict[str, Any] = {"num_examples": len(labels), "accuracy": float(accuracy_score(labels, predicted))}
    for average in ("micro", "macro", "weighted"):
        values = precision_recall_fscore_support(labels, predicted, labels=ids, average=average, zero_division=0)
        scores[average] = {"precision": float(values[0]), "recall": float(values[1]), "f1": float(values[2])}
    scores["per_label"] = {
        name: {
            "precision": float(rows[0][i]),
            "recall": float(rows[1][i]),
            "f1": float(rows[2][i]),
            "support": int(rows[3][i]),
        }
        for i, name in enumerate(label_names)
    }
    if task == "binary":
        scores["f1"] = scores["per_label"][label_names[1]]["f1"]
    return scores
