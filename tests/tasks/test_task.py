import keras
import numpy as np
import pytest

from kerasbert import Binary, ConfigError, Multiclass, Multilabel
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.rules import ANY, ONE, ONE_OF_TWO
from kerasbert.tasks.table import TASKS

HEADS = [Binary(["no", "yes"]), Multiclass(["a", "b", "c"]), Multilabel(["a", "b", "c"])]
LABELS = [np.array([[1.0], [0.0]]), np.array([2, 0]), np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])]
EACH = pytest.mark.parametrize("task", HEADS, ids=lambda task: task.name)
WITH_LABELS = pytest.mark.parametrize(
    ("task", "labels"), list(zip(HEADS, LABELS, strict=True)), ids=[task.name for task in HEADS]
)


@EACH
def test_the_loss_reads_logits_exactly_where_the_head_gives_them(task):
    assert [task.loss(activation).from_logits for activation in task.activations] == [False, True]
    assert not task.loss().from_logits


@pytest.mark.parametrize(
    ("task", "activation", "way_out"),
    [
        ("binary", "softmax", "num_classes=2"),
        ("multiclass", "sigmoid", "build_multilabel"),
        ("multilabel", "softmax", "build_multiclass"),
        ("multilabel", "tanh", ""),
    ],
)
def test_another_activation_names_the_way_out(task, activation, way_out):
    with pytest.raises(ConfigError, match=f"`activation` must be .* for a {task} head; got '{activation}'.*{way_out}"):
        TASKS[task].check_activation(activation)


@WITH_LABELS
def test_names_are_read_as_the_labels_that_a_head_trains_on(task, labels):
    written = {"binary": ["yes", "no"], "multiclass": ["c", "a"], "multilabel": [["a", "c"], []]}[task.name]
    encoded = task.encode(written)
    assert encoded.tolist() == labels.tolist()
    task.label_form.check("labels", encoded)
    read = task.read(written, task.label_names)
    assert read.names == task.label_names and read.kind == "names"
    decided = task.named(encoded.astype(int), read.kind)
    assert [list(row) for row in decided] == written if task == HEADS[2] else list(decided) == written


@WITH_LABELS
def test_a_vocabulary_reads_row_by_row_what_read_does_at_once(task, labels):
    cells = {"binary": ["yes", "no"], "multiclass": ["c", "a"], "multilabel": [["a", "c"], []]}[task.name]
    vocabulary = task.vocabulary(["label"], names=task.label_names)
    numbers = [vocabulary.numbers({"label": cell}, "row") for cell in cells]
    offsets = np.cumsum([0, *map(len, numbers)])
    ids = vocabulary.order[np.concatenate(numbers).astype(int)]
    array = task.array(ids, offsets, len(task.label_names))
    assert array.tolist() == labels.tolist() and array.dtype == task.encode(cells).dtype


@WITH_LABELS
def test_flags_have_a_column_for_each_name(task, labels):
    expected = {"binary": [[0, 1], [1, 0]], "multiclass": [[0, 0, 1], [1, 0, 0]], "multilabel": [[1, 0, 1], [0, 0, 0]]}
    assert task.flags(labels).astype(int).tolist() == expected[task.name]
    assert task.correct(labels, labels[::-1]).tolist() == [False, False]
    assert task.correct(labels, labels).all()


@EACH
def test_predictions_come_from_argmax_or_thresholds(task):
    probabilities = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])[:, : task.units]
    own = {"binary": [[0], [1]], "multiclass": [2, 0], "multilabel": [[0, 0, 1], [1, 0, 0]]}
    assert task.predict(probabilities).tolist() == own[task.name]
    lower = {"binary": [[1], [1]], "multiclass": [2, 0], "multilabel": [[1, 1, 1], [1, 1, 0]]}
    assert task.predict(probabilities, np.full(task.units, 0.2)).tolist() == lower[task.name]


@EACH
def test_probabilities_have_a_column_for_each_name(task):
    columns = task.columns(np.full((2, task.units), 0.2))
    assert columns.shape == (2, len(task.label_names)) and columns[0, -1] == 0.2


@EACH
def test_thresholds_by_label(task):
    expected = {"binary": [None, 0.5], "multiclass": [None] * 3, "multilabel": [0.5] * 3}
    assert task.thresholds_by_label(task.default_thresholds()) == expected[task.name]
    assert task.thresholds_by_label(None) == [None] * len(task.label_names)


