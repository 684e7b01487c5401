import keras
import numpy as np
import pytest

from kerasbert import BertConfig, build_binary, build_layerwise, build_multiclass, build_multitask
from kerasbert import Multiclass as Several
from kerasbert.classifiers.standard_heads import has_standard_head, standard_tensors
from kerasbert.encoders.families import ENCODERS


def config(family):
    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 9,
    }
    return BertConfig(model_type=family, type_vocab_size=0 if family == "distilbert" else 2, **sizes)


FORMS = {
    "pooler": ({"pooling": "pooler"}, {"bert", "roberta"}),
    "mean": ({"pooling": "mean"}, set()),
    "cls alone": ({"pooling": "cls"}, set()),
    "cls, tanh": ({"pooling": "cls", "hidden_units": (8,), "hidden_activation": "tanh"}, {"bert", "roberta"}),
    "cls, relu": ({"pooling": "cls", "hidden_units": (8,), "hidden_activation": "relu"}, {"distilbert"}),
    "cls, gelu": ({"pooling": "cls", "hidden_units": (8,), "hidden_activation": "gelu"}, {"electra"}),
    "cls, other width": ({"pooling": "cls", "hidden_units": (4,), "hidden_activation": "relu"}, set()),
    "cls, two layers": ({"pooling": "cls", "hidden_units": (8, 8), "hidden_activation": "relu"}, set()),
    "the embeddings": ({"pooling": "cls", "layers": 0, "hidden_units": (8,)}, set()),
    "two layers": ({"pooling": "cls", "layers": (1, 2), "hidden_units": (8,)}, set()),
}


@pytest.mark.parametrize("family", ENCODERS)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_standard(form, family):
    arguments, standard_for = FORMS[form]
    if arguments["pooling"] == "pooler" and family not in ("bert", "roberta"):
        pytest.skip("this family has no pooler")
    model = build_multiclass(3, encoder=config(family), **arguments, compile=False)
    assert has_standard_head(model) == (family in standard_for)


def test_several_heads_are_not_standard():
    heads = {"one": Several(2), "other": Several(3)}
    assert not has_standard_head(build_multitask(heads, encoder=config("bert"), pooling="pooler", compile=False))
    assert not has_standard_head(build_layerwise(Several(3), encoder=config("bert"), pooling="cls", compile=False))


def test_a_binary_head_becomes_two_classes():
    model = build_binary(encoder=config("bert"), pooling="pooler", compile=False)
    model.head.output_layer.bias.assign([0.7])
    tensors = standard_tensors(model)
    kernel = keras.ops.convert_to_numpy(model.head.output_layer.kernel)
    assert tensors["classifier.bias"].tolist() == [0.0, np.float32(0.7)]
    assert (tensors["classifier.weight"][0] == 0).all() and (tensors["classifier.weight"][1] == kernel[:, 0]).all()
