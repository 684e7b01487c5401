"""A classifier judged on labelled texts, alone or beside a baseline that answered the same texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.evaluation.outcomes import Outcome, outcomes_by_head
from kerasbert.evaluation.paired import paired_p_values
from kerasbert.evaluation.report.findings import compare_with_baseline
from kerasbert.objectives.level_decisions import score_hierarchy
from kerasbert.saving.trained_classifier import TrainedClassifier


def collect_outcomes(
    classifier: TrainedClassifier, texts: Sequence[str], labels: Any, text_pairs: Sequence[str] | None = None
) -> tuple[dict[str, Outcome], dict[str, Any] | None]:
    """What a classifier answers on labelled texts; they go through the model once.

    Args:
        classifier: the classifier.
        texts: n >= 1 texts.
        labels: as for `fit`.
        text_pairs: n second texts.

    Returns:
        Head or level name -> outcome over the texts whose label is known; and, for a hierarchical classifier, what
        `score_hierarchy` gives.

    Raises:
        DataError: when there is no text, or a text or label cannot be used.
    """
    encoded = _encoded_labels(classifier, texts, labels)
    probabilities = classifier.probabilities(texts, text_pairs)
    outcomes, decided = _outcomes(classifier, encoded, probabilities)
    tree = classifier.model.hierarchy
    if tree is None:
        return outcomes, None
    return outcomes, score_hierarchy(encoded, decided, tree.hierarchy, several=not tree.exclusive)


def score_beside(
    classifier: TrainedClassifier,
    texts: Sequence[str],
    labels: Any,
    baseline: Mapping[str, Any],
    text_pairs: Sequence[str] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of a classifier with their intervals, and how it compares with a baseline; the texts are read once.

    Args:
        classifier: the classifier.
        texts: n >= 1 texts.
        labels: as for `fit`.
        baseline: see `write_report`.
        text_pairs: n second texts.

    Returns:
        What `TrainedClassifier.evaluate` gives, and what `compare_heads` does.

    Raises:
        DataError: when there is no text, a text or label cannot be used, or the baseline was judged on others.
    """
    encoded = _encoded_labels(classifier, texts, labels)
    probabilities = classifier.probabilities(texts, text_pairs)
    outcomes, _ = _outcomes(classifier, encoded, probabilities)
    scores = classifier.evaluate_probabilities(probabilities, labels, intervals=True)
    by_head = {SINGLE_HEAD: scores} if SINGLE_HEAD in outcomes else scores
    judged = {head: by_head[head] for head, one in outcomes.items() if len(one)}
    return scores, compare_heads(outcomes, judged, baseline) or {}


def _encoded_labels(classifier: TrainedClassifier, texts: Sequence[str], labels: Any) -> Mapping[str, np.ndarray]:
    if not len(texts):
        raise DataError("`texts` must hold at least one text to judge by; got none.")
    encoded = classifier.encode_labels(labels)
    _check_counts(texts, encoded)
    return encoded


def _outcomes(
    classifier: TrainedClassifier, encoded: Mapping[str, np.ndarray], probabilities: Mapping[str, np.ndarray]
) -> tuple[dict[str, Outcome], dict[str, np.ndarray]]:
    """What each head answered where the label is known, and the decisions on all texts."""
    y_pred = classifier.y_pred(probabilities)
    return outcomes_by_head(classifier.outputs, encoded, probabilities, y_pred, classifier.thresholds), y_pred


def _check_counts(texts: Sequence[str], encoded: Mapping[str, np.ndarray]) -> None:
    for head, array in encoded.items():
        if len(array) != len(texts):
            where = "" if head == SINGLE_HEAD else f" of {head!r}"
            raise DataError(f"`labels`{where} must be as many as `texts`, {len(texts)}; got {len(array)}.")


def compare_heads(
    outcomes: Mapping[str, Outcome], scores: Mapping[str, Mapping[str, Any]], baseline: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Compare a model with its baseline, head by head, on the same texts.

    Args:
        outcomes: head or level name -> what the model answered, see `collect_outcomes`.
        scores: the same name -> scores of the model, for heads with a known label.
        baseline: see `write_report`.

    Returns:
        What `compare_with_baseline` gives; by head or level for several; None without a baseline.

    Raises:
        DataError: when the baseline was judged on other texts or labels.
    """
    if not baseline:
        return None
    answered = getattr(baseline, "outcomes", {})
    several = list(outcomes) != [SINGLE_HEAD]
    found = {}
    for head, own in scores.items():
        other = answered.get(head)
        p_values = None if other is None else paired_p_values(outcomes[head], other)
        others = baseline.get(head, {}) if several else baseline
        found[head] = compare_with_baseline(outcomes[head].task, own, others, p_values)
    return found if several else found[SINGLE_HEAD]
