"""Two classifiers on the same texts, or one classifier on two data sets, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.evaluation.comparison import Judged, judge_texts
from kerasbert.evaluation.confusions import label_names_of
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.paired import aligned_flags, is_significant, paired_p_values, verdict
from kerasbert.saving.answers import Answers
from kerasbert.saving.trained_classifier import ClassifierLike, trained_of
from kerasbert.tasks.task import Task

# Labels whose F1 differs most, and texts that one has right and the other has not.
LABELS, CHANGED = 12, 6
# Texts, labels and perhaps second texts.
Data = tuple[Any, ...]


class OtherSide(NamedTuple):
    """What a classifier is compared with.

    Args:
        judged: of the other classifier on the same texts, or of the same classifier on other ones.
        names: of the classifier or data set that is judged, and of the other.
        same_texts: whether both predicted the same texts, which are then compared text by text.
    """

    judged: Judged
    names: tuple[str, str]
    same_texts: bool

    @property
    def what(self) -> str:
        """What there are two of."""
        return "classifiers" if self.same_texts else "data sets"


def judge_other_side(
    classifier: Answers,
    compare: ClassifierLike | Data,
    texts: Sequence[str],
    labels: Any,
    text_pairs: Sequence[str] | None = None,
    *,
    names: Sequence[str] = ("this", "the other"),
) -> OtherSide:
    """Predict with another classifier, or other texts.

    Args:
        classifier: that is judged.
        compare: another classifier of the same heads and tasks; or the texts and labels, and perhaps second texts, of
            another data set.
        texts: on which the classifier is judged.
        labels: of the texts.
        text_pairs: second texts.
        names: of the two classifiers or data sets.

    Raises:
        ConfigError: when the other classifier has other heads, or there are not two names.
        DataError: when a label is not known to the other classifier, or other data cannot be used.
    """
    if len(names) != 2 or names[0] == names[1] or not all(isinstance(name, str) and name for name in names):
        raise ConfigError(f"`compare_names` must be two different names; got {shorten(names)}.")
    pair = (names[0], names[1])
    if isinstance(compare, tuple):
        if len(compare) not in (2, 3):
            raise ConfigError(
                f"`compare` must be a classifier, or (texts, labels) or (texts, labels, text_pairs) of another data set; "
                f"got {len(compare)} values."
            )
        other_texts = check_texts("compare", compare[0])
        return OtherSide(judge_texts(classifier, other_texts, *compare[1:]), pair, same_texts=False)
    other = trained_of(compare)
    own_heads, other_heads = (
        {head: task.name for head, task in one.outputs.tasks.items()} for one in (classifier, other)
    )
    if own_heads != other_heads:
        raise ConfigError(
            f"`compare` must have the heads of the classifier, {own_heads}; got {other_heads}. Compare classifiers of one task."
        )
    try:
        return OtherSide(judge_texts(other, texts, labels, text_pairs), pair, same_texts=True)
    except DataError as error:
        raise DataError(f"`compare` cannot be judged by these texts and labels: {error}") from error


def compare_sides(outcomes: Mapping[str, Outcome], other: OtherSide) -> dict[str, dict[str, Any]]:
    """Compare each head that both have known labels for; see `_compare`."""
    others = other.judged.outcomes
    return {
        head: _compare(one, others[head], other) for head, one in outcomes.items() if len(one) and len(others[head])
    }


def _compare(own: Outcome, other: Outcome, side: OtherSide) -> dict[str, Any]:
    """Compare two outcomes of a head.

    Returns:
        `what` there are two of, their `names`, `num_examples` and `scores`; `verdict`, a sentence; `rows`: `title`, `values` and
        `intervals` of both, `gain`, `p_value` (None unless the texts are the same) and `is_clear`; `labels`: `name`, `f1`
        and `support` of both and `gain`, where F1 differs most; and of the same texts `gained` and `lost`, see `_changed`.
    """
    scores, theirs = own.score(), other.score()
    p_values = paired_p_values(own, other) if side.same_texts else None
    rows = _rows(own, other, (scores, theirs), p_values)
    found = {
        "what": side.what,
        "names": list(side.names),
        "num_examples": [len(own), len(other)],
        "scores": [scores, theirs],
        "rows": rows,
        "labels": _labels(scores["per_label"], theirs["per_label"]),
    }
    if p_values is None:
        return found | {"verdict": _verdict_of_data(own.task, rows, side.names), "gained": None, "lost": None}
    true, first, second = aligned_flags(own, other)
    right, other_right = ((true == flags).all(axis=1) for flags in (first, second))
    return found | {
        "verdict": verdict(own.task, scores, theirs, p_values, names=side.names),
        "gained": _changed(own, second, right & ~other_right),
        "lost": _changed(own, second, other_right & ~right),
    }


def _rows(
    own: Outcome,
    other: Outcome,
    scores: tuple[Mapping[str, Any], Mapping[str, Any]],
    p_values: Mapping[str, float] | None,
) -> list[dict[str, Any]]:
    intervals = [one.task.intervals(one.y_true, one.y_pred) for one in (own, other)]
    rows = []
    for measure in own.task.compared:
        first, second = measure.of(scores[0]), measure.of(scores[1])
        if first is None or second is None:
            continue
        both = [interval.get(measure.key) for interval in intervals]
        p_value = (p_values or {}).get(measure.key)
        is_clear = is_significant(p_value) if p_values is not None else _are_apart(*both)
        row = {"title": measure.heading, "key": measure.key, "values": [first, second], "intervals": both}
        rows.append(row | {"gain": first - second, "p_value": p_value, "is_clear": is_clear})
    return rows


def _are_apart(first: tuple[float, float] | None, second: tuple[float, float] | None) -> bool:
    return first is not None and second is not None and (first[0] > second[1] or second[0] > first[1])


def _verdict_of_data(task: Task, rows: Sequence[Mapping[str, Any]], names: tuple[str, str]) -> str:
    row = next((row for row in rows if row["key"] == task.measure.key), None)
    if row is None:
        return "Nothing to compare: no text has a known label here."
    first, second = (
        f"{value:.4f} on {name}" + (f" (95 % {interval[0]:.3f} to {interval[1]:.3f})" if interval else "")
        for value, name, interval in zip(row["values"], names, row["intervals"], strict=True)
    )
    if row["is_clear"]:
        return (
            f"The data sets are not equally hard: {task.measure.title} {first} and {second}; the intervals are apart."
        )
    return f"No clear difference: {task.measure.title} {first} and {second}; the intervals overlap."


def _labels(own: Mapping[str, Any], other: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the labels whose F1 differs most, of those that both have texts of."""
    rows = [
        {
            "name": name,
            "f1": [values["f1"], other[name]["f1"]],
            "support": [values["support"], other[name]["support"]],
            "gain": values["f1"] - other[name]["f1"],
        }
        for name, values in own.items()
        if name in other and values["support"] and other[name]["support"]
    ]
    differing = [row for row in rows if row["gain"]]
    return sorted(differing, key=lambda row: -abs(row["gain"]))[:LABELS]


def _changed(own: Outcome, other_flags: np.ndarray, is_changed: np.ndarray) -> dict[str, Any]:
    """Count texts that one side has right and the other has not; list those that `own` is surest of.

    Returns:
        `count`, and `texts`: `row`, from 1, and the names `true`, `predicted` and `other`.
    """
    confidence = own.task.confidence(own.probabilities)
    rows = np.flatnonzero(is_changed)
    surest = rows[np.argsort(-confidence[rows], kind="stable")][:CHANGED]
    texts = [
        {
            "row": int(own.rows[row]) + 1,
            "true": label_names_of(own, own.true_flags[row]),
            "predicted": label_names_of(own, own.predicted_flags[row]),
            "other": label_names_of(own, other_flags[row]),
        }
        for row in surest
    ]
    return {"count": len(rows), "texts": texts}
