"""The calls that the migration page gives for tensorflow-addons, against its formulas."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasbert as kb

tf = pytest.importorskip("tensorflow")
PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
RATE, DECAY, NUM_CLASSES = 1e-3, 1e-4, 3
BETA_1, BETA_2 = 0.9, 0.999
RANDOM = np.random.default_rng(5)
IDS = RANDOM.integers(0, 2, 40)  # the third class is absent
PROBABILITIES = RANDOM.dirichlet(np.ones(3), 40).astype("float32")
PROBABILITIES[:, 2] *= 1e-3
ONE_HOT = np.eye(3, dtype="float32")[IDS]
CHOSEN = np.eye(3, dtype="float32")[PROBABILITIES.argmax(1)]
MULTI_HOT = (RANDOM.random((40, 3)) < 0.4).astype("float32")


@pytest.fixture
def page():
    """The names that the blocks of the page define, made anew."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    for code in blocks:
        if "as_in_addons" in code or "class Lamb" in code:
            exec(compile(code, str(PAGE), "exec"), names)
    return names


def adam(gradients, rate=RATE, epsilon=1e-7):
    """The steps of Keras 2's Adam, on which the optimisers of tensorflow-addons stood."""
    mean, square = 0.0, 0.0
    for step, gradient in enumerate(gradients, start=1):
        mean, square = BETA_1 * mean + (1 - BETA_1) * gradient, BETA_2 * square + (1 - BETA_2) * gradient**2
        yield rate * np.sqrt(1 - BETA_2**step) / (1 - BETA_1**step) * mean / (np.sqrt(square) + epsilon)


def adamw(weights, gradients):
    for step in adam(gradients):
        weights = weights - DECAY * weights - step
    return weights


def lamb(weights, gradients, epsilon=1e-6, decay=0.0):
    mean, square = 0.0, 0.0
    for step, gradient in enumerate(gradients, start=1):
        mean, square = BETA_1 * mean + (1 - BETA_1) * gradient, BETA_2 * square + (1 - BETA_2) * gradient**2
        update = mean / (1 - BETA_1**step) / (np.sqrt(square / (1 - BETA_2**step)) + epsilon)
        update = update + decay * weights
        weights = weights - RATE * np.linalg.norm(weights) / np.linalg.norm(update) * update
    return weights


def lazy_adam(weights, gradients):
    """Rows without a gradient keep their value, and their moments theirs."""
    weights, mean, square = weights.copy(), np.zeros_like(weights), np.zeros_like(weights)
    for step, gradient in enumerate(gradients, start=1):
        rows = gradient.any(axis=1)
        mean[rows] = BETA_1 * mean[rows] + (1 - BETA_1) * gradient[rows]
        square[rows] = BETA_2 * square[rows] + (1 - BETA_2) * gradient[rows] ** 2
        rate = RATE * np.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
        weights[rows] -= rate * mean[rows] / (np.sqrt(square[rows]) + 1e-7)
    return weights


def updated(optimizer, gradients):
    variable = keras.Variable(np.ones((4, 2), "float32"), name="kernel")
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return keras.ops.convert_to_numpy(variable)


GRADIENTS = [RANDOM.normal(0, 0.1, (4, 2)).astype("float32") for _ in range(5)]


@pytest.mark.parametrize(
    ("call", "formula"),
    [("AdamW(decay, rate)", adamw), ("AdamW(decay, rate), faster", adamw), ("LAMB(rate)", lamb)],
    ids=["AdamW", "our AdamW", "LAMB"],
)
def test_dense_optimisers(call, formula, page):
    ours = updated(page["as_in_addons"][call], GRADIENTS)
    np.testing.assert_allclose(ours, formula(np.ones((4, 2)), GRADIENTS), rtol=2e-6)


def test_lamb_decays_inside_the_trust_ratio(page):
    expected = lamb(np.ones((4, 2)), GRADIENTS, decay=0.05)
    np.testing.assert_allclose(updated(page["Lamb"](RATE, 0.05), GRADIENTS), expected, rtol=2e-6)
    apart = updated(keras.optimizers.Lamb(RATE, epsilon=1e-6, weight_decay=0.05), GRADIENTS)
    assert not np.allclose(apart, expected, rtol=1e-5)


def test_rows_that_a_batch_does_not_hold_stay(page):
    touched = [[0, 2], [1, 2], [2, 3], [0, 1], [2, 0]]
    gradients = [gradient * np.isin(range(4), rows)[:, None] for gradient, rows in zip(GRADIENTS, touched, strict=True)]
    slices = [
        tf.IndexedSlices(gradient[sorted(rows)], tf.constant(sorted(rows)), (4, 2))
        for gradient, rows in zip(gradients, touched, strict=True)
    ]
    ours = updated(page["as_in_addons"]["LazyAdam(rate)"], slices)
    np.testing.assert_allclose(ours, lazy_adam(np.ones((4, 2)), gradients), rtol=2e-6)


def test_a_rate_for_each_part(page):
    [optimizer] = [made for call, made in page["as_in_addons"].items() if call.startswith("MultiOptimizer")]
    variables = [keras.Variable(np.ones((4, 2), "float32"), name=name) for name in ("embeddings", "kernel")]
    for gradient in GRADIENTS:
        optimizer.apply([gradient, gradient], variables)
    for variable, rate in zip(variables, (RATE / 10, RATE), strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), 1 - sum(adam(GRADIENTS, rate)), rtol=2e-6)


def focal_sum(labels, probabilities, alpha=0.25, gamma=2.0):
    """SigmoidFocalCrossEntropy: alpha_t (1 - p_t) ** gamma (-log p_t), summed over the last axis."""
    true = np.where(labels == 1, probabilities, 1 - probabilities)
    return (np.where(labels == 1, alpha, 1 - alpha) * (1 - true) ** gamma * -np.log(true)).sum(axis=-1)


