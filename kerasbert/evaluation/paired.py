"""Paired significance tests of two classifiers on the same texts."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.tasks.task import Task

# Up to so many texts with different predictions the randomisation test is exact: it enumerates all 2^n exchanges.
EXACT_TEXTS = 11
# Random exchanges of more texts.
EXCHANGES = 4999
# Exchanges at a time.
CHUNK = 500
SIGNIFICANCE = 0.05
BASELINE = "the baseline"
MCNEMAR, RANDOMISATION = "McNemar's exact test", "paired randomisation test"


def paired_p_values(model: Outcome, other: Outcome, *, seed: int = 0) -> dict[str, float]:
    """Test the differences between two classifiers on the same texts; return score name -> p-value.

    Accuracy is tested by McNemar's exact test; `macro_f1`, `micro_f1`, `weighted_f1` and `f1` of the last label by a
    paired randomisation test, which exchanges the two predictions for random texts.

    Args:
        model: of one classifier.
        other: of the other; predictions of labels that `model` does not know count as mistakes.
        seed: of the exchanges.

    Raises:
        DataError: when the two have different texts or labels.

    Reference:
        McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages", 1947; Yeh,
        "More Accurate Tests for the Statistical Significance of Result Differences", 2000.
    """
    true, first, second = aligned_flags(model, other)
    return {"accuracy": _mcnemar(true, first, second), **_randomisation_test(true, first, second, seed)}


def verdict(
    task: Task,
    scores: Mapping[str, Any],
    baseline: Mapping[str, Any],
    p_values: Mapping[str, float] | None,
    *,
    names: tuple[str, str] = ("the model", BASELINE),
) -> str:
    """State in a sentence which of two, such as model and baseline, wins by the main score, if the difference is significant."""
    first, second = names
    name, key = task.measure.title, task.measure.key
    own, theirs = task.measure.of(scores), task.measure.of(baseline)
    if own is None or theirs is None:
        return "Nothing to compare: no text has a known label here."
    if p_values is None:
        return (
            f"No winner is named: {name} {own:.4f} of {first} and {theirs:.4f} of {second} were not compared text by "
            f"text; give what `score_baseline` returns."
        )
    p_value = p_values[key]
    shown = format_p_value(p_value)
    how = f"p {shown if shown.startswith('<') else f'= {shown}'}, {MCNEMAR if key == 'accuracy' else RANDOMISATION}"
    texts = f"the same {scores['num_examples']:,} texts"
    if not is_significant(p_value):
        return (
            f"No clear winner: {name} {own:.4f} of {first} and {theirs:.4f} of {second} differ no more than chance "
            f"would make them on {texts} ({how})."
        )
    if own > theirs:
        return f"{_capital(first)} wins: {name} {own:.4f} against {theirs:.4f} of {second} on {texts} ({how})."
    advice = " It is fitted in seconds; BERT is not worth it here as it is." if second == BASELINE else ""
    return f"{_capital(second)} wins: {name} {theirs:.4f} against {own:.4f} on {texts} ({how}).{advice}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith("the ") else text


def is_significant(p_value: float | None) -> bool:
    """Whether a difference is significant; an unknown p-value never is."""
    return p_value is not None and p_value < SIGNIFICANCE


def format_p_value(p_value: float | None) -> str:
    """Format a p-value with four digits, an unknown one as a dash."""
    if p_value is None:
        return "–"
    return f"{p_value:.4f}" if p_value >= 1e-4 else "< 0.0001"


def aligned_flags(model: Outcome, other: Outcome) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the true labels and both predictions, bool (n, C), in the order of the model's labels.

    Raises:
        DataError: when the two have different texts or labels.
    """
    places = [other.label_names.index(name) if name in other.label_names else -1 for name in model.label_names]

    def columns(flags: np.ndarray) -> np.ndarray:
        return np.concatenate([flags, np.zeros((len(flags), 1), bool)], axis=1)[:, places]

    true = model.true_flags
    if not np.array_equal(model.rows, other.rows) or not np.array_equal(true, columns(other.true_flags)):
        raise DataError(
            f"`baseline` must be of the same texts and labels as the model; those of {model.head!r} differ "
            f"({len(other)} and {len(model)} texts). Give `score_baseline` the same test texts, in the same order."
        )
    return true, model.predicted_flags, columns(other.predicted_flags)


def _mcnemar(true: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import binomtest

    # Only texts that one classifier has right and the other wrong tell them apart: a fair coin under the hypothesis.
    is_right, is_other_right = ((true == predicted).all(axis=1) for predicted in (first, second))
    gained, lost = int((is_right & ~is_other_right).sum()), int((is_other_right & ~is_right).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def _randomisation_test(true: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int) -> dict[str, float]:
    """Return the share of exchanges after which the F1 scores differ at least as much as observed.

    A score depends on the predictions through counts by label alone. So an exchange is a sum over the exchanged texts of
    what each moves from one classifier's counts to the other's, and many exchanges are one matrix product.
    """
    differs = (first != second).any(axis=1)
    number = int(differs.sum())
    is_exact = number <= EXACT_TEXTS
    total = 2**number if is_exact else EXCHANGES
    random = np.random.default_rng(seed)
    support = true.sum(axis=0).astype(np.float64)
    hits = [(flags & true).sum(axis=0, dtype=np.float64) for flags in (first, second)]
    marked = [flags.sum(axis=0) + support for flags in (first, second)]
    moves = (second.astype(np.float32) - first.astype(np.float32))[differs]  # (m, C)
    moved_hits = moves * true[differs]  # (m, C)

    def differences(swaps: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the differences of the F1 scores after each exchange, (r,)."""
        more_hits, more = swaps @ moved_hits, swaps @ moves  # (r, C)
        changed_first = _f1_scores(hits[0] + more_hits, marked[0] + more, support)
        changed_second = _f1_scores(hits[1] - more_hits, marked[1] - more, support)
        return {name: changed_first[name] - changed_second[name] for name in changed_first}

    observed = differences(np.zeros((1, number), np.float32))
    # Of random exchanges the observed one counts as drawn too, or a p-value could be 0.
    reached = dict.fromkeys(observed, 0 if is_exact else 1)
    for start in range(0, total, CHUNK):
        size = min(CHUNK, total - start)
        if is_exact:
            # The bits of the numbers from 0 to 2^m - 1.
            swaps = (np.arange(start, start + size)[:, None] >> np.arange(number)) & 1
        else:
            swaps = random.integers(0, 2, (size, number))
        for name, values in differences(swaps.astype(np.float32)).items():
            # Rounding must not make an equal difference a smaller one.
            reached[name] += int((np.abs(values) >= np.abs(observed[name]) - 1e-12).sum())
    return {name: count / (total if is_exact else total + 1) for name, count in reached.items()}


def _f1_scores(hits: np.ndarray, marked: np.ndarray, support: np.ndarray) -> dict[str, np.ndarray]:
    """Compute F1 scores from counts by label, (r, C); `marked` counts labels and predictions."""
    f1 = np.divide(2 * hits, marked, out=np.zeros_like(hits), where=marked > 0)
    return {
        "macro_f1": f1.mean(axis=1),
        "micro_f1": 2 * hits.sum(axis=1) / np.maximum(marked.sum(axis=1), 1),
        "weighted_f1": f1 @ support / max(support.sum(), 1),
        "f1": f1[:, -1],
    }
