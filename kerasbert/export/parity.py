"""Compare an exported SavedModel with its classifier."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerasbert._core.names import OUT_OF_SCOPE_SCORE
from kerasbert.export.comparison import Ask, compare_probabilities
from kerasbert.export.decisions import COVERAGE_DIGITS
from kerasbert.export.serving_module import COVERAGE, SETS, field_name
from kerasbert.saving.trained_classifier import TrainedClassifier

USUAL_COVERAGE = 0.9


def parity_report(
    loaded: Any, classifier: TrainedClassifier, texts: Sequence[str], labels: Any = None
) -> dict[str, Any]:
    """Compare a SavedModel, loaded by `tf.saved_model.load`, with its classifier, and time it.

    Returns:
        What `compare_probabilities` gives, and `different_labels`, texts for which the graph names another set of labels; with
        an out-of-scope score also `largest_score_difference`.
    """
    heads, answers = classifier.model.heads, []

    def ask(some: Sequence[str]) -> dict[str, np.ndarray]:
        answers.append(_serve(loaded, some))
        return {head: answers[-1][field_name(head, "probabilities")] for head in heads}

    expected = classifier.probabilities(texts)
    report = compare_probabilities(classifier, ask, texts, labels, expected=expected)
    if classifier.out_of_scope is not None:
        served = np.concatenate([answer[OUT_OF_SCOPE_SCORE] for answer in answers])[: len(texts)]
        report["largest_score_difference"] = float(
            np.abs(served - classifier.out_of_scope_score(texts)).max(initial=0.0)
        )
    named = {head: [row for answer in answers for row in _named_rows(answer, head)][: len(texts)] for head in heads}
    return {**report, "different_labels": _different_labels(classifier, expected, named)}


def count_different_sets(loaded: Any, classifier: TrainedClassifier, texts: Sequence[str]) -> int:
    """Count the texts for which the graph gives another prediction set than the classifier, of the largest coverage of both."""
    coverage = min(USUAL_COVERAGE, classifier.prediction_sets.largest_coverage)
    batch = tf.constant([text.encode() for text in texts])
    answer = loaded.signatures[SETS](**{"text": batch, COVERAGE: tf.constant(coverage, tf.float32)})
    served = {name: value.numpy() for name, value in answer.items()}
    expected = classifier.predict_set(texts, coverage=round(float(np.float32(coverage)), COVERAGE_DIGITS))
    different = np.zeros(len(texts), dtype=bool)
    for head in classifier.model.heads:
        own = expected[head] if isinstance(expected, dict) else expected
        different |= [rows != set(map(str, one)) for rows, one in zip(_named_rows(served, head), own, strict=True)]
    return int(different.sum())


def ask_saved_model(folder: Path, heads: Sequence[str]) -> Ask:
    """Load an exported version folder, to ask for the probabilities of all labels of its heads, and out-of-scope scores."""
    loaded = tf.saved_model.load(str(folder))

    def ask(texts: Sequence[str]) -> dict[str, np.ndarray]:
        answer = _serve(loaded, texts)
        scores = {OUT_OF_SCOPE_SCORE: answer[OUT_OF_SCOPE_SCORE]} if OUT_OF_SCOPE_SCORE in answer else {}
        return {**{head: answer[field_name(head, "probabilities")] for head in heads}, **scores}

    return ask


def _serve(loaded: Any, texts: Sequence[str]) -> dict[str, np.ndarray]:
    batch = tf.constant([text.encode() for text in texts])
    return {name: value.numpy() for name, value in loaded.signatures["serving_default"](text=batch).items()}


def _named_rows(answer: dict[str, np.ndarray], head: str) -> list[set[str]]:
    """Return the labels that the graph chose for each text."""
    labels, counts = answer[field_name(head, "labels")], answer[field_name(head, "count")]
    return [{label.decode() for label in row[:count]} for row, count in zip(labels, counts, strict=True)]


def _different_labels(
    classifier: TrainedClassifier, expected: Mapping[str, np.ndarray], named: dict[str, list[set[str]]]
) -> int:
    decided: Any = classifier.named(expected)
    different = np.zeros(len(next(iter(named.values()))), dtype=bool)
    for head, rows in named.items():
        chosen, names = (
            decided[head] if isinstance(decided, dict) else decided,
            classifier.model.heads[head].label_names,
        )
        different |= [served != label_set(value, names) for served, value in zip(rows, chosen, strict=True)]
    return int(different.sum())


def label_set(value: Any, names: Sequence[str]) -> set[str]:
    """Return the labels of one text, as `TextClassifier.predict` gives them, as a set of names."""
    if isinstance(value, np.ndarray):
        return {names[index] for index in np.flatnonzero(value).tolist()}
    return set(map(str, value)) if isinstance(value, list) else {str(value)}
