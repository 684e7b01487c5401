import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from kerasbert import metrics
from kerasbert._core.errors import ConfigError

RANDOM = np.random.default_rng(1)
LABELS = {
    "random": RANDOM.integers(0, 4, 60),
    "classes absent": RANDOM.integers(0, 2, 60),
    "one class": np.full(60, 2),
    "rare class": np.append(np.zeros(59, int), 1),
}
SCORES = {
    "random": RANDOM.random((60, 4)).astype("float32"),
    "ties": np.full((60, 4), 0.25, "float32"),
    "nearly right": np.eye(4, dtype="float32")[np.append(np.zeros(58, int), [1, 1])],
}
WEIGHT = RANDOM.random(60).astype("float32")


def streamed(metric, labels, scores, weight=None):
    for start in range(0, len(labels), 7):
        part = slice(start, start + 7)
        metric.update_state(labels[part], scores[part], None if weight is None else weight[part])
    return np.asarray(metric.result())


def kappa(kind):
    def reference(labels, predicted, sample_weight=None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = sk.cohen_kappa_score(labels, predicted, labels=range(4), weights=kind, sample_weight=sample_weight)
        return 0.0 if np.isnan(value) else value

    return reference


def confusion(labels, predicted, sample_weight=None):
    return sk.confusion_matrix(labels, predicted, labels=range(4), sample_weight=sample_weight)


OF_CLASSES = {
    "confusion": (metrics.ConfusionMatrix(4), confusion),
    "matthews": (metrics.MatthewsCorrelationCoefficient(4), sk.matthews_corrcoef),
    "kappa": (metrics.CohenKappa(4), kappa(None)),
    "linear kappa": (metrics.CohenKappa(4, weights="linear"), kappa("linear")),
    "quadratic kappa": (metrics.CohenKappa(4, weights="quadratic"), kappa("quadratic")),
    "hamming": (metrics.HammingLoss(sparse=True), sk.hamming_loss),
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", OF_CLASSES)
def test_multi_class_equals_scikit_learn(name, labels, scores, weight):
    metric, reference = OF_CLASSES[name]
    metric.reset_state()
    expected = reference(LABELS[labels], SCORES[scores].argmax(1), sample_weight=weight)
    np.testing.assert_allclose(streamed(metric, LABELS[labels], SCORES[scores], weight), expected, atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("make", [metrics.MatthewsCorrelationCoefficient, metrics.CohenKappa, metrics.ConfusionMatrix])
def test_a_binary_head_has_one_column(make):
    labels, scores = LABELS["classes absent"], SCORES["random"][:, :1]
    two = np.concatenate([1 - scores, scores], axis=1)
    np.testing.assert_allclose(streamed(make(2), labels[:, None], scores), streamed(make(2), labels, two), atol=1e-6)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("chance", [0.3, 0.0, 1.0])
def test_multi_label_equals_scikit_learn(chance, weight):
    labels, scores = (RANDOM.random((60, 4)) < chance).astype("float32"), SCORES["random"]
    expected = sk.multilabel_confusion_matrix(labels, scores >= 0.5, sample_weight=weight)
    ours = streamed(metrics.MultiLabelConfusionMatrix(4), labels, scores, weight)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)
    expected = sk.hamming_loss(labels, scores >= 0.5, sample_weight=weight)
    np.testing.assert_allclose(streamed(metrics.HammingLoss(), labels, scores, weight), expected, atol=1e-6)


MADE = [
    metrics.ConfusionMatrix(3),
    metrics.MatthewsCorrelationCoefficient(3),
    metrics.CohenKappa(3, weights="linear"),
    metrics.MultiLabelConfusionMatrix(3),
    metrics.HammingLoss(sparse=True, threshold=0.2),
]


@pytest.mark.parametrize("metric", MADE, ids=lambda metric: metric.name)
def test_config_round_trip_and_nothing_seen(metric):
    again = type(metric).from_config(metric.get_config())
    assert again.get_config() == metric.get_config()
    assert not np.any(np.asarray(again.result()))


def test_bad_arguments():
    with pytest.raises(ConfigError, match="`num_classes` must be an integer >= 2; got 1"):
        metrics.CohenKappa(1)
    with pytest.raises(ConfigError, match="`weights` must be one of 'linear', 'none', 'quadratic'; got 'cubic'"):
        metrics.CohenKappa(3, weights="cubic")
