"""Scores of a classifier, from scikit-learn."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.display import Displayed
from kerasbert._core.errors import DataError
from kerasbert.objectives.ranked_scores import AVERAGES, RANKED, log_loss, rank_scores, undefined_labels

COUNTED = ("precision", "recall", "f1")
# Labels with the lowest F1 that a representation names.
WORST = 3


class Scores(Displayed, dict[str, Any]):
    """Scores of a classifier: a dict as `score_predictions` returns it, or of these by head, that shows itself.

    `repr` has three lines, a notebook shows a table of the labels, `to_frame` gives it to pandas.

    Args:
        scores: the dict.

    Example:
        >>> scores = score_predictions(np.array([0, 1, 1]), np.array([0, 0, 1]), ["a", "b"])
        >>> print(repr(scores).splitlines()[0])
        Scores of 3 texts, 2 labels: accuracy 0.6667, micro-F1 0.6667, macro-F1 0.6667, weighted-F1 0.6667
        >>> scores["per_label"]["b"]["recall"]
        0.5
    """

    def __repr__(self) -> str:  # before that of dict
        return Displayed.__repr__(self)

    def _by_head(self) -> dict[str, Mapping[str, Any]]:
        """Return the scores by head, under an empty name those of a single one."""
        if "per_label" in self:
            return {"": self}
        return {head: own for head, own in self.items() if isinstance(own, Mapping) and "per_label" in own}

    def _lines(self) -> Sequence[str]:
        heads = self._by_head()
        if list(heads) == [""]:
            labels = self["per_label"]
            known = sorted((own["f1"], name) for name, own in labels.items() if own["support"])[:WORST]
            worst = ", ".join(f"{name!r} {f1:.4f}" for f1, name in known)
            title = f"Scores of {self['num_examples']:,} texts, {len(labels):,} labels: {_main_scores(self)}"
            return [title, f"lowest F1: {worst}", f"keys: {', '.join(self)}"]
        # Other numbers, such as a baseline's that were written by hand.
        if not heads:
            return [f"Scores({dict(self)})"]
        described = "; ".join(f"{head!r} {_main_scores(own)}" for head, own in heads.items())
        return [f"Scores of {len(heads)} heads or levels", described, f"keys: {', '.join(self)}"]

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        rows = []
        for head, scores in self._by_head().items():
            named = {"head": head} if head else {}
            rows += [{**named, "label": name, **own} for name, own in scores["per_label"].items()]
            rows += [{**named, "label": f"({name})", **scores[name]} for name in AVERAGES]
        return rows


def _main_scores(scores: Mapping[str, Any]) -> str:
    if scores.get("accuracy") is None:
        return "no text has a known label"
    means = [f"{name}-F1 {scores[name]['f1']:.4f}" for name in AVERAGES]
    return ", ".join([f"accuracy {scores['accuracy']:.4f}", *means])


def score_predictions(
    y_true: np.ndarray, y_pred: np.ndarray, label_names: Sequence[str], probabilities: np.ndarray | None = None
) -> Scores:
    """Score predictions and, if given, the ranking of texts by probabilities.

    Args:
        y_true: class ids (n,), or 0 or 1 of shape (n, C).
        y_pred: of the same shape.
        label_names: the C names, in the order of the ids or columns.
        probabilities: (n, C); None for scores of the predictions alone.

    Returns:
        Plain data without NaN: `num_examples`, `accuracy` (of rows: all labels right), `hamming_loss`;
        `micro`, `macro` and `weighted` (each with `precision`, `recall`, `f1`), and `per_label`: name -> these and
        `support`. Where a denominator is zero, precision, recall, F1 and Matthews are 0. Without texts means are None.

        `matthews_correlation` and `cohen_kappa` stand beside the accuracy; of (n, C) they stand with each label, and their
        means under `macro`. Kappa is None where one label alone occurs in labels and predictions.

        `labels_without_texts` names the labels that no text has, where there are some; their F1 of 0 counts in `macro`.

        With probabilities `log_loss`, and `average_precision` and `roc_auc` beside every F1. Labels that no text has have
        neither, those that every text has no `roc_auc`: None, left out of means, and named by `undefined`.

    Raises:
        DataError: when the shapes do not go together.

    Example:
        >>> scores = score_predictions(np.array([0, 1]), np.array([0, 0]), ["a", "b"])
        >>> scores["accuracy"], scores["per_label"]["a"]["recall"]
        (0.5, 1.0)
    """
    y_true, y_pred = np.asarray(y_true).astype(np.int64), np.asarray(y_pred).astype(np.int64)
    if y_true.shape != y_pred.shape:
        raise DataError(f"`y_true` and `y_pred` must be of one shape; got {y_true.shape} and {y_pred.shape}.")
    scores = _counted(y_true, y_pred, label_names)
    _add_agreement(scores, y_true, y_pred, label_names)
    absent = [name for name in label_names if not scores["per_label"][name]["support"]]
    if absent and len(y_true):
        scores["labels_without_texts"] = absent
    if probabilities is not None:
        _add_ranked(scores, y_true, np.asarray(probabilities), label_names)
    return Scores(scores)


def tell_absent_labels(scores: Mapping[str, Any], *, limit: int = 10) -> str | None:
    """Name the labels without a test text, which lower the macro averages; None where every label has one."""
    absent = scores.get("labels_without_texts", [])
    if not absent:
        return None
    listed = ", ".join(absent[:limit]) + (f" and {len(absent) - limit} more" if len(absent) > limit else "")
    which, whose = ("this label", "its") if len(absent) == 1 else ("these labels", "their")
    return (
        f"No text here has {which}, {len(absent)} of {len(scores['per_label'])}: {listed}. In macro averages {whose} F1 "
        f"counts as 0."
    )


def as_flags(labels: np.ndarray, count: int) -> np.ndarray:
    """Convert class ids (n,) or rows of 0 and 1 to bool (n, C)."""
    return labels[:, None] == np.arange(count) if labels.ndim == 1 else labels > 0


def _counted(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    from sklearn.metrics import accuracy_score, hamming_loss, precision_recall_fscore_support

    if not len(labels):
        return _without_texts(names)
    ids = list(range(len(names)))
    rows = precision_recall_fscore_support(labels, predicted, labels=ids, zero_division=0)
    scores: dict[str, Any] = {
        "num_examples": len(labels),
        "accuracy": float(accuracy_score(labels, predicted)),
        "hamming_loss": float(hamming_loss(labels, predicted)),
    }
    for average in AVERAGES:
        values = precision_recall_fscore_support(labels, predicted, labels=ids, average=average, zero_division=0)
        scores[average] = {name: float(value) for name, value in zip(COUNTED, values, strict=False)}
    scores["per_label"] = {
        name: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(count)}
        for name, p, r, f, count in zip(names, *rows, strict=True)
    }
    return scores


def _without_texts(names: Sequence[str]) -> dict[str, Any]:
    nothing = dict.fromkeys(COUNTED)
    return {
        "num_examples": 0,
        "accuracy": None,
        "hamming_loss": None,
        **{average: dict(nothing) for average in AVERAGES},
        "per_label": {name: {**dict.fromkeys(COUNTED, 0.0), "support": 0} for name in names},
    }


def _add_agreement(scores: dict[str, Any], labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> None:
    if labels.ndim == 1:
        scores.update(_agreement(labels, predicted, len(names)))
        return
    rows = [_agreement(labels[:, i], predicted[:, i], 2) for i in range(len(names))]
    for name, row in zip(names, rows, strict=True):
        scores["per_label"][name].update(row)
    for score in ("matthews_correlation", "cohen_kappa"):
        known = [value for row in rows if (value := row[score]) is not None]
        scores["macro"][score] = sum(known) / len(known) if known else None


def _agreement(labels: np.ndarray, predicted: np.ndarray, count: int) -> dict[str, float | None]:
    """Compute Matthews correlation and kappa from counts, by scikit-learn's formulas."""
    total = len(labels)
    if not total:
        return {"matthews_correlation": None, "cohen_kappa": None}
    actual = np.bincount(labels, minlength=count).astype(np.float64)
    decided = np.bincount(predicted, minlength=count).astype(np.float64)
    right = float((labels == predicted).sum())
    by_chance = float(actual @ decided)
    spread = (total**2 - float(actual @ actual)) * (total**2 - float(decided @ decided))
    covariance = right * total - by_chance
    rest = total**2 - by_chance
    return {
        "matthews_correlation": covariance / math.sqrt(spread) if spread > 0 else 0.0,
        "cohen_kappa": covariance / rest if rest > 0 else None,
    }


def _add_ranked(scores: dict[str, Any], labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str]) -> None:
    if probabilities.shape != (len(labels), len(names)):
        raise DataError(
            f"`probabilities` must have a row for each of the {len(labels)} texts and a column for each of the "
            f"{len(names)} labels; got {probabilities.shape}."
        )
    truth = as_flags(labels, len(names))
    scores["log_loss"] = log_loss(truth, probabilities, exclusive=labels.ndim == 1)
    ranked = rank_scores(truth, probabilities)
    for score in RANKED:
        for average in AVERAGES:
            scores[average][score] = ranked[score][average]
        for name, value in zip(names, ranked[score]["per_label"], strict=True):
            scores["per_label"][name][score] = value
    if undefined := undefined_labels(names, ranked):
        scores["undefined"] = undefined
