"""Docstrings say what the signature says, and their examples run."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from public_names import PUBLIC, is_error

import kerasbert as kb
from kerasbert._core.encoder_folders import CHECKPOINT_PACKAGES

DOCUMENTED = {name: value for name, value in PUBLIC.items() if not is_error(value)}
ROOT = Path(kb.__file__).parent
WITH_EXAMPLES = [
    ".".join(("kerasbert", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for file in sorted(ROOT.rglob("*.py"))
    if ">>>" in file.read_text(encoding="utf-8") and "_tensorflow" not in file.name
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
    text = "\n".join(inspect.cleandoc(one.__doc__ or "") for one in bases)
    others = re.findall(r"Arguments[^.`]* are those of\s+`(build_\w+)`", text)
    return "\n".join([text, *(inspect.cleandoc(getattr(kb, other).__doc__) for other in others)])


def missing_arguments(value):
    text = documentation(value)
    if re.search(r"are those of `TFBertModel`|`TFBertModel` documents what all families share", text):
        return []
    return [name for name in parameters(value) if not re.search(rf"^\s*{name}:", text, re.M)]


def test_every_argument_is_documented():
    missing = {name: missing_arguments(value) for name, value in DOCUMENTED.items()}
    assert not {name: arguments for name, arguments in missing.items() if arguments}


# Abstract classes, and results that only functions make.
NO_EXAMPLE = {
    "AccuracyFacts", "Bucket", "DriftTest", "HeadProfile", "LabelShare", "LabelledTexts", "MonitorReport", "Moved", "Reference", "SliceFacts", "VectorSample",
    "CachedHead", "Calibration", "ClassDiscovery", "Discovery", "EncodedLabels", "Encoder", "EncoderOutput", "ExclusiveLevel", "Export", "OutputPlan", "load_trained",
    "EqualTexts", "IndependentLevel", "LengthFacts", "Outputs", "Overlap", "Pooling", "PredictionSets", "Pushed", "ReadLabels", "StreamBatches", "Subclass", "Task", "TemplatePart", "TokenCache",
}  # fmt: skip


def test_every_public_name_has_an_example():
    without = [name for name, value in DOCUMENTED.items() if ">>>" not in (inspect.getdoc(value) or "")]
    assert not set(without) - NO_EXAMPLE


def needs_default_encoder(example_source):
    return "all-MiniLM-L6-v2" in example_source


@pytest.mark.parametrize("name", WITH_EXAMPLES)
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
