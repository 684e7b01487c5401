"""Each form of labels against each loss and metric: the same number as the plain form, or an error that names both."""

import keras
import numpy as np
import pytest

from kerasbert import losses, metrics
from kerasbert._core.errors import DataError
from kerasbert.objectives.levels import KnownLabels
from kerasbert.objectives.metrics import ClassAccuracy

RANDOM = np.random.default_rng(3)
IDS = RANDOM.integers(0, 3, 12)
FLAGS = RANDOM.integers(0, 2, 12)
ONE = RANDOM.uniform(0.05, 0.95, (12, 1)).astype("float32")
THREE = RANDOM.dirichlet(np.ones(3), 12).astype("float32")
WEIGHT = RANDOM.random(12).astype("float32")

ID_FORMS = {
    "column": IDS[:, None],
    "floats": IDS.astype("float32"),
    "int8": IDS.astype("int8"),
    "one-hot": np.eye(3, dtype="float32")[IDS],
    "one-hot booleans": np.eye(3, dtype=bool)[IDS],
    "list": IDS.tolist(),
}
OF_IDS = {
    "cross-entropy": losses.SparseCategoricalCrossentropy,
    "smoothed": lambda: losses.SparseCategoricalCrossentropy(label_smoothing=0.1, gamma=2.0, class_weight=[1, 2, 3]),
    "level": losses.SparseLevelCrossentropy,
    "confusion": lambda: metrics.ConfusionMatrix(3),
    "matthews": lambda: metrics.MatthewsCorrelationCoefficient(3),
    "kappa": lambda: metrics.CohenKappa(3),
    "hamming": lambda: metrics.HammingLoss(sparse=True),
    "f1": lambda: metrics.F1Score(3, sparse=True),
    "precision": lambda: metrics.Precision(3, sparse=True, average=None),
    "recall": lambda: metrics.Recall(3, sparse=True),
    "accuracy": ClassAccuracy,
    "known accuracy": lambda: KnownLabels(ClassAccuracy()),
    "hierarchical f1": lambda: metrics.HierarchicalF1([[0, 0, 1]]),
}
ONE_FORMS = {
    "flat": (FLAGS, ONE),
    "flat booleans": (FLAGS.astype(bool), ONE),
    "flat predictions": (FLAGS[:, None], ONE[:, 0]),
    "both flat": (FLAGS, ONE[:, 0]),
    "list": (FLAGS.tolist(), ONE),
}
OF_ONE = {
    "cross-entropy": losses.BinaryCrossentropy,
    "weighted": lambda: losses.BinaryCrossentropy(pos_weight=3.0, gamma=1.0, label_smoothing=0.1),
    "asymmetric": losses.AsymmetricLoss,
    "level": losses.BinaryLevelCrossentropy,
    "confusion": lambda: metrics.ConfusionMatrix(2),
    "matthews": lambda: metrics.MatthewsCorrelationCoefficient(2),
    "kappa": lambda: metrics.CohenKappa(2),
    "hamming": metrics.HammingLoss,
    "f1": lambda: metrics.F1Score(1),
    "precision": lambda: metrics.Precision(1),
    "recall": lambda: metrics.Recall(1),
    "label matrices": lambda: metrics.MultiLabelConfusionMatrix(1),
    "known f1": lambda: KnownLabels(metrics.F1Score(1), sparse=False),
}


def value(make, labels, predictions, weight=None):
    return np.asarray(make()(labels, predictions, sample_weight=weight))


@pytest.mark.parametrize("weight", [None, WEIGHT, WEIGHT[:, None]], ids=["plain", "weights", "a column of weights"])
@pytest.mark.parametrize("name", OF_IDS)
def test_class_ids_in_every_form(name, weight):
    expected = value(OF_IDS[name], IDS, THREE, None if weight is None else WEIGHT)
    for labels in ID_FORMS.values():
        np.testing.assert_allclose(value(OF_IDS[name], labels, THREE, weight), expected, rtol=1e-5)


@pytest.mark.parametrize("weight", [None, WEIGHT, WEIGHT[:, None]], ids=["plain", "weights", "a column of weights"])
@pytest.mark.parametrize("name", OF_ONE)
def test_binary_labels_in_every_form(name, weight):
    expected = value(OF_ONE[name], FLAGS[:, None], ONE, None if weight is None else WEIGHT)
    for labels, predictions in ONE_FORMS.values():
        np.testing.assert_allclose(value(OF_ONE[name], labels, predictions, weight), expected, rtol=1e-5)


BAD_IDS = {"3": 3, "-100": -100, "1.5": 1.5, "NaN": np.nan}


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize("name", OF_IDS)
def test_what_is_no_class_id_is_refused(name, bad):
    labels = IDS.astype("float32")
    labels[4] = BAD_IDS[bad]
    with pytest.raises(DataError, match=f"`y_true` must be class ids from 0 to 2.*got {bad.lower()} in row 5"):
        value(OF_IDS[name], labels, THREE)


@pytest.mark.parametrize("name", sorted(set(OF_IDS) - {"level", "known accuracy", "hierarchical f1"}))
def test_minus_one_is_unknown_in_levels_only(name):
    with pytest.raises(DataError, match="got -1 in row 5"):
        value(OF_IDS[name], np.where(np.arange(12) == 4, -1, IDS), THREE)


