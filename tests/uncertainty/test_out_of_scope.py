import dataclasses

import keras
import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from kerasbert import Binary, ConfigError, DataError, Multiclass, Multilabel
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.tasks.hierarchical import HierarchicalOutputs
from kerasbert.tasks.several import SeveralOutputs
from kerasbert.tasks.single import SingleOutput
from kerasbert.uncertainty.out_of_scope import (
    OutOfScope,
    ScopeStates,
    groups_of,
    keeping_threshold,
    usual_layers,
)

DIM, LAYERS = 6, (2, 0)
CENTRES = np.random.default_rng(5).normal(size=(3, DIM)) * 4
TOPIC = Multiclass(["x", "y", "z"])
SINGLE = SingleOutput(TOPIC)
OUTPUTS = {
    "multiclass": SINGLE,
    "binary": SingleOutput(Binary(["no", "yes"])),
    "multilabel": SingleOutput(Multilabel(["p", "q", "r"])),
    "several": SeveralOutputs({"topic": TOPIC, "flags": Multilabel(["p", "q"])}),
    "levels": HierarchicalOutputs(parse_tree({"a": ["x", "y"], "b": ["z"]})),
}


def states_of(outputs, classes, seed, *, outside=False):
    """Vectors around the centre of each class, and logits that are lower out of scope."""
    random = np.random.default_rng(seed)
    number = len(classes)
    middle = random.normal(size=(number, DIM)) * 4 if outside else CENTRES[classes]
    pooled = {layer: (middle + random.normal(size=(number, DIM)) * 0.5).astype("float32") for layer in LAYERS}
    heads = [list(outputs.tasks)[0]] if outputs.hierarchy is not None else list(outputs.tasks)
    logits = {}
    for head in heads:
        noise = random.normal(size=(number, outputs.tasks[head].units)).astype("float32")
        noise[np.arange(number), classes % noise.shape[1]] += 0 if outside else 3
        logits[head] = noise
    return ScopeStates(logits, pooled)


def labels_of(outputs, classes):
    found = {}
    for head, task in outputs.tasks.items():
        flags = np.eye(3)[classes][:, : task.units].astype("float32")
        found[head] = classes % task.units if task.exclusive and task.units > 1 else flags
    return found


def fit(kind="multiclass", *, examples=None, keep=0.9, number=120, **arguments):
    outputs, classes = OUTPUTS[kind], np.arange(number) % 3
    given = None if examples is None else states_of(outputs, np.zeros(examples, int), 9, outside=True)
    validation = states_of(outputs, np.arange(60) % 3, 2)
    reference = states_of(outputs, classes, 1)
    return OutOfScope.fit(
        outputs, reference, labels_of(outputs, classes), validation, given, fingerprint="f", keep=keep, **arguments
    )


@pytest.mark.parametrize("examples", [None, 20], ids=["without examples", "with examples"])
@pytest.mark.parametrize("kind", OUTPUTS)
def test_of_every_head_kind_it_ranks_texts_out_of_scope_higher(kind, examples):
    part, outputs = fit(kind, examples=examples), OUTPUTS[kind]
    inside = part.scores(outputs, states_of(outputs, np.arange(90) % 3, 3))
    outside = part.scores(outputs, states_of(outputs, np.zeros(90, int), 4, outside=True))
    assert roc_auc_score(np.repeat([0, 1], 90), np.concatenate([inside, outside])) > 0.95
    assert part.rejects(inside).mean() < 0.25 < 0.75 < part.rejects(outside).mean()
    assert part.num_examples == (examples or 0) and part.num_reference == 120


def test_the_threshold_is_the_order_statistic_that_keeps_the_share():
    scores = np.random.default_rng(0).permutation(np.arange(99.0))
    threshold, (low, high) = keeping_threshold(scores, 0.9)
    assert threshold == 89.0 and (scores <= threshold).sum() == 90
    assert low == pytest.approx(beta.ppf(0.025, 90, 10)) and high == pytest.approx(beta.ppf(0.975, 90, 10))


