"""Paired tests of two classifiers on the same texts: do their scores differ by more than chance?"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert.evaluation.outcomes import Outcome

# Of texts on which two classifiers differ: so few have all their exchanges tried, more have some drawn.
EXACT_TEXTS = 11
EXCHANGES = 4999
# Exchanges at a time.
CHUNK = 500
# Below this probability of chance a difference counts.
SIGNIFICANCE = 0.05
MCNEMAR, EXCHANGING = "McNemar's exact test", "paired randomisation test"


def paired_p_values(model: Outcome, other: Outcome, *, seed: int = 0) -> dict[str, float]:
    """How likely differences as large as those of two classifiers are by chance, were both equally good.

    Accuracy is judged by McNemar's exact test. For F1 scores the two answers to a text change places at random, text by
    text: the p-value is the share of exchanges whose difference is at least as large. For at most 11 texts with different
    answers all exchanges are tried.

    Args:
        model: what one classifier answered.
        other: what the other answered on the same texts; labels that `model` does not know count as mistakes.
        seed: of the exchanges.

    Returns:
        `accuracy`, `macro_f1`, `micro_f1` and `weighted_f1`, and `f1` of the last label -> p-value in (0, 1].

    Raises:
        DataError: when the two were not judged on the same texts and labels.

    Example:
        >>> ids, values = np.array([0, 1] * 3), np.full((6, 2), 0.5)
        >>> perfect, constant = (Outcome("", "multiclass", ("a", "b"), np.arange(6), ids, values, one) for one in (ids, ids * 0))
        >>> paired_p_values(perfect, constant)["accuracy"]
        0.25

    Reference:
        McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages", 1947; Yeh,
        "More Accurate Tests for the Statistical Significance of Result Differences", 2000.
    """
    truth, own, theirs = _aligned(model, other)
    return {"accuracy": _mcnemar(truth, own, theirs), **_exchange(truth, own, theirs, seed)}


def verdict(
    task: str, scores: Mapping[str, Any], baseline: Mapping[str, Any], p_values: Mapping[str, float] | None
) -> str:
    """Compare a model with its baseline by the score that the task is judged by.

    Args:
        task: `"binary"` (F1 of the positive label), `"multiclass"` (accuracy) or `"multilabel"` (macro-F1).
        scores: of the model, see `score_predictions`.
        baseline: of the other.
        p_values: from `paired_p_values`; None where the baseline's answers are not known.

    Returns:
        A sentence; it names no winner where the difference may be chance.

    Example:
        >>> verdict("multiclass", {"accuracy": 0.9, "num_examples": 400}, {"accuracy": 0.95}, {"accuracy": 0.004})
        "The baseline wins: accuracy 0.9500 against 0.9000 on the same 400 texts (p = 0.0040, McNemar's exact test). It is \
fitted in seconds; BERT is not worth it here as it is."
    """
    name, key, own, theirs = {
        "binary": ("F1", "f1", scores.get("f1"), baseline.get("f1")),
        "multiclass": ("accuracy", "accuracy", scores.get("accuracy"), baseline.get("accuracy")),
        "multilabel": ("macro-F1", "macro_f1", *(one.get("macro", {}).get("f1") for one in (scores, baseline))),
    }[task]
    if own is None or theirs is None:
        return "Nothing to compare: no text has a known label here."
    if p_values is None:
        return (
            f"No winner is named: {name} {own:.4f} of the model and {theirs:.4f} of the baseline were not compared text by "
            f"text; give what `score_baseline` returns."
        )
    p_value = p_values[key]
    how = f"p = {format_p_value(p_value)}, {MCNEMAR if key == 'accuracy' else EXCHANGING}"
    texts = f"the same {scores['num_examples']:,} texts"
    if not is_clear(p_value):
        return (
            f"No clear winner: {name} {own:.4f} of the model and {theirs:.4f} of the baseline differ no more than chance "
            f"would make them on {texts} ({how})."
        )
    if own > theirs:
        return f"The model wins: {name} {own:.4f} against {theirs:.4f} of the baseline on {texts} ({how})."
    return (
        f"The baseline wins: {name} {theirs:.4f} against {own:.4f} on {texts} ({how}). It is fitted in seconds; BERT is not "
        f"worth it here as it is."
    )


def is_clear(p_value: float | None) -> bool:
    """Whether a difference is more than chance; never where that is not known."""
    return p_value is not None and p_value < SIGNIFICANCE


def format_p_value(p_value: float | None) -> str:
    """A p-value with four digits; a dash where it is not known.

    Example:
        >>> format_p_value(0.25), format_p_value(1e-9), format_p_value(None)
        ('0.2500', '< 0.0001', '–')
    """
    if p_value is None:
        return "–"
    return f"{p_value:.4f}" if p_value >= 1e-4 else "< 0.0001"


def _aligned(model: Outcome, other: Outcome) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and the decisions of both, as bool (n, C) in the order of the model's labels."""
    places = [other.label_names.index(name) if name in other.label_names else -1 for name in model.label_names]

    def columns(flags: np.ndarray) -> np.ndarray:
        return np.concatenate([flags, np.zeros((len(flags), 1), bool)], axis=1)[:, places]

    truth = model.truth
    if not np.array_equal(model.rows, other.rows) or not np.array_equal(truth, columns(other.truth)):
        raise DataError(
            f"`baseline` must have been judged on the same texts and labels as the model; those of {model.head!r} differ "
            f"({len(other)} and {len(model)} texts). Give `score_baseline` the same test texts, in the same order."
        )
    return truth, model.chosen, columns(other.chosen)


