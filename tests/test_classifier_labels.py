"""Labels of a classifier go out as they came in, so that scikit-learn's scorers take them; trained on tiny data."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

import kerasbert as kb
from kerasbert import DataError

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 4
FLAGS = [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 0, 1]] * 4


def fitted(folder, task, labels, **options):
    options = {"epochs": 1, "batch_size": 8, "validation_fraction": 0, "verbose": False} | options
    return kb.TextClassifier(task, encoder=folder, **options).fit(TEXTS, labels)


SINGLE = {
    "booleans": ("binary", np.array([True, False] * 8)),
    "floats": ("binary", np.array([0.0, 1.0] * 8)),
    "list of floats": ("multiclass", [1.0, 2.0, 4.0, 2.0] * 4),
    "integers": ("multiclass", np.array([3, -1, 7, 3] * 4)),
}


@pytest.mark.parametrize(("task", "labels"), SINGLE.values(), ids=SINGLE)
def test_single_labels_keep_their_dtype(task, labels, tiny_folder, tmp_path):
    classifier = fitted(tiny_folder, task, labels)
    classifier.save(tmp_path / "model")
    for model in (classifier, kb.load(tmp_path / "model")):
        answers = model.predict(TEXTS)
        assert answers.dtype == np.asarray(labels).dtype == model.classes_.dtype
        assert model.classes_.tolist() == np.unique(labels).tolist()
        assert accuracy_score(labels, answers) == pytest.approx(model.score(TEXTS, labels))


def forms_of_flags():
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    yield FLAGS, ["0", "1", "2"]
    yield pandas.DataFrame(FLAGS, columns=["a", "b", "c"]), ["a", "b", "c"]
    yield sparse.csr_matrix(FLAGS), ["0", "1", "2"]


def test_rows_of_flags_give_rows_of_flags(tiny_folder):
    for labels, names in forms_of_flags():
        classifier = fitted(tiny_folder, "multilabel", labels)
        answers = classifier.predict(TEXTS)
        assert list(classifier.classes_) == names and answers.shape == (16, 3)
        expected = f1_score(FLAGS, answers, average="micro", zero_division=0)
        assert classifier.evaluate(TEXTS, labels)["micro"]["f1"] == pytest.approx(expected)


def test_columns_of_a_frame_are_told_by_name(tiny_folder):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(FLAGS, columns=["a", "b", "c"])
    classifier = fitted(tiny_folder, "multilabel", frame)
    assert classifier.evaluate(TEXTS, frame[["c", "a", "b"]]) == classifier.evaluate(TEXTS, frame)
    with pytest.raises(DataError, match=r"the columns must be the labels \['a', 'b', 'c'\]; got \['a', 'b'\]"):
        classifier.evaluate(TEXTS, frame[["a", "b"]])


def test_generators_of_several_heads_are_read_once(tiny_folder):
    labels = {"topic": iter(["x", "y"] * 8), "flags": (row for row in FLAGS)}
    heads = {"topic": "multiclass", "flags": "multilabel"}
    classifier = fitted(tiny_folder, "multitask", labels, heads=heads)
    assert {head: list(names) for head, names in classifier.classes_.items()} == {
        "topic": ["x", "y"],
        "flags": ["0", "1", "2"],
    }


def test_labels_of_the_wrong_shape_are_told_before_an_encoder_is_loaded():
    classifier = kb.TextClassifier("multiclass", encoder="nowhere", verbose=False)
    with pytest.raises(DataError, match=r"labels.argmax\(axis=1\)"):
        classifier.fit(["a", "b"], np.eye(2))


def test_subclasses_are_added_from_labels_of_any_kind(tiny_folder):
    classifier = fitted(tiny_folder, "multiclass", [1, 2] * 8)
    levels = {"class": iter([1.0, 2] * 8), "subclass": (row % 4 for row in range(16))}
    added = classifier.add_subclasses(TEXTS, levels, epochs=1)
    assert added.classes_["subclass"].tolist() == ["0", "2", "1", "3"]
    with pytest.raises(DataError, match="`labels` must be a dict with the levels class, subclass"):
        classifier.add_subclasses(TEXTS, [1, 2] * 8)