def test_the_share_that_is_kept_of_other_texts_is_right_on_average():
    random = np.random.default_rng(0)
    kept = [(random.normal(size=500) <= keeping_threshold(random.normal(size=19), 0.95)[0]).mean() for _ in range(2000)]
    assert np.mean(kept) == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("examples", [None, 20])
def test_a_graph_computes_the_same(examples):
    part, states = fit("several", examples=examples), states_of(OUTPUTS["several"], np.arange(30) % 3, 3)
    found = keras.ops.convert_to_numpy(part.scores(OUTPUTS["several"], states, keras.ops))
    np.testing.assert_allclose(found, part.scores(OUTPUTS["several"], states), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", OUTPUTS)
def test_plain_data_and_arrays_bring_it_back(kind):
    part, outputs = fit(kind, examples=12), OUTPUTS[kind]
    again = OutOfScope.from_plain(part.to_plain(), part.arrays(), outputs)
    states = states_of(outputs, np.arange(30) % 3, 3)
    np.testing.assert_array_equal(again.scores(outputs, states), part.scores(outputs, states))
    assert (again.threshold, again.kept_interval, again.layers) == (part.threshold, part.kept_interval, part.layers)


def test_hidden_states_that_no_score_reads_are_not_kept():
    part = fit()
    assert set(part.layers) == {int(name.rpartition("/")[2]) for name in part.components if "energy" not in name}
    assert part.num_bytes == sum(array.nbytes for array in part.arrays().values())
    assert fit(max_neighbours=3).num_bytes < part.num_bytes


def test_no_text_has_no_score():
    states = ScopeStates({"probabilities": np.zeros((0, 3), "float32")}, dict.fromkeys(LAYERS, np.zeros((0, DIM))))
    assert fit().scores(SINGLE, states).shape == (0,)


def test_texts_without_a_label_are_a_group_and_unknown_ones_are_none():
    flags = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]], "float32")
    found = groups_of(OUTPUTS["multilabel"], {"probabilities": flags})
    assert found.names == ["p", "q", "r", "none"] and found.members.astype(int).tolist() == [
        [1, 0, 0, 0],
        [0, 1, 1, 0],
        [0, 0, 0, 1],
    ]
    levels = groups_of(OUTPUTS["levels"], {"class": np.array([0, 0, 1, 0]), "subclass": np.array([0, 1, 2, -1])})
    assert levels.members.any(axis=1).tolist() == [True, True, True, False]


def test_the_usual_layers_are_spread_over_the_encoder():
    assert usual_layers(12) == (12, 8, 4, 0) and usual_layers(1) == (1, 0)


def test_a_label_without_texts_is_refused():
    labels = {"probabilities": np.zeros(5, int)}
    with pytest.raises(DataError, match="at least one text of every label, .* 2 of 3 have none, such as 'y'"):
        groups_of(SINGLE, labels)


def test_too_few_validation_texts_are_refused():
    with pytest.raises(
        DataError, match=r"`validation` must hold at least 99 texts to keep 0.99 .* got 60\. .* up to 0.984"
    ):
        fit(keep=0.99)
    assert fit(keep=60 / 61).num_validation == 60


def test_too_few_examples_are_refused():
    with pytest.raises(DataError, match="`out_of_scope_texts` must be at least 10 texts, or None; got 9"):
        fit(examples=9)


@pytest.mark.parametrize("keep", [0, 1, -0.5, 2])
def test_a_share_outside_of_0_and_1_is_refused(keep):
    with pytest.raises(ConfigError, match=rf"`keep` must be a number in \(0, 1\); got {keep:g}"):
        fit(keep=keep)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": [1.0]}, "a mean, a positive spread and a weight for each component"),
        ({"components": ["energy/other"], "weights": [1.0], "middle": [0.0], "spread": [1.0]}, "must be among"),
    ],
)
def test_plain_data_that_does_not_fit_is_refused(change, message):
    part = fit()
    with pytest.raises(ValueError, match=message):
        OutOfScope.from_plain({**part.to_plain(), **change}, part.arrays(), SINGLE)


def test_it_is_read_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit().threshold = 0.0
