import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test
from sklearn.metrics import f1_score

from kerasbert import Binary, DataError, Multiclass
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.paired import EXACT_TEXTS, format_p_value, is_significant, paired_p_values, verdict
from kerasbert.tasks.table import TASKS

NAMES = ("a", "b", "c")


def outcome(task, y_true, y_pred, names=NAMES):
    values = np.zeros((len(y_true), 1 if task == "binary" else len(names)))
    return Outcome(
        "topic", TASKS[task].of(names), np.arange(len(y_true)), np.asarray(y_true), values, np.asarray(y_pred)
    )


def labels_and_predictions(task, number, differing, seed=0):
    """Labels and two predictions that differ in some texts."""
    random = np.random.default_rng(seed)
    if task == "multilabel":
        labels = (random.random((number, 3)) < 0.4).astype(int)
        own = labels ^ (random.random(labels.shape) < 0.15)
        other = own.copy()
        other[:differing, random.integers(3)] ^= 1
        return labels, own, other
    labels = random.integers(0, 2 if task == "binary" else 3, number)
    own = np.where(random.random(number) < 0.8, labels, 0)
    other = own.copy()
    other[:differing] = (own[:differing] + 1) % (2 if task == "binary" else 3)
    return (labels[:, None], own[:, None], other[:, None]) if task == "binary" else (labels, own, other)


def by_scipy(labels, own, other, **options):
    """The same test by SciPy: the two answers to a text change places."""
    differs = (own != other).reshape(len(own), -1).any(axis=1)

    def score(is_other):
        flags = np.zeros(len(labels), bool)
        flags[differs] = is_other
        return f1_score(labels, np.where(flags.reshape(-1, *[1] * (labels.ndim - 1)), other, own), **options)

    def difference(first, second):
        return score(first > 0) - score(second > 0)

    sides = np.zeros(differs.sum()), np.ones(differs.sum())
    arguments = {"permutation_type": "samples", "vectorized": False, "n_resamples": np.inf}
    return permutation_test(sides, difference, **arguments).pvalue


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "binary"])
@pytest.mark.parametrize("seed", range(3))
def test_few_differences_are_tested_as_by_scipy(task, seed):
    names = NAMES[:2] if task == "binary" else NAMES
    labels, own, other = labels_and_predictions(task, 30, 7, seed)
    found = paired_p_values(outcome(task, labels, own, names), outcome(task, labels, other, names))
    flat = [one.reshape(-1) if task == "binary" else one for one in (labels, own, other)]
    for average in ("macro", "micro", "weighted"):
        expected = by_scipy(*flat, average=average, zero_division=0)
        assert found[f"{average}_f1"] == pytest.approx(expected)
    if task == "binary":
        assert found["f1"] == pytest.approx(by_scipy(*flat, zero_division=0))


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 0), (6, 0), (12, 3), (40, 22)])
def test_accuracy_is_tested_by_mcnemar(gained, lost):
    labels = np.zeros(100, int)
    own, other = labels.copy(), labels.copy()
    other[:gained], own[gained : gained + lost] = 1, 2
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    found = paired_p_values(outcome("multiclass", labels, own), outcome("multiclass", labels, other))
    assert found["accuracy"] == pytest.approx(expected) and is_significant(expected) == (expected < 0.05)


def test_many_differences_are_tested_by_random_exchanges():
    labels, own, other = labels_and_predictions("multiclass", 400, 60)
    pair = outcome("multiclass", labels, own), outcome("multiclass", labels, other)
    found = paired_p_values(*pair)
    assert found == paired_p_values(*pair)
    # Micro-F1 of exclusive labels is accuracy, whose probability is known exactly.
    assert found["micro_f1"] == pytest.approx(found["accuracy"], abs=0.02) and 60 > EXACT_TEXTS


def test_chance_is_rarely_taken_for_a_difference():
    random, clear = np.random.default_rng(2), 0
    for _ in range(400):
        labels = (random.random((80, 3)) < 0.3).astype(int)
        pair = [outcome("multilabel", labels, labels ^ (random.random(labels.shape) < 0.2)) for _ in range(2)]
        clear += is_significant(paired_p_values(*pair)["macro_f1"])
    assert clear / 400 < 0.093  # 0.05, less than 4 standard errors away


def test_labels_are_compared_by_name():
    labels, own = np.array([0, 1, 2] * 4), np.array([0, 1, 1] * 4)
    order = np.array([2, 0, 1])  # a is number 2 of the other, and so on
    other = outcome("multiclass", order[labels], order[own], ("b", "c", "a"))
    assert set(paired_p_values(outcome("multiclass", labels, own), other).values()) == {1.0}


def test_other_texts_are_refused():
    labels, own, other = labels_and_predictions("multiclass", 30, 5)
    with pytest.raises(DataError, match="must be of the same texts and labels as the model; those of 'topic' differ"):
        paired_p_values(outcome("multiclass", labels, own), outcome("multiclass", labels[::-1], other))


SCORES = {"num_examples": 1200, "accuracy": 0.9, "f1": 0.8, "macro": {"f1": 0.5}}
ROWS = {
    "clear": ("multiclass", {"accuracy": 0.8}, {"accuracy": 0.01}, "The model wins: accuracy 0.9000 against 0.8000"),
    "worse": ("binary", {"f1": 0.85}, {"f1": 0.001}, "The baseline wins: F1 0.8500 against 0.8000"),
    "chance": ("multilabel", {"macro": {"f1": 0.3}}, {"macro_f1": 0.06}, "No clear winner: macro-F1 0.5000"),
    "alone": ("multiclass", {"accuracy": 0.8}, None, "No winner is named: accuracy 0.9000.*score_baseline"),
    "none": ("multiclass", {"accuracy": None}, {"accuracy": 1.0}, "Nothing to compare"),
}


@pytest.mark.parametrize("name", ROWS)
def test_verdict(name):
    import re

    task, baseline, p_values, start = ROWS[name]
    assert re.match(start, verdict(TASKS[task].of(NAMES[:2]), SCORES, baseline, p_values))


def test_a_verdict_says_how_it_was_found():
    said = verdict(Multiclass(2), SCORES, {"accuracy": 0.89}, {"accuracy": 0.4})
    assert "on the same 1,200 texts (p = 0.4000, McNemar's exact test)" in said
    assert "paired randomisation test" in verdict(Binary(), SCORES, {"f1": 0.7}, {"f1": 0.4})
    assert format_p_value(1e-6) == "< 0.0001"
