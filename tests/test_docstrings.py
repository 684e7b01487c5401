"""Docstrings say what the signature says, and their examples run."""

import doctest
import importlib
import inspect
import pkgutil
import re

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert._core.resolve import CHECKPOINT_PACKAGES
from kerasbert.batches.memory import Batches

PUBLIC = {name: value for name, value in vars(kb).items() if callable(value) and not name.startswith("_")}
DOCUMENTED = {
    name: value for name, value in PUBLIC.items() if not (inspect.isclass(value) and issubclass(value, Exception))
}
MODULES = [
    module.name for module in pkgutil.walk_packages(kb.__path__, "kerasbert.") if "_tensorflow" not in module.name
]


def parameters(value):
    if inspect.isclass(value) and issubclass(value, keras.layers.Layer) and "__init__" not in vars(value):
        return []  # Keras's own
    signature = inspect.signature(value.__init__ if inspect.isclass(value) else value)
    return [name for name in signature.parameters if name not in ("self", "args", "kwargs")]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_argument_is_documented(name):
    text = inspect.getdoc(DOCUMENTED[name]) or ""
    for other in re.findall(r"Arguments[^.`]* are those of\s+`(\w+)`", text):
        text += "\n" + inspect.getdoc(getattr(kb, other))
    missing = [p for p in parameters(DOCUMENTED[name]) if not re.search(rf"^\s*{p}:", text, re.M)]
    assert not missing


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_public_name_has_an_example(name):
    text = inspect.getdoc(DOCUMENTED[name]) or ""
    assert ">>>" in text or name in ("Classifier",)


def needs_default_encoder(example_source):
    return "all-MiniLM-L6-v2" in example_source


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(name)
    globs = {**vars(kb), **vars(module), "keras": keras, "np": np, "Batches": Batches}
    globs["TokenArrays"] = importlib.import_module("kerasbert.tokenization.token_arrays").TokenArrays
    runner = doctest.DocTestRunner(
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    )
    has_encoder = importlib.util.find_spec(CHECKPOINT_PACKAGES["all-MiniLM-L6-v2"].module) is not None
    for test in doctest.DocTestFinder().find(module, name, globs=globs):
        if has_encoder or not any(needs_default_encoder(example.source) for example in test.examples):
            runner.run(test)
    assert runner.failures == 0
