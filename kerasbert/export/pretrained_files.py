"""The files of a folder that tools for transformers read: labels of `config.json`, the tokenizer."""

import json
from pathlib import Path
from typing import Any

from kerasbert.classifiers.classifier import Classifier
from kerasbert.export.torch_code import INPUTS
from kerasbert.tokenization.tokenizer import Tokenizer


def label_config(model: Classifier) -> dict[str, Any]:
    """Return what `config.json` says of the labels of a classifier with one head; of several heads it has no word."""
    if len(model.heads) != 1:
        return {}
    names = model.head.label_names
    return {
        "id2label": {str(index): name for index, name in enumerate(names)},
        "label2id": {name: index for index, name in enumerate(names)},
        "problem_type": model.head.task.problem_type,
    }


def write_tokenizer(tokens: Tokenizer, family: str, folder: Path) -> None:
    """Write a tokenizer that gives the inputs which a family of encoders has."""
    tokens.save(folder)
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    if family in INPUTS:
        settings["model_input_names"] = INPUTS[family]
    file.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
