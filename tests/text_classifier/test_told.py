import re
import types

import pytest

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.text_classifier.told import told_of_epochs, told_of_held_out, told_of_texts

EPOCHS = {
    "best of all": ({"loss": [3.0, 2, 1], "val_f1": [0.5, 0.9, 0.7]}, "val_f1", 3, "Kept epoch 2 of 3: f1 0.9000"),
    "later of two": ({"loss": [3.0, 2, 1], "val_f1": [0.5, 0.9, 0.9]}, "val_f1", None, "Kept epoch 3 of 3"),
    "lowest loss": ({"loss": [3.0, 2], "val_loss": [0.5, 0.9]}, "val_loss", 2, "Kept epoch 1 of 2: loss 0.5000"),
    "early": ({"loss": [3.0, 2], "val_f1": [0.9, 0.5]}, "val_f1", 8, "Kept epoch 1 of 8.*; stopped early after epoch 2."),
    "nan": ({"loss": [3.0, 2], "val_f1": [0.9, float("nan")]}, "val_f1", 2, "Kept epoch 1 of 2"),
    "no validation": ({"loss": [3.0, 2]}, "val_f1", 2, "Kept the last epoch, 2 of 2, with a training loss of 2.0000."),
    "nothing": ({}, "val_f1", 2, "^$"),
}  # fmt: skip


@pytest.mark.parametrize(("history", "monitor", "planned", "words"), EPOCHS.values(), ids=EPOCHS)
def test_what_was_kept(history, monitor, planned, words):
    assert re.search(words, told_of_epochs(history, monitor, planned))


def stand_in(labels, most=None, **facts):
    """What is told of: data, and the names and rules of heads."""
    rules = types.SimpleNamespace(rules=types.SimpleNamespace(most=most), uses_thresholds=most == 2)
    outputs = types.SimpleNamespace(
        label_names={head: tuple(own) for head, own in labels.items()}, tasks=dict.fromkeys(labels, rules)
    )
    counts = {head: list(own.values()) for head, own in labels.items()}
    data = {"num_texts": 1200, "num_held_out": 0, "validation_given": False, "pairs": False, "labels": counts, **facts}
    return types.SimpleNamespace(data=data, outputs=outputs)


def test_labels_and_the_positive_one():
    told = told_of_texts(stand_in({SINGLE_HEAD: {"ham": 1000, "spam": 200}}, most=2))
    assert told == "Trains on 1,200 texts. Labels: ham 1,000, spam 200; positive label 'spam'."
    heads = stand_in({"topic": {"a": 1, "b": 2}, "flags": {"x": 3}}, pairs=True)
    assert told_of_texts(heads) == "Trains on 1,200 pairs of texts. Labels: topic: a 1, b 2. flags: x 3."
    many = told_of_texts(stand_in({SINGLE_HEAD: {f"l{number}": number for number in range(60)}}))
    assert many.endswith("Labels: 60, the most frequent l59 59, l58 58, l57 57, l56 56, l55 55, l54 54, l53 53, l52 52, l51 51 and 51 more.")  # fmt: skip


def test_what_judges():
    labels = {SINGLE_HEAD: {"a": 1, "b": 1}}
    assert told_of_held_out(stand_in(labels)) == "No texts are held out: all train, and the last epoch is kept."
    own = told_of_held_out(stand_in(labels, most=2, num_held_out=120))
    assert own == "120 more texts, held out of the same data, choose the epoch and the thresholds."
    given = told_of_held_out(stand_in(labels, num_held_out=3000, validation_given=True))
    assert given == "3,000 validation texts choose the epoch."
