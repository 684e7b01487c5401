import tracemalloc

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, f1_score

from kerasbert import ConfigError, DataError
from kerasbert.evaluation import bootstrap_intervals
from kerasbert.objectives.confidence import resampled_scores
from kerasbert.objectives.scores import as_flags, score_predictions
from kerasbert.tasks.table import TASKS

# Few distinct outcomes are drawn from a multinomial, many one by one; both happen here.
RANDOM = np.random.default_rng(3)


def sample(task, n=200, labels=4):
    if task == "multilabel":
        y_true = RANDOM.random((n, labels)) < 0.3
        return y_true.astype(int), (y_true ^ (RANDOM.random(y_true.shape) < 0.1)).astype(int)
    y_true = RANDOM.integers(0, 2 if task == "binary" else labels, n)
    y_pred = np.where(RANDOM.random(n) < 0.8, y_true, 0)
    return (y_true[:, None], y_pred[:, None]) if task == "binary" else (y_true, y_pred)


def intervals(task, y_true, y_pred, **options):
    return TASKS[task].of(("no", "yes") if task == "binary" else tuple("abcd")).intervals(y_true, y_pred, **options)


def plain_loop(task, y_true, y_pred, resamples=500):
    if task == "binary":
        y_true, y_pred = y_true.reshape(-1), y_pred.reshape(-1)
    rows = [RANDOM.integers(0, len(y_true), len(y_true)) for _ in range(resamples)]
    drawn = {"accuracy": [accuracy_score(y_true[row], y_pred[row]) for row in rows]}
    for average in ("macro", "micro", "weighted"):
        drawn[f"{average}_f1"] = [
            f1_score(y_true[row], y_pred[row], average=average, zero_division=np.nan) for row in rows
        ]
    return {name: np.quantile(values, [0.025, 0.975]) for name, values in drawn.items()}


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_agrees_with_a_plain_loop_over_scikit_learn(task):
    y_true, y_pred = sample(task)
    found = intervals(task, y_true, y_pred, resamples=2000)
    assert set(found) - {"f1"} == set(expected := plain_loop(task, y_true, y_pred))
    for name, ends in expected.items():
        assert found[name] == pytest.approx(tuple(ends), abs=0.015)


def test_a_given_sample_scores_as_scikit_learn_scores_it():
    y_true, y_pred = sample("multilabel", n=30)
    weights = RANDOM.multinomial(30, np.full(30, 1 / 30), size=5)
    found = resampled_scores(weights, y_true > 0, y_pred > 0)
    for i, weight in enumerate(weights):
        rows = np.repeat(np.arange(30), weight)
        assert found["accuracy"][i] == pytest.approx(accuracy_score(y_true[rows], y_pred[rows]), abs=1e-6)
        for average in ("macro", "micro", "weighted"):
            score = f1_score(y_true[rows], y_pred[rows], average=average, zero_division=np.nan)
            assert found[f"{average}_f1"][i] == pytest.approx(score)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    right, inside = 0.8, 0
    for run in range(300):
        y_pred = (RANDOM.random(150) < right).astype(int)
        low, high = bootstrap_intervals(np.ones(150, int), y_pred, resamples=300, seed=run)["accuracy"]
        inside += low <= right <= high
    assert 0.91 <= inside / 300 <= 0.985  # 0.95, less than 4 standard errors away


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_holds_the_score_itself(task):
    y_true, y_pred = sample(task)
    names = ["no", "yes"] if task == "binary" else list("abcd")
    scores, found = TASKS[task](names).score(y_true, y_pred), intervals(task, y_true, y_pred)
    flat = {f"{name}_f1": scores[name]["f1"] for name in ("macro", "micro", "weighted")}
    for name, value in {**flat, "accuracy": scores["accuracy"]}.items():
        assert found[name][0] <= value <= found[name][1]


def test_rare_labels_do_not_push_the_macro_mean_below_its_score():
    y_true = np.repeat(np.arange(100), 3)
    y_pred = np.where(RANDOM.random(300) < 0.9, y_true, (y_true + 1) % 100)
    score = score_predictions(y_true, y_pred, [str(i) for i in range(102)])["macro"]["f1"]
    low, high = bootstrap_intervals(y_true, y_pred, num_labels=102)["macro_f1"]
    assert low < score < high


def test_many_texts_and_labels_take_little_memory():
    y_true, y_pred = sample("multilabel", n=10_000, labels=150)
    tracemalloc.start()
    bootstrap_intervals(y_true, y_pred)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The thousand drawn data sets at once would be 1000 x 10,000 x 150 numbers.
    assert peak < 500e6


def test_the_same_seed_gives_the_same_intervals_and_more_texts_a_narrower_one():
    y_true, y_pred = sample("multiclass", n=100)
    first = bootstrap_intervals(y_true, y_pred, seed=5)
    assert first == bootstrap_intervals(y_true, y_pred, seed=5)
    more = bootstrap_intervals(np.tile(y_true, 25), np.tile(y_pred, 25))
    assert np.diff(more["accuracy"]) < np.diff(first["accuracy"]) / 3


def test_one_label_as_flags():
    assert as_flags(np.array([2]), 3).tolist() == [[False, False, True]]


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("resamples", [1, 1000])
def test_a_perfect_score_is_no_point(task, resamples):
    y_true = np.eye(2, dtype=int)[np.arange(20) % 2] if task == "multilabel" else np.arange(20) % 2
    found = TASKS[task].of(("no", "yes")).intervals(y_true, y_true, resamples=resamples)
    exact = binomtest(20, 20).proportion_ci(method="exact")
    assert found["accuracy"] == pytest.approx((exact.low, 1.0)) and exact.low == pytest.approx(0.8316, abs=1e-4)
    assert all(0.6 < low < 0.9 and high == 1.0 for low, high in found.values())


def test_a_score_that_varies_keeps_its_bootstrap():
    y_true = np.arange(40) % 4
    y_pred = np.where(y_true == 0, 1, y_true)  # labels 2 and 3 are always right, 0 and 1 are mixed up
    found = bootstrap_intervals(y_true, y_pred)
    assert 0.5 < found["accuracy"][0] < 0.75 < found["accuracy"][1] < 0.95


def test_refusals():
    with pytest.raises(DataError, match="at least one text"):
        bootstrap_intervals(np.zeros(0), np.zeros(0))
    with pytest.raises(DataError, match=r"of one shape .* got \(2,\) and \(3,\)"):
        bootstrap_intervals(np.zeros(2), np.zeros(3))
    with pytest.raises(ConfigError, match="`level` must be a number in"):
        bootstrap_intervals(np.zeros(2), np.zeros(2), level=1.5)
