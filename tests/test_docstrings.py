"""Docstrings say what the signature says, and their examples run."""

import doctest
import importlib
import inspect
import pkgutil
import re

import keras
import numpy as np
import pytest
from public_names import PUBLIC, is_error

import kerasbert as kb
from kerasbert._core.encoder_folders import CHECKPOINT_PACKAGES

DOCUMENTED = {name: value for name, value in PUBLIC.items() if not is_error(value)}
MODULES = [
    module.name for module in pkgutil.walk_packages(kb.__path__, "kerasbert.") if "_tensorflow" not in module.name
]


def parameters(value):
    if inspect.isclass(value) and issubclass(value, keras.layers.Layer) and "__init__" not in vars(value):
        return []  # Keras's own
    signature = inspect.signature(value.__init__ if inspect.isclass(value) else value)
    return [name for name in signature.parameters if name not in ("self", "args", "kwargs", "name")]


def documentation(value):
    """The docstring of a function; of a class those of its bases in this package too."""
    bases = (
        [one for one in value.__mro__ if one.__module__.startswith("kerasbert.")] if inspect.isclass(value) else [value]
    )
    return "\n".join(inspect.cleandoc(one.__doc__ or "") for one in bases)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_argument_is_documented(name):
    text = documentation(DOCUMENTED[name])
    same_as = re.search(r"are those of `TFBertModel`|`TFBertModel` documents what all families share", text)
    missing = [] if same_as else [p for p in parameters(DOCUMENTED[name]) if not re.search(rf"^\s*{p}:", text, re.M)]
    assert not missing


# Abstract classes, and results that only functions make.
NO_EXAMPLE = {
    "BaselineScores", "Bundle", "CachedHead", "ClassDiscovery", "Classifier", "Discovery", "Encoder", "EncoderOutput",
    "HeadTask", "LevelTask", "Pooling", "StreamBatches", "Subclass", "TaskRow", "TokenCache",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in DOCUMENTED if name not in NO_EXAMPLE])
def test_every_public_name_has_an_example(name):
    assert ">>>" in (inspect.getdoc(DOCUMENTED[name]) or "")


def needs_default_encoder(example_source):
    return "all-MiniLM-L6-v2" in example_source


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(name)
    globs = {**vars(kb), **PUBLIC, **vars(module), "keras": keras, "np": np}
    runner = doctest.DocTestRunner(
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    )
    has_encoder = importlib.util.find_spec(CHECKPOINT_PACKAGES["all-MiniLM-L6-v2"].module) is not None
    for test in doctest.DocTestFinder().find(module, name, globs=globs):
        if has_encoder or not any(needs_default_encoder(example.source) for example in test.examples):
            runner.run(test)
    assert runner.failures == 0
