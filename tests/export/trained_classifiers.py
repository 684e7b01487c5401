"""Toy classifiers of every kind, with new weights: these say as much about an export as trained ones."""

import keras
import numpy as np

from kerasbert import TextClassifier

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
        {"task": "hierarchical", "subclasses": TREE, "multilabel": True, "validation_fraction": 0.0},
        {
            "class": [["x"], ["y", "z"], [], ["x", "z"]] * 2,
            "subclass": [["x1", "x2"], ["y1", "z3"], [], ["x2", "z1"]] * 2,
        },
    ),
}


def trained(name, folder, **arguments):
    """A classifier of one of `TASKS`, with thresholds that some texts reach and some do not."""
    own, labels = TASKS[name]
    keras.utils.set_random_seed(3)
    classifier = TextClassifier(**{"encoder": str(folder), "max_length": 32, "progress": False, **own, **arguments})
    classifier._train = lambda *data: None
    classifier.fit(TEXTS, labels)
    scores = classifier._probabilities(TEXTS, None)
    classifier.thresholds_ = {head: np.median(values, axis=0).astype(float) for head, values in scores.items()}
    return classifier
