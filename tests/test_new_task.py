"""The example of a task in CONTRIBUTING.md: with its row in the table it works in every door."""

import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.tasks import plans
from kerasbert.tasks.table import TASKS

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?", "refund please", "late", "where is my card", "good", "!"]
# The most probable class is "a", and the median one "b".
LABELS = ["a", "a", "a", "a", "b", "b", "c", "c", "c"]


@pytest.fixture
def cli(monkeypatch):
    """The command of a table with one more row."""
    page = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = re.search(r"### A task: two files.*?```python\n(.*?)```", page, re.DOTALL)[1]
    names = {"Any": Any, "np": np, "Multiclass": kb.Multiclass}
    exec(code, names)
    monkeypatch.setitem(TASKS, "ordinal", names["Ordinal"])
    monkeypatch.setattr(plans, "ALL_TASKS", (*plans.ALL_TASKS, "ordinal"))
    monkeypatch.setattr(kb, "cli", importlib.import_module("kerasbert.cli"))
    for name in [name for name in sys.modules if f"{name}.".startswith("kerasbert.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("kerasbert.cli")


def test_a_task_needs_no_other_file(cli, tiny_folder, tmp_path, capsys):
    data, folder = tmp_path / "rows.jsonl", tmp_path / "model"
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(*arguments):
        assert cli.main(list(map(str, arguments))) == 0
        return capsys.readouterr().out

    assert "ordinal" in run("train", "--help")
    run("train", data, "--task", "ordinal", "--encoder", tiny_folder, "--epochs", "1", "--quiet", "--output", folder)
    classifier = kb.load(folder)
    probabilities = classifier.predict_proba(TEXTS)
    expected = classifier.classes_[(np.cumsum(probabilities, axis=1) < 0.5).sum(axis=1)].tolist()
    assert classifier.predict(TEXTS).tolist() == expected
    assert expected != classifier.classes_[probabilities.argmax(axis=1)].tolist()
    accuracy = np.mean(np.array(expected) == LABELS)
    assert json.loads(run("evaluate", folder, data, "--format", "json"))["accuracy"] == pytest.approx(accuracy)
    lines = run("predict", folder, *TEXTS, "--format", "json").splitlines()
    assert [json.loads(line)["labels"] for line in lines] == [[label] for label in expected]
    tf = pytest.importorskip("tensorflow")
    signature = tf.saved_model.load(run("export", folder, "--output", tmp_path / "export").strip()).signatures
    served = signature["serving_default"](tf.constant(TEXTS))
    assert served["labels"].numpy()[:, 0].astype(str).tolist() == expected


def test_it_may_be_one_of_several_heads(cli, tiny_folder, tmp_path):
    heads = {"grade": "ordinal", "topic": "multiclass"}
    labels = {"grade": LABELS, "topic": LABELS}
    classifier = kb.TextClassifier("multitask", heads=heads, encoder=tiny_folder, epochs=1, verbose=False)
    classifier.fit(TEXTS, labels).save(tmp_path / "model")
    loaded = kb.load(tmp_path / "model")
    assert type(loaded.model_.heads["grade"].task) is TASKS["ordinal"]
    assert loaded.predict(TEXTS)["grade"].tolist() == classifier.predict(TEXTS)["grade"].tolist()


def test_exports_ask_it_how_it_decides(cli, tiny_folder, tmp_path):
    from trained_classifiers import with_large_weights

    from kerasbert.export.description import describe
    from kerasbert.export.tflite import _head_metadata

    classifier = with_large_weights(tiny_folder, TEXTS, LABELS, task="ordinal")
    told = "must choose its most probable label, as transformers does; a head of the task 'ordinal' decides otherwise: Of ordered"
    with pytest.raises(kb.ConfigError, match=told):
        classifier.save_pretrained(tmp_path / "hf")
    with pytest.raises(kb.ConfigError, match="as what reads logits does; .* --scores probabilities"):
        classifier.export_onnx(tmp_path / "onnx")
    trained = classifier.trained_
    sentence = _head_metadata(trained, "probabilities", trained.model.head).description
    assert sentence == "Probabilities. Of ordered labels the median one is chosen."
    assert (
        describe(trained, "onnx")["heads"]["probabilities"]["decision"] == "Of ordered labels the median one is chosen."
    )
