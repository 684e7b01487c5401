"""The builders' signatures are written by hand; here they are held to the one list of shared options."""

import dataclasses
import inspect

import pytest

import kerasbert as kb
from kerasbert.classifiers.assembly import BuildOptions

SHARED = {field.name: field for field in dataclasses.fields(BuildOptions)}
# What a builder does not take, or takes in another form, since it would mean nothing there.
EXCEPTIONS = {
    kb.build_binary: set(),
    kb.build_multiclass: set(),
    kb.build_multilabel: set(),
    kb.build_multitask: {"activation"},
    kb.build_hierarchical: {"activation"},
    kb.build_layerwise: {"activation", "combine", "combine_before_pooling", "layers", "window_pooling"},
}


@pytest.mark.parametrize("builder", EXCEPTIONS, ids=lambda builder: builder.__name__)
def test_a_builder_has_every_shared_option_with_its_default(builder):
    parameters = inspect.signature(builder).parameters
    expected = {name: (one.default, one.type) for name, one in SHARED.items() if name not in EXCEPTIONS[builder]}
    found = {name: (parameters[name].default, parameters[name].annotation) for name in parameters if name in expected}
    assert found == expected and list(found) == list(expected)


def test_options_are_found_among_other_arguments():
    options = BuildOptions.among({"num_classes": 3, "dropout": 0.5, "name": "small"})
    assert (options.dropout, options.name, options.combine) == (0.5, "small", "concat")
    assert options.head == {"hidden_units": (), "hidden_activation": "relu", "dropout": 0.5}
