"""`fit` takes texts, examples and token caches, and refuses what a kind of data cannot follow."""

import json

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.reading.examples import Examples
from kerasbert.text_classifier.labels import labels_of_examples

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 4
LABELS = ["x", "y", "x", "y"] * 4


def classifier(folder, task="multiclass", **options):
    return kb.TextClassifier(task, encoder=folder, epochs=1, verbose=False, **options)


def test_examples_train_as_their_texts_and_labels(tiny_folder):
    examples = Examples(TEXTS, TEXTS[::-1], {"label": LABELS})
    texts = classifier(tiny_folder).fit(TEXTS, LABELS, text_pairs=TEXTS[::-1])
    for fitted in (classifier(tiny_folder).fit(examples), classifier(tiny_folder).fit(examples, LABELS)):
        expected = texts.predict_proba(TEXTS[:2], TEXTS[:2])
        np.testing.assert_array_equal(fitted.predict_proba(TEXTS[:2], TEXTS[:2]), expected)


COLUMNS = {"topic": ["x"], "mood": ["y"]}


def test_columns_are_heads_by_their_name():
    settings = kb.TextClassifier("multitask", heads={"mood": "binary", "topic": "multiclass"})
    assert labels_of_examples(Examples(["a"], None, COLUMNS), settings) == {"mood": ["y"], "topic": ["x"]}


def test_columns_are_levels_in_their_order():
    found = labels_of_examples(Examples(["a"], None, COLUMNS), kb.TextClassifier("hierarchical"))
    assert found == {"class": ["x"], "subclass": ["y"]}


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (COLUMNS, {}, "must have one label column; got 'topic', 'mood'"),
        ({}, {}, "must have one label column; got none"),
        (
            COLUMNS,
            {"task": "multitask", "heads": {"a": "binary"}},
            "must have the label columns a; got 'topic', 'mood'",
        ),
    ],
    ids=["two columns", "no column", "another head"],
)
def test_other_columns_are_refused(columns, options, message):
    with pytest.raises(kb.DataError, match=message):
        kb.TextClassifier(**options).fit(Examples(["a"], None, columns))


REFUSED = {
    "token_budget": 64,
    "augment": {"mask": 0.1},
}


@pytest.mark.parametrize(("name", "value"), REFUSED.items(), ids=REFUSED)
def test_options_of_a_token_cache_are_refused_in_memory(name, value):
    with pytest.raises(kb.ConfigError, match=f"`{name}` goes with a token cache, see `prepare_tokens`; got"):
        kb.TextClassifier(**{name: value}).fit(TEXTS, LABELS)


def test_texts_need_labels():
    with pytest.raises(kb.DataError, match="`labels` must be given with texts"):
        kb.TextClassifier().fit(TEXTS)


@pytest.mark.parametrize("given", [{"labels": LABELS}, {"text_pairs": TEXTS}], ids=["labels", "text_pairs"])
def test_a_token_cache_holds_its_labels_and_pairs(given, tiny_folder, tmp_path):
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    cache = kb.data.prepare_tokens(tmp_path / "rows.jsonl", tmp_path / "t", task="multiclass", encoder=tiny_folder)
    with pytest.raises(kb.ConfigError, match="must be left out with a token cache, which holds them"):
        classifier(tiny_folder).fit(cache, **given)


def test_examples_hold_their_pairs():
    with pytest.raises(kb.ConfigError, match="`text_pairs` must be left out with `Examples`"):
        kb.TextClassifier().fit(Examples(["a"], None, {"label": ["x"]}), text_pairs=["b"])