def test_focal_loss_is_summed_over_the_labels(page):
    probabilities = RANDOM.uniform(0.05, 0.95, (40, 3)).astype("float32")
    ours = page["sigmoid_focal_crossentropy"](MULTI_HOT, probabilities)
    np.testing.assert_allclose(np.asarray(ours), focal_sum(MULTI_HOT, probabilities), rtol=1e-5)


def f_scores(labels, predicted, beta=1.0):
    """F of each class of tensorflow-addons, 0 where nothing is to be divided, and the supports."""
    hits, either = (labels * predicted).sum(0), beta**2 * labels.sum(0) + predicted.sum(0)
    return (1 + beta**2) * hits / np.where(either == 0, 1, either), labels.sum(0)


def confusion(labels=ONE_HOT, predicted=CHOSEN):
    return labels.T @ predicted


def kappa(cost):
    counts = confusion()
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    return 1 - (cost * counts).sum() / (cost * expected).sum()


def matthews():
    counts = confusion()
    actual, predicted, total = counts.sum(1), counts.sum(0), counts.sum()
    top = np.trace(counts) * total - predicted @ actual
    return top / np.sqrt((total**2 - predicted @ predicted) * (total**2 - actual @ actual))


def label_matrices():
    predicted = CHOSEN
    cells = [
        (1 - MULTI_HOT, 1 - predicted),
        (1 - MULTI_HOT, predicted),
        (MULTI_HOT, 1 - predicted),
        (MULTI_HOT, predicted),
    ]
    return np.stack([(one * other).sum(0) for one, other in cells], axis=-1).reshape(-1, 2, 2)


DISTANCE = np.abs(np.subtract.outer(np.arange(3.0), np.arange(3.0)))
EXCLUSIVE, SUPPORT = f_scores(ONE_HOT, CHOSEN)
ABOVE = (PROBABILITIES > 0.5).astype("float32")
METRICS = {
    "F1Score(num_classes)": (ONE_HOT, PROBABILITIES, EXCLUSIVE),
    "F1Score(num_classes, 'micro')": (ONE_HOT, PROBABILITIES, (ONE_HOT * CHOSEN).sum() / 40),
    "F1Score(num_classes, 'weighted')": (ONE_HOT, PROBABILITIES, (EXCLUSIVE * SUPPORT).sum() / SUPPORT.sum()),
    "F1Score(num_classes, 'macro')": (ONE_HOT, PROBABILITIES, EXCLUSIVE.mean()),
    "F1Score(num_classes, 'macro', 0.5)": (MULTI_HOT, PROBABILITIES, f_scores(MULTI_HOT, ABOVE)[0].mean()),
    "FBetaScore(num_classes, None, 2.0)": (ONE_HOT, PROBABILITIES, f_scores(ONE_HOT, CHOSEN, beta=2.0)[0]),
    "MultiLabelConfusionMatrix(num_classes)": (MULTI_HOT, CHOSEN, label_matrices()),
    "HammingLoss('multilabel', 0.5)": (MULTI_HOT, PROBABILITIES, (MULTI_HOT != ABOVE).mean()),
    "HammingLoss('multiclass')": (ONE_HOT, PROBABILITIES, 1 - (ONE_HOT * CHOSEN).sum() / 40),
    "MatthewsCorrelationCoefficient(num_classes)": (ONE_HOT, PROBABILITIES, matthews()),
    "CohenKappa(num_classes)": (ONE_HOT, PROBABILITIES, kappa(DISTANCE > 0)),
    "CohenKappa(num_classes, weightage='linear')": (ONE_HOT, PROBABILITIES, kappa(DISTANCE)),
    "CohenKappa(num_classes, weightage='quadratic')": (ONE_HOT, PROBABILITIES, kappa(DISTANCE**2)),
}


@pytest.mark.parametrize("call", METRICS)
def test_metrics(call, page):
    labels, predictions, expected = METRICS[call]
    metric = page["as_in_addons"][call]
    metric.update_state(labels[:13], predictions[:13])
    metric.update_state(labels[13:], predictions[13:])
    np.testing.assert_allclose(np.asarray(metric.result()), expected, atol=1e-5)


def test_every_call_of_the_page_is_compared(page):
    optimisers = {"AdamW(decay, rate)", "AdamW(decay, rate), faster", "LAMB(rate)", "LazyAdam(rate)"}
    others = {call for call in page["as_in_addons"] if call.startswith("MultiOptimizer")}
    assert set(page["as_in_addons"]) == optimisers | others | set(METRICS)


def test_our_macro_mean_leaves_absent_classes_out_and_that_of_addons_counts_them(page):
    ours = kb.metrics.F1Score(3, average="macro", sparse=True)(ONE_HOT, PROBABILITIES)
    assert float(ours) == pytest.approx(EXCLUSIVE[:2].mean()) and not EXCLUSIVE[2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: kb.metrics.F1Score(3, "macro"),
        lambda: kb.metrics.HammingLoss("multiclass"),
        lambda: kb.metrics.CohenKappa(3, "kappa", "linear"),
        lambda: kb.callbacks.TimeStopping(60, 1),
        lambda: kb.callbacks.AverageModelCheckpoint(True, "file.keras"),
    ],
    ids=["F1Score", "HammingLoss", "CohenKappa", "TimeStopping", "AverageModelCheckpoint"],
)
def test_the_order_of_addons_is_refused(call):
    with pytest.raises(TypeError, match="positional argument"):
        call()
