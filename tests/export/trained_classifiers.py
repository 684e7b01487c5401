"""Toy classifiers of every kind, with new weights: these say as much about an export as trained ones."""

import dataclasses
from unittest import mock

import keras
import numpy as np

from kerasbert import TextClassifier
from kerasbert.text_classifier import classifier as classifier_module

TEXTS = [
    "good card",
    "bad parcel!",
    "thanks",
    "lost parcel ?",
    "",
    "refund please",
    "[SEP] is my card late?",
    "good " * 60,
]
LABELS = ["x", "y", "z", "y", "x", "z", "y", "x"]
SETS = [["a"], ["a", "b"], [], ["b"], ["c"], ["a", "c"], ["b"], ["a", "b", "c"]]
TREE = {"x": ["x1", "x2"], "y": ["y1"], "z": ["z1", "z2", "z3"]}
TASKS = {
    "binary": ({"task": "binary"}, ["no", "yes"] * 4),
    "multiclass": ({"task": "multiclass"}, LABELS),
    "multilabel": ({"task": "multilabel", "layers": [0, 1, 2], "validation_fraction": 0.0}, SETS),
    "multitask": (
        {
            "task": "multitask",
            "heads": {"topic": "multiclass", "flags": "multilabel", "spam": "binary"},
            "validation_fraction": 0.0,
        },
        {"topic": LABELS, "flags": SETS, "spam": ["no", "yes"] * 4},
    ),
    "hierarchical": (
        {"task": "hierarchical", "subclasses": TREE},
        {"class": LABELS, "subclass": [label + "1" for label in LABELS]},
    ),
    "independent levels": (
        {"task": "hierarchical", "subclasses": TREE, "level_task": "multilabel", "validation_fraction": 0.0},
        {
            "class": [["x"], ["y", "z"], [], ["x", "z"]] * 2,
            "subclass": [["x1", "x2"], ["y1", "z3"], [], ["x2", "z1"]] * 2,
        },
    ),
}


def trained(name, folder, **arguments):
    """A classifier of one of `TASKS`, with thresholds that some texts reach and some do not."""
    own, labels = TASKS[name]
    classifier = _new(TEXTS, labels, **{"encoder": str(folder), **own, **arguments})
    _put_thresholds(classifier, TEXTS, 0.5)
    return classifier


def with_subclasses(folder):
    """A classifier that learned its classes first and the labels below them afterwards."""
    levels = {"class": LABELS, "subclass": [label + "1" for label in LABELS]}
    return trained("multiclass", folder).add_subclasses(TEXTS, levels, epochs=1)


def with_large_weights(folder, texts, labels, **arguments):
    """A classifier whose weights are random and large: they say more about an export than a few steps of training would."""
    classifier = _new(texts, labels, encoder=str(folder), validation_fraction=0.0, **arguments)
    for weight in classifier.model_.weights:
        if "seed_generator" not in weight.path:
            weight.assign(weight + keras.random.normal(weight.shape) * 0.3)
    _put_thresholds(classifier, texts, 0.42)
    return classifier


def _new(texts, labels, **arguments):
    keras.utils.set_random_seed(3)
    classifier = TextClassifier(**{"max_length": 32, "verbose": False, **arguments})
    with mock.patch.object(classifier_module, "run_fitting", lambda settings, fitting, run: fitting.untrained):
        return classifier.fit(texts, labels)


def _put_thresholds(classifier, texts, share):
    scores = classifier.trained_.probabilities(texts)
    thresholds = {head: np.quantile(values, share, axis=0).astype(float) for head, values in scores.items()}
    classifier.trained_ = dataclasses.replace(classifier.trained_, thresholds=thresholds)
