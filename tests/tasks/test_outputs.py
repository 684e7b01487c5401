import numpy as np
import pytest

from kerasbert import Binary, ConfigError, DataError, Multiclass, Multilabel
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.objectives.level_decisions import decide_levels, score_hierarchy
from kerasbert.tasks.hierarchical import HierarchicalOutputs, with_level_task
from kerasbert.tasks.plans import ALL_TASKS, outputs_from, outputs_of, plan_outputs
from kerasbert.tasks.several import SeveralOutputs
from kerasbert.tasks.single import SingleOutput

TREE = {"a": ["a1", "a2"], "b": ["b1"]}
HEADS = {"topic": Multiclass(["x", "y"]), "flags": Multilabel(["f", "g"]), "spam": Binary(["no", "yes"])}
OUTPUTS = {
    "single": SingleOutput(Binary(["no", "yes"])),
    "several": SeveralOutputs(HEADS),
    "exclusive levels": HierarchicalOutputs(parse_tree(TREE)),
    "independent levels": HierarchicalOutputs(parse_tree(TREE), "multilabel"),
}
LABELS = {
    "single": ["yes", "no"],
    "several": {"topic": ["y", "x"], "flags": [["f"], []], "spam": ["no", "yes"]},
    "exclusive levels": {"class": ["a", "b"], "subclass": ["a2", "b1"]},
    "independent levels": {"class": [["a", "b"], ["b"]], "subclass": [["a2", "b1"], ["b1"]]},
}
EACH = pytest.mark.parametrize("kind", OUTPUTS)


def perfect(outputs, arrays):
    """Probabilities from which the labels themselves are predicted."""
    return {
        head: np.eye(task.units)[arrays[head]] if arrays[head].ndim == 1 else arrays[head].astype(float)
        for head, task in outputs.tasks.items()
    }


@EACH
def test_labels_that_are_predicted_come_back_as_they_were_given(kind):
    outputs, labels = OUTPUTS[kind], LABELS[kind]
    read = outputs.read(labels)
    assert read.outputs == outputs and set(read.arrays) == set(outputs.tasks)
    y_pred = outputs.predict(perfect(outputs, read.arrays), outputs.default_thresholds())
    named = outputs.named(y_pred, read.kinds)
    expected = labels if isinstance(labels, dict) else {"": labels}
    found = named if isinstance(named, dict) else {"": named}
    assert {head: list(values) for head, values in found.items()} == expected


@EACH
def test_perfect_predictions_have_perfect_scores(kind):
    outputs = OUTPUTS[kind]
    arrays = outputs.encode(LABELS[kind])
    scores = outputs.evaluate(arrays, perfect(outputs, arrays), intervals=True)
    assert outputs.accuracy(scores) == 1.0
    by_head = scores if len(outputs.tasks) > 1 else {"": scores}
    assert all("intervals" in own for head, own in by_head.items() if head != "hierarchy")


@EACH
def test_the_builders_arguments_describe_them(kind):
    outputs = OUTPUTS[kind]
    assert outputs_from(outputs.builder, outputs.arguments()) == outputs


@EACH
def test_a_column_for_each_name_and_a_threshold_for_each_unit(kind):
    outputs = OUTPUTS[kind]
    probabilities = {head: np.full((3, task.units), 0.25) for head, task in outputs.tasks.items()}
    columns = outputs.columns(probabilities)
    by_head = columns if isinstance(columns, dict) else {"probabilities": columns}
    assert {head: values.shape[1] for head, values in by_head.items()} == {
        head: len(names) for head, names in outputs.label_names.items()
    }
    assert outputs.default_thresholds().keys() == outputs.tasks.keys()


def test_levels_are_decided_and_scored_together():
    outputs, random = OUTPUTS["exclusive levels"], np.random.default_rng(0)
    probabilities = {"class": random.random((20, 2)), "subclass": random.random((20, 3))}
    y_pred = outputs.predict(probabilities)
    assert {level: ids.tolist() for level, ids in y_pred.items()} == {
        level: ids.tolist() for level, ids in decide_levels(probabilities, outputs.hierarchy).items()
    }
    y_true = {"class": random.integers(0, 2, 20), "subclass": np.array([-1] * 5 + [0] * 15)}
    scores = outputs.evaluate(y_true, probabilities)
    assert scores["subclass"]["num_examples"] == 15
    assert scores["hierarchy"] == score_hierarchy(y_true, y_pred, outputs.hierarchy)