@pytest.mark.parametrize("bad", [2.0, 0.3, np.nan])
@pytest.mark.parametrize("name", sorted(set(OF_ONE) - {"confusion", "matthews", "kappa"}))
def test_what_is_neither_0_nor_1_is_refused(name, bad):
    labels = FLAGS[:, None].astype("float32")
    labels[4] = bad
    with pytest.raises(DataError, match=f"`y_true` must be 0 or 1.*got {bad:g} in row 5"):
        value(OF_ONE[name], labels, ONE)


SHAPES = {
    "fewer labels": (OF_ONE["cross-entropy"], FLAGS[:10], ONE, r"shapes \(10,\) and \(12, 1\)"),
    "fewer ids": (OF_IDS["kappa"], IDS[:10], THREE, r"shapes \(10,\) and \(12, 3\)"),
    "one-hot on one column": (OF_ONE["hamming"], np.eye(2)[FLAGS], ONE, r"got shape \(12, 2\).*shape \(12, 1\)"),
    "ids for rows": (lambda: metrics.F1Score(3), IDS, THREE, r"got shape \(12,\).*sparse=True.*shape \(12, 3\)"),
    "two for three": (losses.BinaryCrossentropy, np.eye(2)[FLAGS], THREE, r"got shape \(12, 2\).*shape \(12, 3\)"),
    "four classes": (OF_IDS["cross-entropy"], np.eye(4)[IDS], THREE, r"got shape \(12, 4\).*shape \(12, 3\)"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit_are_named(name):
    make, labels, predictions, message = SHAPES[name]
    with pytest.raises(DataError, match=message):
        value(make, labels, predictions)


def test_predictions_of_another_width_are_refused():
    with pytest.raises(DataError, match=r"`y_pred` must have 4 columns, one for each class; got shape \(12, 3\)"):
        metrics.ConfusionMatrix(4)(IDS, THREE)
    with pytest.raises(DataError, match=r"`y_pred` must have 4 columns, one for each label; got shape \(12, 3\)"):
        metrics.F1Score(4)(np.eye(3)[IDS], THREE)


def test_weights_of_labels_are_refused():
    with pytest.raises(
        DataError, match=r"`sample_weight` must have the shape \(batch,\) or \(batch, 1\); got \(12, 3\)"
    ):
        metrics.F1Score(3)(np.eye(3)[IDS], THREE, sample_weight=np.ones((12, 3)))


@pytest.mark.parametrize("name", sorted(set(OF_IDS) - {"confusion"}))
def test_inside_a_compiled_step_a_label_that_is_none_gives_nan(name):
    tf = pytest.importorskip("tensorflow")
    made = OF_IDS[name]()
    call = tf.function(lambda labels: made(labels, THREE))
    assert np.isfinite(call(tf.constant(IDS))).all()
    assert np.isnan(call(tf.constant(np.where(np.arange(12) == 4, 3, IDS)))).any()


@pytest.mark.parametrize("name", sorted(set(OF_ONE) - {"confusion"}))
def test_inside_a_compiled_step_a_value_that_is_no_label_gives_nan(name):
    tf = pytest.importorskip("tensorflow")
    made = OF_ONE[name]()
    call = tf.function(lambda labels: made(labels, ONE))
    assert np.isfinite(call(tf.constant(FLAGS))).all()
    assert np.isnan(call(tf.constant(np.where(np.arange(12) == 4, 2, FLAGS)))).any()


def test_xla_gives_nan_too():
    tf = pytest.importorskip("tensorflow")
    call = tf.function(losses.SparseCategoricalCrossentropy(), jit_compile=True)
    assert np.isfinite(call(tf.constant(IDS), tf.constant(THREE)))
    assert np.isnan(call(tf.constant(IDS + 1), tf.constant(THREE)))


@pytest.mark.parametrize("make", [losses.BinaryCrossentropy, losses.AsymmetricLoss])
def test_soft_labels_where_they_are_asked_for(make):
    labels = np.full((12, 1), 0.25, "float32")
    expected = 0.25 * value(make, np.ones((12, 1)), ONE) + 0.75 * value(make, np.zeros((12, 1)), ONE)
    assert value(lambda: make(soft_labels=True), labels, ONE) == pytest.approx(expected, rel=1e-5)
    assert make.from_config(make(soft_labels=True).get_config()).soft_labels


DIRECTIONS = {
    "up": ["matthews", "kappa", "f1", "precision", "recall", "accuracy", "known accuracy", "hierarchical f1"],
    "down": ["hamming"],
}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_metrics_tell_where_better_is(direction):
    assert {OF_IDS[name]()._direction for name in DIRECTIONS[direction]} == {direction}


@pytest.mark.parametrize("name", sorted(set(OF_IDS) - {"confusion"}))
def test_labels_of_unknown_rank(name):
    tf = pytest.importorskip("tensorflow")
    made = OF_IDS[name]()
    call = tf.function(lambda labels: made(labels, THREE), input_signature=[tf.TensorSpec(None, tf.int64)])
    expected = value(OF_IDS[name], IDS, THREE)
    np.testing.assert_allclose(call(tf.constant(IDS)), expected, rtol=1e-5)
    np.testing.assert_allclose(call(tf.constant(np.eye(3, dtype="int64")[IDS])), expected, rtol=1e-5)


def test_keras_reads_one_hot_rows_as_ids_where_ours_does_not():
    labels = np.eye(3)[THREE.argmax(1)]
    assert value(ClassAccuracy, labels, THREE) == 1.0
    assert value(keras.metrics.SparseCategoricalAccuracy, labels[:3], THREE[:3]) != 1.0
