import json

import pytest

from kerasbert.saving.exported_folder import as_pairs, describe_exported, from_pairs, is_exported
from kerasbert.saving.folder import load_trained

TREES = {
    "labels": {"b": ["z", "y"], "a": ["x"]},
    "pairs of labels": {"b": ["z", "y"], "a": ["w", "v"]},
    "three levels": {"b": {"q": ["z"], "p": ["y", "x"]}, "a": {"m": ["w", "v"]}},
    "one": {"b": ["z"]},
}


@pytest.mark.parametrize("name", TREES)
def test_the_order_of_a_tree_survives_sorted_keys(name):
    again = from_pairs(json.loads(json.dumps({"tree": as_pairs(TREES[name])}, sort_keys=True))["tree"])
    assert json.dumps(again) == json.dumps(TREES[name])


def test_neither_folders_nor_histories_of_the_machine_are_told(tiny_folder, tmp_path):
    from kerasbert import TextClassifier

    classifier = TextClassifier(encoder=str(tiny_folder), epochs=1, max_length=16, verbose=False)
    classifier.fit(["good card", "bad parcel"] * 4, ["x", "y"] * 4)
    classifier.save(tmp_path / "saved")
    told = describe_exported(load_trained(tmp_path / "saved"))
    assert str(tiny_folder) not in json.dumps(told) and "history" not in told["settings"]
    assert told["labels"] == {"probabilities": ["x", "y"]}


def test_an_encoder_is_no_export(tiny_folder):
    assert not is_exported(tiny_folder)
