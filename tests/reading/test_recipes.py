"""The recipes of docs/data.md for annotation exports, run on files as the tools write them."""

import json
import re
from pathlib import Path

import pytest

import kerasbert as kb

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
CHOICES = {"id": "x1", "from_name": "sentiment", "to_name": "text", "type": "choices", "origin": "manual"}


def annotated(choices, **annotation):
    return {"id": 9, "completed_by": 1, "result": [{**CHOICES, "value": {"choices": choices}}], **annotation}


LABEL_STUDIO = [
    {"id": 1, "data": {"text": "good"}, "annotations": [annotated(["pos"], was_cancelled=False)], "predictions": []},
    {"id": 2, "data": {"text": "skipped"}, "annotations": [annotated([], was_cancelled=True)], "predictions": []},
    {
        "id": 3,
        "data": {"text": "mixed"},
        "annotations": [annotated(["neg"], was_cancelled=True), annotated(["pos", "neg"])],
    },
    {"id": 4, "data": {"text": "waiting"}, "annotations": []},
]
DOCCANO = [
    {"id": 1, "text": "good", "label": ["pos"], "Comments": []},
    {"id": 2, "text": "open", "label": [], "Comments": []},
    {"id": 3, "text": "mixed", "label": ["pos", "neg"], "Comments": ["hm"]},
]
PRODIGY = [
    {
        "text": "good",
        "options": [{"id": "pos", "text": "pos"}, {"id": "neg", "text": "neg"}],
        "accept": ["pos"],
        "answer": "accept",
    },
    {"text": "bad", "label": "neg", "answer": "accept", "_input_hash": 1},
    {"text": "not this", "label": "neg", "answer": "reject"},
    {"text": "unclear", "options": [], "accept": [], "answer": "ignore"},
]
SPACY = [{"text": "good", "cats": {"pos": 1.0, "neg": 0.0}}, {"text": "mixed", "cats": {"pos": True, "neg": True}}]
FOUND = {
    "label_studio": [("good", ["pos"]), ("mixed", ["pos", "neg"])],
    "doccano": [("good", ["pos"]), ("mixed", ["pos", "neg"])],
    "prodigy": [("good", ["pos"]), ("bad", ["neg"])],
    "spacy": [("good", ["pos"]), ("mixed", ["pos", "neg"])],
}


@pytest.fixture
def exports(tmp_path, monkeypatch):
    """A folder with an export of each tool, which is the current one."""
    (tmp_path / "label_studio.json").write_text(json.dumps(LABEL_STUDIO))
    for name, rows in (("doccano", DOCCANO), ("prodigy", PRODIGY), ("spacy", SPACY)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks():
    section = PAGE.read_text(encoding="utf-8").split("## Annotation exports")[1].split("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def test_every_recipe_gives_texts_and_labels(exports):
    names = {}
    *recipes, writing = blocks()
    for tool, code in zip(FOUND, recipes, strict=True):
        assert tool in code
        exec(compile(code, tool, "exec"), names)
        examples = kb.data.read_examples(names["rows"], label_columns="labels")
        assert list(zip(examples.texts, examples.labels["labels"], strict=True)) == FOUND[tool]
        exec(compile(writing, "writing", "exec"), names)
        assert kb.data.read_examples("annotated.jsonl", label_columns="labels").labels == examples.labels


def test_what_needs_no_recipe(exports):
    assert kb.data.read_examples("doccano.jsonl", label_columns="label").labels["label"][0] == ["pos"]
    minimal = [
        {"id": 1, "text": "good", "sentiment": "pos", "annotator": 1},
        {"id": 2, "text": "bad", "sentiment": "neg"},
    ]
    Path("export.json").write_text(json.dumps(minimal))
    assert kb.data.read_examples("export.json", label_columns="sentiment").labels["sentiment"] == ["pos", "neg"]
