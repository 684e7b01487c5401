"""Folders that kerasbert 0.1.0 saved load, answer and train as they did then.

golden/format_1/NAME          one folder of each kind, of a toy encoder, which is golden/format_1/encoder
golden/format_1/answers.json  name -> a few texts, and what `predict_proba` and `predict` gave for them

The folders stay as they are: they are what users have on their disks.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import kerasbert as kb
from kerasbert import cli

GOLDEN = Path(__file__).parent / "golden" / "format_1"
ANSWERS = json.loads((GOLDEN / "answers.json").read_text(encoding="utf-8"))

TRAINED = {"epochs": 1, "batch_size": 2, "learning_rate": 0.003, "head_learning_rate": 0.03, "verbose": False}
# What is not the default, by the names that the folders keep. Where an argument gets another name, its new name stands
# here and its value stays, and loading translates the old one.
SETTINGS = {
    "binary": {"task": "binary", "max_length": 16, "seed": 3, "encoder": "encoder"},
    "multiclass": {
        "long_texts": "windows",
        "max_length": 8,
        "window_overlap": 2,
        "window_pooling": "max",
        "max_windows_per_batch": 64,
        "gradient_accumulation_steps": 2,
        "schedule": "cosine",
        "ema": None,
        "layer_decay": 0.9,
        "balance": "sqrt",
        "label_smoothing": 0.05,
        "hidden_units": [4],
        "dropout": 0.2,
        "patience": 3,
    },
    "multilabel": {"task": "multilabel", "pooling": "max", "sampling": "sqrt"},
    "multitask": {
        "task": "multitask",
        "heads": {"mood": "binary", "topic": "multiclass", "flags": "multilabel"},
        "validation_fraction": 0.25,
    },
    "hierarchical": {
        "task": "hierarchical",
        "level_weights": [1, 0.5],
        "subclasses": {
            "praise": ["praise card", "praise other"],
            "request": ["request now", "request where"],
        },
    },
    "hierarchical_multilabel": {"task": "hierarchical", "level_task": "multilabel"},
    "layerwise": {"layerwise": True, "long_texts": "head_tail", "max_length": 10},
    "combined": {
        "layers": [-2, -1],
        "combine": "mean",
        "combine_before_pooling": True,
        "pooling": "attention",
        "max_length": 24,
        "warm_start": True,
    },
    "mixed_precision": {
        "task": "binary",
        "precision": "mixed_bfloat16",
        "pooling": "multihead_attention",
        "freeze": "embeddings",
    },
    "command": {"encoder": "encoder"},
    "hugging_face": {"pooling": "attention", "combine": "mean", "combine_before_pooling": True, "max_length": 24},
}
# Processors round bfloat16 differently.
TOLERANCES = {"mixed_precision": 0.02}


def plain(value):
    """Answers as JSON holds them."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return np.asarray(value).tolist() if isinstance(value, np.ndarray) else value


def check_answers(name, classifier):
    answers, by_head = ANSWERS[name], lambda value: value if isinstance(value, dict) else {"": value}
    found, stored = (by_head(one) for one in (classifier.predict_proba(answers["texts"]), answers["predict_proba"]))
    assert list(found) == list(stored)
    for head, probabilities in stored.items():
        np.testing.assert_allclose(found[head], probabilities, atol=TOLERANCES.get(name, 1e-5))
    assert plain(classifier.predict(answers["texts"])) == answers["predict"]


def test_every_folder_has_its_answers():
    folders = {path.name for path in GOLDEN.iterdir() if path.is_dir()}
    assert folders - {"encoder", "token_cache"} == set(ANSWERS) == set(SETTINGS)


@pytest.mark.parametrize("name", ANSWERS)
def test_it_answers_as_it_did(name):
    check_answers(name, kb.load(GOLDEN / name))


@pytest.mark.parametrize(("name", "settings"), SETTINGS.items(), ids=SETTINGS)
def test_it_keeps_its_settings(name, settings):
    found = json.loads(json.dumps(kb.load(GOLDEN / name).get_params()))
    wanted = {**TRAINED, **settings}
    assert {key: found[key] for key in wanted} == wanted


def test_what_was_frozen_stays_frozen():
    encoder = kb.load(GOLDEN / "mixed_precision").model_.encoder
    assert not encoder.embeddings.trainable_weights and encoder.trainable_weights


@pytest.mark.parametrize("name", ANSWERS)
def test_saved_again_it_answers_the_same(name, tmp_path):
    kb.load(GOLDEN / name).save(tmp_path / "again")
    check_answers(name, kb.load(tmp_path / "again"))


def test_an_export_for_transformers_is_read():
    classifier = kb.TextClassifier.from_pretrained(GOLDEN / "hugging_face")
    assert classifier.classes_.tolist() == ["good", "other", "question"]
    check_answers("hugging_face", classifier)


def test_the_command_reads_the_columns_of_the_training(tmp_path, capsys):
    answers = ANSWERS["command"]
    rows = [{"message": text, "topic": label} for text, label in zip(answers["texts"], answers["predict"], strict=True)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert cli.main(["evaluate", str(GOLDEN / "command"), str(tmp_path / "rows.jsonl"), "--format", "json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["num_examples"] == len(rows) and scores["accuracy"] == 1


def test_a_token_cache_is_trained_from():
    cache = kb.data.open_cache(GOLDEN / "token_cache")
    assert cache.num_rows == 72 and cache.names == {"probabilities": ("good", "other", "question")}
    classifier = kb.TextClassifier("multiclass", encoder=GOLDEN / "encoder", max_length=12, verbose=False)
    classifier.set_params(max_steps=1).fit(cache)
    assert int(classifier.model_.optimizer.iterations) == 1
    assert classifier.predict_proba(["good card"]).shape == (1, 3)