def test_only_labels_that_have_thresholds_to_choose_are_tuned():
    outputs = OUTPUTS["several"]
    assert outputs.tunes_thresholds and outputs.untuned(True) == ["topic", "spam"] and len(outputs.untuned(False)) == 3
    arrays = outputs.encode({"topic": ["x"] * 4, "spam": ["no"] * 4, "flags": [["f"], ["f"], ["g"], []]})
    probabilities = {head: np.full((4, task.units), 0.1) for head, task in outputs.tasks.items()}
    probabilities["flags"] = np.array([[0.4, 0], [0.3, 0], [0.1, 0.2], [0, 0.1]])
    tuned = outputs.tune_thresholds(arrays, probabilities)
    assert tuned["topic"].tolist() == [0.5, 0.5] and (tuned["flags"] < 0.5).all()


PLANS = {
    "binary": ({}, ["no", "yes"]),
    "multiclass": ({"label_names": ["b", "a"]}, ["a", "b"]),
    "multilabel": ({}, [["a"], ["b", "c"]]),
    "multitask": (
        {"heads": {"topic": "multiclass", "flags": HEADS["flags"]}},
        {"topic": ["p", "q"], "flags": [["f"], []]},
    ),
    "hierarchical": ({"level_task": "multilabel"}, {"class": [["a"], ["b"]], "subclass": [["a1"], ["b1"]]}),
}


@pytest.mark.parametrize("task", PLANS)
def test_a_plan_collects_the_names(task):
    arguments, labels = PLANS[task]
    plan = plan_outputs(task, **arguments)
    read = plan.read(labels)
    assert plan.name == read.outputs.name == task and list(plan.tasks) == list(read.outputs.tasks)
    assert plan.tunes_thresholds == read.outputs.tunes_thresholds
    again = read.outputs.read(labels)
    assert again.kinds == read.kinds
    assert {head: array.tolist() for head, array in again.arrays.items()} == {
        head: array.tolist() for head, array in read.arrays.items()
    }
    names = read.outputs.hierarchy or read.outputs.label_names
    assert plan.outputs(names) == read.outputs


def test_names_that_are_given_keep_their_order():
    assert plan_outputs("multiclass", label_names=["b", "a"]).read(["a", "b"]).arrays["probabilities"].tolist() == [
        1,
        0,
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "multitsk"}, "`task` must be one of .* Did you mean 'multitask'"),
        ({"task": "binary", "level_task": "multilabel"}, "`level_task` go with task 'hierarchical'; got task 'binary'"),
        ({"task": "binary", "subclasses": TREE}, "`subclasses` and `level_task` go with task 'hierarchical'"),
        ({"task": "hierarchical", "level_task": "binary"}, "`level_task` must be one of 'multiclass', 'multilabel'"),
        ({"task": "hierarchical", "label_names": ["a"]}, "`label_names` goes with one head"),
        ({"task": "multitask"}, "`heads` must be a dict of head name -> task for a multi-task classifier"),
        ({"task": "binary", "heads": {"a": "binary"}}, "`heads` must be a dict .* None for others"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_arguments_that_do_not_go_together_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        plan_outputs(**arguments)


@pytest.mark.parametrize("labels", [["x", "y"], {"topic": ["x"]}], ids=["list", "missing"])
def test_labels_of_several_heads_are_a_dict(labels):
    with pytest.raises(DataError, match="`labels` must be a dict with the heads topic, flags, spam; got"):
        OUTPUTS["several"].read(labels)


def test_one_head_of_another_name_stays_a_dict():
    assert outputs_of({"topic": HEADS["topic"]}).unwrap({"topic": 1}) == {"topic": 1}
    assert outputs_of({"probabilities": HEADS["topic"]}).unwrap({"probabilities": 1}) == 1


def test_the_flag_of_older_files_is_a_task_of_the_levels():
    assert with_level_task({"multilabel": False, "name": "x"}) == {"name": "x", "level_task": "multiclass"}
    assert with_level_task({"level_task": "multilabel"}) == {"level_task": "multilabel"}
    old = {"subclasses": TREE, "multilabel": True, "level_weights": [1, 1]}
    assert outputs_from("build_hierarchical", old) == OUTPUTS["independent levels"]


def test_all_tasks():
    assert ALL_TASKS == ("binary", "multiclass", "multilabel", "multitask", "hierarchical")
