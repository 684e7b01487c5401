"""Evaluate a classifier on labelled texts, alone or beside a baseline that predicted the same texts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.evaluation.outcomes import Outcome, outcomes_by_head
from kerasbert.evaluation.paired import is_significant, paired_p_values, verdict
from kerasbert.saving.answers import Answers
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.task import Task


class Judged(NamedTuple):
    """What a classifier made of n labelled texts.

    Args:
        outcomes: head name -> its predictions of the texts whose label is known.
        probabilities: head name -> (n, units), of all texts.
        together: what `score_hierarchy` gives for the levels of a hierarchy; None for other heads.
        vectors: what the heads read, float32 (n, hidden); None where it was not asked for.
    """

    outcomes: dict[str, Outcome]
    probabilities: Mapping[str, np.ndarray]
    together: dict[str, Any] | None = None
    vectors: np.ndarray | None = None


def judge_texts(
    classifier: Answers,
    texts: Sequence[str],
    labels: Any,
    text_pairs: Sequence[str] | None = None,
    *,
    with_vectors: bool = False,
) -> Judged:
    """Predict labelled texts in one pass.

    Raises:
        DataError: when there is no text, or a text or label cannot be used.
    """
    y_true, vectors = _encode(classifier, texts, labels), None
    if with_vectors and isinstance(classifier, TrainedClassifier):
        probabilities, vectors = classifier.probabilities_and_vectors(texts, text_pairs)
    else:
        probabilities = classifier.probabilities(texts, text_pairs)
    y_pred = classifier.y_pred(probabilities)
    outcomes = outcomes_by_head(classifier.outputs, y_true, probabilities, y_pred, classifier.thresholds)
    return Judged(outcomes, probabilities, classifier.outputs.score_together(y_true, y_pred), vectors)


def evaluate_with_baseline(
    classifier: Answers,
    texts: Sequence[str],
    labels: Any,
    baseline: Mapping[str, Any],
    text_pairs: Sequence[str] | None = None,
    probabilities: Mapping[str, np.ndarray] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Evaluate with intervals; return the scores and their comparison with a baseline, see `compare_heads`."""
    y_true = _encode(classifier, texts, labels)
    outputs = classifier.outputs
    if probabilities is None:
        probabilities = classifier.probabilities(texts, text_pairs)
    scores = outputs.evaluate(y_true, probabilities, classifier.thresholds, intervals=True)
    classifier.add_doubts(scores, y_true, probabilities)
    outcomes = outcomes_by_head(outputs, y_true, probabilities, classifier.y_pred(probabilities))
    by_head = {SINGLE_HEAD: scores} if SINGLE_HEAD in outcomes else scores
    known = {head: by_head[head] for head, outcome in outcomes.items() if len(outcome)}
    return scores, compare_heads(outcomes, known, baseline) or {}


def compare_heads(
    outcomes: Mapping[str, Outcome], scores: Mapping[str, Mapping[str, Any]], baseline: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Compare a model with its baseline, by head where there are several; None without a baseline.

    Raises:
        DataError: when the baseline has other texts or labels.
    """
    if not baseline:
        return None
    others = getattr(baseline, "outcomes", {})
    several = list(outcomes) != [SINGLE_HEAD]
    compared = {}
    for head, own in scores.items():
        p_values = paired_p_values(outcomes[head], others[head]) if head in others else None
        other_scores = baseline.get(head, {}) if several else baseline
        compared[head] = compare_with_baseline(outcomes[head].task, own, other_scores, p_values)
    return compared if several else compared[SINGLE_HEAD]


def compare_with_baseline(
    task: Task, scores: Mapping[str, Any], baseline: Mapping[str, Any], p_values: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Compare a model with its baseline by the scores that both have.

    Returns:
        `verdict`, a sentence, and `rows`: `title`, `model`, `baseline`, `gain`, `p_value` (None where the baseline's
        predictions are not known) and `is_clear`, whether the gain is significant, of each score.
    """
    rows = []
    for measure in task.compared:
        own, other = measure.of(scores), measure.of(baseline)
        if own is not None and other is not None:
            p_value = (p_values or {}).get(measure.key)
            compared = {"title": measure.heading, "model": own, "baseline": other, "gain": own - other}
            rows.append(compared | {"p_value": p_value, "is_clear": is_significant(p_value)})
    return {"verdict": verdict(task, scores, baseline, p_values), "rows": rows}


def _encode(classifier: Answers, texts: Sequence[str], labels: Any) -> Mapping[str, np.ndarray]:
    if not len(texts):
        raise DataError("`texts` must hold at least one text to evaluate; got none.")
    y_true = classifier.encode_labels(labels)
    for head, array in y_true.items():
        if len(array) != len(texts):
            where = "" if head == SINGLE_HEAD else f" of {head!r}"
            raise DataError(f"`labels`{where} must be as many as `texts`, {len(texts)}; got {len(array)}.")
    return y_true
