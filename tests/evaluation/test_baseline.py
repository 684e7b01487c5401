import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline

import kerasbert as kb
from kerasbert import ConfigError, DataError
from kerasbert.evaluation import score_baseline

SAMPLES = Path(kb.__file__).parent / "data" / "samples"
TREE = {"a": ["a1", "a2"], "b": ["b1"]}


def sample(part, labels):
    return kb.data.read_examples(SAMPLES / f"customer_messages_{part}.jsonl", label_columns=labels)


@pytest.fixture(scope="module")
def parts():
    return [sample(part, ["label", "sublabel", "labels"]) for part in ("train", "test")]


def arguments(parts, labels):
    return [value for part in parts for value in (part.texts, labels(part.labels))]


def test_is_as_good_as_a_plain_pipeline(parts):
    given = arguments(parts, lambda labels: labels["label"])
    plain = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(given[0], given[1])
    scores = score_baseline("multiclass", *given)
    assert scores["accuracy"] >= accuracy_score(given[3], plain.predict(given[2])) - 0.02
    assert scores["num_examples"] == len(given[2]) and scores["macro"]["roc_auc"] > 0.8


def test_binary(parts):
    given = arguments(parts, lambda labels: ["shipping" if one == "shipping" else "other" for one in labels["label"]])
    scores = score_baseline("binary", *given, label_names=["other", "shipping"])
    assert scores["f1"] == scores["per_label"]["shipping"]["f1"]
    assert scores["roc_auc"] > 0.7


def test_multilabel(parts):
    scores = score_baseline("multilabel", *arguments(parts, lambda labels: labels["labels"]))
    # Better than the same labels for all texts.
    assert scores["macro"]["f1"] > 0.4 and scores["macro"]["roc_auc"] > 0.7
    json.dumps(scores, allow_nan=False)


def test_multitask(parts):
    given = arguments(parts, lambda labels: {"topic": labels["label"], "flags": labels["labels"]})
    scores = score_baseline("multitask", *given, heads={"topic": "multiclass", "flags": "multilabel"})
    assert list(scores) == ["topic", "flags"] and scores["topic"]["accuracy"] > 0.5


def test_hierarchical(parts):
    given = arguments(parts, lambda labels: {"class": labels["label"], "subclass": labels["sublabel"]})
    scores = score_baseline("hierarchical", *given)
    assert list(scores) == ["class", "subclass", "hierarchy"]
    assert scores["hierarchy"]["inconsistent"] == 0 and scores["hierarchy"]["hierarchical_f1"] > 0.3


def test_hierarchical_with_unknown_subclasses_and_several_labels():
    labels = {"class": [["a"], ["b"], ["a", "b"], ["a"]] * 5, "subclass": [["a1"], None, ["a2", "b1"], ["a2"]] * 5}
    texts = ["one", "two", "three", "one one"] * 5
    scores = score_baseline("hierarchical", texts, labels, texts, labels, level_task="multilabel", subclasses=TREE)
    assert scores["subclass"]["num_examples"] == 15 and scores["class"]["accuracy"] > 0.5


def test_labels_that_never_or_always_occur():
    texts = ["one", "two", "three", "four"] * 5
    rows = np.array([[1, 0, 1], [0, 0, 1]] * 10)
    scores = score_baseline("multilabel", texts, rows, texts, rows, label_names=["x", "never", "always"])
    assert scores["per_label"]["always"]["f1"] == 1.0 and scores["per_label"]["never"]["support"] == 0


def test_the_same_seed_gives_the_same_scores():
    given = (["good film", "bad film"] * 4, ["+", "-"] * 4, ["good", "bad", "film"], ["+", "-", "+"])
    assert score_baseline("multiclass", *given) == score_baseline("multiclass", *given)


def test_integers_and_single_characters():
    scores = score_baseline("binary", ["好", "坏"] * 8, [1, 0] * 8, ["好", "坏"], [1, 0])
    assert scores["accuracy"] == 1.0 and list(scores["per_label"]) == ["0", "1"]


@pytest.mark.parametrize(
    ("error", "message", "task", "given", "options"),
    [
        (ConfigError, "`task` must be one of", "regression", (["a"] * 2, [0, 1], ["a"], [0]), {}),
        (ConfigError, "`heads` must be a dict", "multitask", (["a"] * 2, [0, 1], ["a"], [0]), {}),
        (DataError, "needs 2 texts to train on", "binary", (["a"], [0], ["a"], [0]), {}),
        (DataError, "got 3 texts and 2 labels", "binary", (["a"] * 3, [0, 1], ["a"], [0]), {}),
        (DataError, "hold no word to learn from", "binary", (["", " "], [0, 1], ["a"], [0]), {}),
        (TypeError, "`train_texts` must be a list of texts", "binary", ("ab", [0, 1], ["a"], [0]), {}),
        (
            DataError,
            "`labels` must be a dict with the heads x",
            "multitask",
            (["a"] * 2, [0, 1], ["a"], [0]),
            {"heads": {"x": "binary"}},
        ),
    ],
    ids=["task", "heads", "few texts", "lengths", "empty texts", "one text", "no head"],
)
def test_refusals(error, message, task, given, options):
    with pytest.raises(error, match=message):
        score_baseline(task, *given, **options)


def test_generators_of_levels_are_read_once():
    texts = ["good card", "bad parcel"] * 3
    labels = [{"class": iter("ab" * 3), "subclass": iter("xy" * 3)} for _ in range(2)]
    assert score_baseline("hierarchical", texts, labels[0], texts, labels[1])["class"]["accuracy"] == 1
    with pytest.raises(DataError, match="`labels` must be a dict with the levels class, subclass"):
        score_baseline("hierarchical", texts, ["a", "b"] * 3, texts, ["a", "b"] * 3)