def _mcnemar(truth: np.ndarray, own: np.ndarray, theirs: np.ndarray) -> float:
    from scipy.stats import binomtest

    right, also = ((truth == decided).all(axis=1) for decided in (own, theirs))
    gained, lost = int((right & ~also).sum()), int((also & ~right).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def _exchange(truth: np.ndarray, own: np.ndarray, theirs: np.ndarray, seed: int) -> dict[str, float]:
    """p-values of F1 scores by exchanging the answers of two classifiers."""
    differs = (own != theirs).any(axis=1)
    number = int(differs.sum())
    is_exact = number <= EXACT_TEXTS
    total = 2**number if is_exact else EXCHANGES
    random = np.random.default_rng(seed)
    support = truth.sum(axis=0).astype(np.float64)
    counts = [(flags & truth).sum(axis=0, dtype=np.float64) for flags in (own, theirs)]
    marked = [flags.sum(axis=0) + support for flags in (own, theirs)]
    moved = (theirs.astype(np.float32) - own.astype(np.float32))[differs]  # (m, C)
    moved_hits = moved * truth[differs]
    observed = _differences(counts, marked, support, np.zeros((1, len(support))), np.zeros((1, len(support))))
    reached = dict.fromkeys(observed, 0 if is_exact else 1)
    for start in range(0, total, CHUNK):
        size = min(CHUNK, total - start)
        if is_exact:
            swaps = (np.arange(start, start + size)[:, None] >> np.arange(number)) & 1
        else:
            swaps = random.integers(0, 2, (size, number))
        swaps = swaps.astype(np.float32)
        found = _differences(counts, marked, support, swaps @ moved_hits, swaps @ moved)
        for name, values in found.items():
            # Rounding must not make an equal difference a smaller one.
            reached[name] += int((np.abs(values) >= np.abs(observed[name]) - 1e-12).sum())
    return {name: count / (total if is_exact else total + 1) for name, count in reached.items()}


def _differences(
    counts: list, marked: list, support: np.ndarray, moved_hits: np.ndarray, moved: np.ndarray
) -> dict[str, np.ndarray]:
    """Of each exchange the F1 scores of the one less those of the other, (r,)."""
    own = _f1_scores(counts[0] + moved_hits, marked[0] + moved, support)
    theirs = _f1_scores(counts[1] - moved_hits, marked[1] - moved, support)
    return {name: own[name] - theirs[name] for name in own}


def _f1_scores(hits: np.ndarray, marked: np.ndarray, support: np.ndarray) -> dict[str, np.ndarray]:
    """F1 scores from counts by label, (r, C); `marked` is support and decisions together."""
    f1 = np.divide(2 * hits, marked, out=np.zeros_like(hits), where=marked > 0)
    return {
        "macro_f1": f1.mean(axis=1),
        "micro_f1": 2 * hits.sum(axis=1) / np.maximum(marked.sum(axis=1), 1),
        "weighted_f1": f1 @ support / max(support.sum(), 1),
        "f1": f1[:, -1],
    }
