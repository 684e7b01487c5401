import warnings

import numpy as np
import pytest

from kerasbert import KerasbertWarning, TextClassifier
from kerasbert.labels.counts import label_counts
from kerasbert.reading.data_checks import overlap_message, text_keys, warn_of_imbalance

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6
LABELS = ["a", "b"] * 12


def classifier(folder, task="multiclass", **arguments):
    return TextClassifier(task, encoder=folder, epochs=1, verbose=False, **arguments)


def messages(action):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    return [str(one.message) for one in caught if issubclass(one.category, KerasbertWarning)]


def test_a_normal_run_warns_of_nothing(tiny_folder):
    held_out = (["good", "bad !"], ["a", "b"])
    assert messages(lambda: classifier(tiny_folder).fit(TEXTS, LABELS, validation=held_out)) == []


def test_a_normal_multilabel_run_with_rare_labels_warns_of_nothing(tiny_folder):
    labels = [["a"]] * 46 + [["a", "b"]] * 2
    assert messages(lambda: classifier(tiny_folder, "multilabel").fit(TEXTS * 2, labels)) == []


def test_a_rate_that_destroys_pretraining(tiny_folder):
    with pytest.warns(KerasbertWarning, match=r"`learning_rate` 0.002 is likely to destroy .* `head_learning_rate`"):
        classifier(tiny_folder, learning_rate=2e-3).fit(TEXTS, LABELS)


def test_a_rate_that_destroys_pretraining_is_told_once(tiny_folder):
    told = messages(lambda: classifier(tiny_folder, learning_rate=2e-3).fit(TEXTS, LABELS))
    assert len([message for message in told if "destroy" in message]) == 1


def test_rare_labels(tiny_folder):
    with pytest.warns(KerasbertWarning, match=r"'a' has 47 training texts and 'b' has 1\. .* macro-F1"):
        classifier(tiny_folder).fit(TEXTS * 2, ["a"] * 47 + ["b"])


def test_rare_labels_without_tuned_thresholds(tiny_folder):
    rows = [["a"]] * 47 + [["b"]]
    with pytest.warns(KerasbertWarning, match="far from balanced"):
        classifier(tiny_folder, "multilabel", validation_fraction=0.0).fit(TEXTS * 2, rows)


def test_rare_subclasses_name_their_level():
    encoded = {"class": np.array([0, 1] * 30), "subclass": np.array([0] * 50 + [1, 2] + [-1] * 8)}
    names = {"class": ["x", "y"], "subclass": ["x1", "x2", "y1"]}
    counts = {head: label_counts(array, len(names[head])) for head, array in encoded.items()}
    with pytest.warns(KerasbertWarning, match=r"of head 'subclass' .* 'x1' has 50 .* 'x2' has 1\."):
        warn_of_imbalance(counts, names)


def test_validation_texts_that_are_training_texts(tiny_folder):
    held_out = (["Good   CARD", "new"], ["a", "b"])
    with pytest.warns(KerasbertWarning, match=r"1 of 2 texts to judge by \(50 %\) .* 'Good   CARD' \(text 1\)"):
        classifier(tiny_folder).fit(TEXTS, LABELS, validation=held_out)


def test_overlap_of_pairs_is_of_both_texts():
    keys = text_keys(["a"], ["b"])
    assert overlap_message(keys, ["a"], ["c"]) is None
    assert overlap_message(keys, ["a"], ["B "]).startswith("1 of 1")
    assert overlap_message(text_keys(["ﬁle"]), ["file"]) is not None  # one Unicode form


def test_most_texts_cut(tiny_folder):
    texts = [f"{text} good bad late lost refund" for text in TEXTS]
    with pytest.warns(KerasbertWarning, match=r"24 of 24 training texts are longer than 5 tokens .* of 10 holds 95 %"):
        classifier(tiny_folder, max_length=5).fit(texts, LABELS)


def test_label_counts():
    assert label_counts(np.array([[1, 0], [1, 1], [-1, -1]]), 2).tolist() == [2, 1]
    assert label_counts(np.array([[1.0]]), 1).tolist() == [1]
    assert label_counts(np.array([2, -1, 2]), 3).tolist() == [0, 0, 2]
