import dataclasses

import numpy as np

from kerasbert import load
from kerasbert.saving.fingerprint import fingerprint_of
from kerasbert.tokenization.tokenizer import Tokenizer


def test_a_classifier_keeps_it_through_its_folder(saved_classifier, tmp_path):
    trained = load(saved_classifier("multilabel")).trained_
    dataclasses.replace(trained, metrics={"a": 1}, history={}).save(tmp_path / "again")
    assert (
        fingerprint_of(load(tmp_path / "again").trained_) == fingerprint_of(trained)
        and len(fingerprint_of(trained)) == 64
    )


def test_whatever_changes_answers_changes_it(saved_classifier, tiny_folder):
    trained = load(saved_classifier("multilabel")).trained_
    changed = [
        dataclasses.replace(trained, thresholds={"probabilities": np.array([0.1, 0.2, 0.3])}),
        dataclasses.replace(trained, tokenizer=Tokenizer.from_folder(tiny_folder, max_length=31)),
        dataclasses.replace(trained, tokenizer=Tokenizer.from_folder(tiny_folder, max_length=32, prompt="query: ")),
        load(saved_classifier("multiclass")).trained_,
    ]
    found = {fingerprint_of(one) for one in [trained, *changed]}
    weight = trained.model.weights[-1]
    weight.assign(weight * 2 + 1)
    assert len(found | {fingerprint_of(trained)}) == len(changed) + 2