def test_thresholds_are_tuned_on_texts_whose_labels_are_known():
    labels, probabilities = np.array([[0], [1], [1], [-1]]), np.array([[0.1], [0.2], [0.9], [0.0]])
    tuned = Multilabel(1).tune_thresholds(labels, probabilities)
    assert tuned == pytest.approx(Multilabel(1).tune_thresholds(labels[:3], probabilities[:3]))
    assert Multilabel(1).tune_thresholds(labels[3:], probabilities[3:]).tolist() == [0.5]
    assert Binary().tune_thresholds(labels[:3], probabilities[:3]).tolist() == [0.5]


@WITH_LABELS
def test_its_measure_is_a_metric_of_fit_and_a_score(task, labels):
    metrics = [metric.name for metric in task.metrics()]
    assert task.measure.key in metrics
    assert task.measure.of(task.score(labels.astype(int), labels.astype(int))) == pytest.approx(
        {"binary": 1.0, "multiclass": 1.0, "multilabel": 2 / 3}[task.name]
    )
    assert set(task.intervals(labels, labels, resamples=10)) >= {task.measure.key, "accuracy"}


@WITH_LABELS
def test_scores_of_a_report_are_among_the_scores(task, labels):
    scores = task.score(labels, labels, np.full((2, task.units), 0.5))
    assert all(isinstance(measure.of(scores), float) for measure in (*task.headline, *task.compared))
    assert task.measure in task.compared


def test_confidence():
    values = np.array([[0.9, 0.2], [0.5, 1.0]])
    assert Multiclass(2).confidence(values).tolist() == [0.9, 1.0]
    assert Multilabel(2).confidence(values).tolist() == [0.8, 0.5]


@EACH
def test_metrics_of_logits_decide_at_zero(task):
    logits = np.array([[2.0, -1.0, -3.0]], "float32")[:, : task.units]
    labels = {"binary": [[1.0]], "multiclass": [0], "multilabel": [[1.0, 0.0, 0.0]]}[task.name]
    for metric in task.metrics("linear"):
        metric.update_state(np.array(labels), logits)
    score = 1 / 3 if task.name == "multilabel" else 1.0
    assert float(task.metrics("linear")[0].result()) == 0.0 and float(metric.result()) == pytest.approx(score)


def test_softmax_prior_predicts_the_frequencies():
    bias = Multiclass(3).prior_bias(np.array([0] * 60 + [1] * 30 + [2] * 10))
    assert np.allclose(np.exp(bias) / np.exp(bias).sum(), [0.6, 0.3, 0.1], atol=0.01)
    assert Multiclass(3).prior_bias(LabelCounts(np.array([60, 30, 10]), 100)) == pytest.approx(bias)


def test_sigmoid_prior_predicts_the_frequencies():
    labels = np.array([[1.0, 0.0]] * 20 + [[0.0, 0.0]] * 80)
    bias = Multilabel(2).prior_bias(labels)
    assert np.allclose(1 / (1 + np.exp(-bias)), [0.2, 0.0], atol=0.01)
    assert Multilabel(2).prior_bias(LabelCounts(np.array([20, 0]), 100)) == pytest.approx(bias)


@EACH
def test_tasks_are_values(task):
    assert task == type(task).of(task.label_names) and hash(task) == hash(type(task).of(task.label_names))
    assert task != type(task).of([*task.label_names[:-1], "other"])
    with pytest.raises(AttributeError):
        task.label_names = ()


def test_names_of_rules_are_those_of_tasks():
    assert {task.name: task.rules for task in HEADS} == {rules.task: rules for rules in (ONE_OF_TWO, ONE, ANY)}


def test_an_unknown_label_is_no_known_one():
    assert Multilabel(2).known(np.array([[1, 0], [0, -1]])).tolist() == [True, False]
    assert Multiclass(2).known(np.array([1, -1])).tolist() == [True, False]


@pytest.mark.parametrize("value", [0, 1, -1], ids=repr)
def test_too_few_classes(value):
    with pytest.raises(ConfigError, match=rf"`num_classes` must be an integer from 2 .*; got {value}"):
        Multiclass(value)


@pytest.mark.parametrize("value", [2.0, True, "3", None], ids=repr)
def test_a_number_of_classes_of_another_type(value):
    with pytest.raises((TypeError, ConfigError), match="num_classes|label_names"):
        Multiclass(value)


def test_names_are_kept_in_order():
    assert Multilabel(["b", "a"]).label_names == ("b", "a")


def test_a_binary_head_has_two_names():
    with pytest.raises(ConfigError, match="must be 2 names, negative and positive; got 3"):
        Binary(["a", "b", "c"])


def test_the_loss_takes_options():
    assert isinstance(Binary().loss(label_smoothing=0.1), keras.losses.Loss)
    assert Binary().loss(label_smoothing=0.1).label_smoothing == 0.1
