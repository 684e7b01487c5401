"""The room as a whole: what it imports, and that the examples in its docstrings run."""

import ast
import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest

import kerasbert.data

ROOM = Path(kerasbert.data.__file__).parent
MODULES = sorted(file.stem for file in ROOM.glob("*.py") if file.stem != "__init__")
CHEAP = {"numpy"}


def imports_at_load(file):
    """Roots and full names of what a module imports when it is loaded, annotations left out."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("module", [*MODULES, "__init__"])
def test_loading_is_cheap_and_imports_go_one_way(module):
    import sys

    for name in imports_at_load(ROOM / f"{module}.py"):
        own = name.startswith(("kerasbert._core", "kerasbert.data"))
        assert own or name.split(".")[0] in CHEAP | sys.stdlib_module_names, name


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    loaded = importlib.import_module(f"kerasbert.data.{module}")
    names = {**vars(kerasbert.data), **vars(loaded), "np": np}
    flags = doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(loaded, extraglobs=names, optionflags=flags).failed == 0


def test_one_pass_from_rows_to_batches(toy_folder):
    data = kerasbert.data
    examples = data.read_examples([{"text": "hello a", "label": "x"}, {"text": "b", "label": "y"}], labels="label")
    names = data.collect_label_names(examples.labels["label"])
    labels = data.encode_binary(examples.labels["label"], names)
    batches = data.make_batches(data.TextEncoder.from_folder(toy_folder).encode(examples.texts), labels)
    inputs, seen = next(iter(batches.dataset))
    assert inputs["input_ids"].numpy().tolist() == [[2, 5, 10, 3], [2, 11, 3, 0]]
    assert seen.numpy().tolist() == [[0.0], [1.0]]
