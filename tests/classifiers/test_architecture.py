import json

import pytest

from kerasbert import BertConfig, Binary, Multiclass, build_binary, build_multiclass, build_multitask
from kerasbert.classifiers.architecture import architecture_of

OPTIONS = {
    "layers": [0, 1],
    "combine": "weighted",
    "combine_before_pooling": True,
    "pooling": "attention",
    "hidden_units": [3],
    "max_length": 20,
}


def test_the_recipe_builds_the_same_model(tiny_config):
    model = build_multiclass(["a", "b"], encoder=tiny_config, activation="linear", **OPTIONS)
    arguments = json.loads(json.dumps(architecture_of(model)["arguments"]))
    again = build_multiclass(**{**arguments, "encoder": BertConfig.from_dict(arguments["encoder"])})
    assert architecture_of(again) == architecture_of(model)


@pytest.mark.parametrize("name", OPTIONS)
def test_options_are_kept(name, tiny_config):
    assert architecture_of(build_binary(encoder=tiny_config, **OPTIONS))["arguments"][name] == OPTIONS[name]


def test_heads_are_described(tiny_config):
    architecture = architecture_of(build_multitask({"a": Multiclass(["x", "y"]), "b": Binary()}, encoder=tiny_config))
    assert architecture["builder"] == "build_multitask"
    assert architecture["arguments"]["heads"]["a"] == {"task": "multiclass", "label_names": ["x", "y"]}
