"""Every documented form of a call of transformers' models, beside PyTorch's class with the same weights."""

import copy
import functools
import inspect
import re
from collections import UserDict

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasbert as kb
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.source import encoder_from

from .reference import inputs_for, largest_difference, torch_inputs, torch_model, toy_config

FAMILIES = {
    "bert": {},
    "distilbert": {"model_type": "distilbert", "dim": 12, "n_heads": 3, "n_layers": 3, "hidden_dim": 29},
    "electra": {"model_type": "electra", "embedding_size": 5},
    "roberta": {"model_type": "roberta"},
}


class Pair:
    """An encoder of ours and PyTorch's with the same weights; both take NumPy inputs."""

    def __init__(self, family):
        self.config = toy_config(**FAMILIES[family])
        self.torch = torch_model(self.config)
        self.ours = encoder_from(self.torch)
        self.inputs = torch_inputs(self.config, inputs_for(self.config))  # without token types for DistilBERT

    @property
    def arrays(self):
        return {name: value.numpy().astype("int32") for name, value in self.inputs.items()}

    def theirs(self, model=None, **arguments):
        import torch

        with torch.no_grad():
            return (model or self.torch)(**arguments)


@pytest.fixture(scope="module")
def pairs():
    return functools.cache(Pair)


def word_vectors(pair):
    return pair.torch.get_input_embeddings()(pair.inputs["input_ids"]).detach()


def positions(pair):
    return np.tile(np.arange(9, dtype="int32")[::-1] + 2, (3, 1))


def pairwise_mask():
    """For each token which it attends to: itself and those before it, and in the last row all."""
    mask = np.tril(np.ones((3, 9, 9), "int32"))
    mask[2] = 1
    return mask


# Name -> the call of ours, and the arguments of PyTorch's.
FORMS = {
    "keywords": (lambda p: p.ours(**p.arrays), lambda p: p.inputs),
    "positions": (lambda p: p.ours(*p.arrays.values()), lambda p: p.inputs),
    "dict": (lambda p: p.ours(p.arrays), lambda p: p.inputs),
    "mapping": (lambda p: p.ours(UserDict(p.arrays)), lambda p: p.inputs),
    "list": (lambda p: p.ours(list(p.arrays.values())), lambda p: p.inputs),
    "list of two": (
        lambda p: p.ours(list(p.arrays.values())[:2]),
        lambda p: {name: p.inputs[name] for name in ("input_ids", "attention_mask")},
    ),
    "token ids alone": (
        lambda p: p.ours(p.arrays["input_ids"]),
        lambda p: {"input_ids": p.inputs["input_ids"]},
    ),
    "tensors of TensorFlow": (lambda p: p.ours({k: tf.constant(v) for k, v in p.arrays.items()}), lambda p: p.inputs),
    "dict with options": (
        lambda p: p.ours({**p.arrays, "output_attentions": True, "return_dict": True}),
        lambda p: {**p.inputs, "output_attentions": True},
    ),
    "hidden states": (
        lambda p: p.ours(p.arrays, output_hidden_states=True),
        lambda p: {**p.inputs, "output_hidden_states": True},
    ),
    "attentions": (
        lambda p: p.ours(p.arrays, output_attentions=True),
        lambda p: {**p.inputs, "output_attentions": True},
    ),
    "both": (
        lambda p: p.ours(p.arrays, output_hidden_states=True, output_attentions=True, training=False),
        lambda p: {**p.inputs, "output_hidden_states": True, "output_attentions": True},
    ),
    "tuple": (lambda p: p.ours(p.arrays, return_dict=False), lambda p: {**p.inputs, "return_dict": False}),
    "tuple of all": (
        lambda p: p.ours(p.arrays, output_hidden_states=True, output_attentions=True, return_dict=False),
        lambda p: {**p.inputs, "output_hidden_states": True, "output_attentions": True, "return_dict": False},
    ),
    "vectors": (
        lambda p: p.ours(inputs_embeds=word_vectors(p).numpy()),
        lambda p: {"inputs_embeds": word_vectors(p)},
    ),
    "vectors in a dict": (
        lambda p: p.ours({"inputs_embeds": word_vectors(p).numpy(), "attention_mask": p.arrays["attention_mask"]}),
        lambda p: {"inputs_embeds": word_vectors(p), "attention_mask": p.inputs["attention_mask"]},
    ),
    "what decoders take, silent": (
        lambda p: p.ours(p.arrays, past_key_values=None, encoder_hidden_states=None, use_cache=False),
        lambda p: p.inputs,
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_what_pytorch_gives(form, family, pairs):
    pair = pairs(family)
    call, arguments = FORMS[form]
    ours, theirs = call(pair), pair.theirs(**arguments(pair))
    # transformers 5 adds an empty tuple of cross attentions, which its fourth version did not.
    values = tuple(value for value in (theirs if isinstance(theirs, tuple) else theirs.to_tuple()) if len(value))
    if isinstance(theirs, tuple):
        assert type(ours) is tuple
    else:
        names = [name for name, value in theirs.items() if len(value)]
        assert [name for name in ours if name in ours.placed] == names
        assert all(getattr(ours, name) is None for name in ours.placed if name not in names)
        assert largest_difference([theirs[0]], [ours[0]]) < 1e-5
        assert largest_difference([theirs["last_hidden_state"]], [ours["last_hidden_state"]]) < 1e-5
        ours = ours.to_tuple()
    keras.tree.assert_same_structure(ours, values)
    assert largest_difference(keras.tree.flatten(values), keras.tree.flatten(ours)) < 1e-5


def test_given_positions_and_three_axes_of_a_mask(pairs):
    import torch

    pair = pairs("bert")
    ours = pair.ours(pair.arrays, attention_mask=None, position_ids=positions(pair), output_hidden_states=True)
    theirs = pair.theirs(**pair.inputs, position_ids=torch.tensor(positions(pair)).long(), output_hidden_states=True)
    assert largest_difference(theirs.hidden_states, ours.hidden_states) < 1e-5
    others = {name: value for name, value in pair.arrays.items() if name != "attention_mask"}
    ours = pair.ours(**others, attention_mask=pairwise_mask(), output_attentions=True)
    # PyTorch's class takes what is added to the scores.
    added = (1.0 - torch.tensor(pairwise_mask())[:, None].float()) * torch.finfo(torch.float32).min
    theirs = pair.theirs(**{**pair.inputs, "attention_mask": added}, output_attentions=True)
    assert largest_difference(theirs.attentions, ours.attentions) < 1e-5
    assert largest_difference([theirs[0]], [ours[0]]) < 1e-5


HEADS = {
    "of all blocks": np.array([1.0, 0.0, 0.5], "float32"),
    "of each block": np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 0.25], [1.0, 0.0, 1.0]], "float32"),
}
OUTPUT_LAYERS = {"distilbert": r"attention\.out_lin\.weight$"}


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_a_head_mask_scales_what_a_head_gives(heads, family, pairs):
    import torch

    pair = pairs(family)
    ours = pair.ours(pair.arrays, head_mask=heads, output_attentions=True)
    # A head that is left out is one whose columns of the output projection are 0.
    changed, blocks = copy.deepcopy(pair.torch), 3
    pattern = OUTPUT_LAYERS.get(family, r"attention\.output\.dense\.weight$")
    projections = [value for name, value in changed.named_parameters() if re.search(pattern, name)]
    with torch.no_grad():
        for projection, scale in zip(projections, np.broadcast_to(heads, (blocks, 3)), strict=True):
            projection *= torch.tensor(np.repeat(scale, 4))
    theirs = pair.theirs(changed, **pair.inputs, output_attentions=True)
    assert largest_difference([theirs[0]], [ours[0]]) < 1e-5
    scaled = [
        one.numpy() * scale[:, None, None]
        for one, scale in zip(theirs.attentions, np.broadcast_to(heads, (3, 3)), strict=True)
    ]
    assert largest_difference(scaled, ours.attentions) < 1e-5
    assert largest_difference([pair.ours(pair.arrays, head_mask=heads.tolist())[0]], [ours[0]]) < 1e-6


def test_what_a_tokenizer_of_transformers_returns_is_taken(tiny_folder):
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_folder))
    encoder = kb.TFBertModel.from_pretrained(tiny_folder)
    texts = ["good parcel", "where is my refund?"]
    expected = encoder(kb.data.Tokenizer.from_pretrained(tiny_folder)(texts)).to_tuple()
    for kind in ("np", "pt"):
        found = encoder(tokenizer(texts, padding=True, return_tensors=kind)).to_tuple()
        assert largest_difference(found, expected) < 1e-6


WRONG = {
    "nothing": ({}, "Exactly one of `input_ids` and `inputs_embeds` must be given; got neither"),
    "both": (
        {"input_ids": np.ones((1, 3), "int32"), "inputs_embeds": np.ones((1, 3, 16), "float32")},
        "must be given; got both",
    ),
    "width": (
        {"inputs_embeds": np.ones((1, 3, 5), "float32")},
        r"must have shape \(batch, length, 16\).*got \(1, 3, 5\)",
    ),
    "long vectors": ({"inputs_embeds": np.ones((1, 41, 16), "float32")}, "at most 40 tokens a row.* got 41"),
    "heads": (
        {"input_ids": [[1]], "head_mask": np.ones(3)},
        r"`head_mask` must have shape \(2,\) or \(2, 2\).*got \(3,\)",
    ),
    "axes of a mask": (
        {"input_ids": [[1]], "attention_mask": np.ones((1, 1, 1, 1))},
        r"`attention_mask` must have shape \(batch, length\) or .*got \(1, 1, 1, 1\)",
    ),
    "a head mask in third place": (
        {"input_ids": [[1]], "token_type_ids": np.ones(2)},
        r"`token_type_ids` must have shape \(batch, length\); got \(2,\). Give other arguments by name",
    ),
    "cross attention": (
        {"input_ids": [[1]], "encoder_hidden_states": np.ones((1, 1, 16))},
        "`encoder_hidden_states` must be left out: kerasbert builds encoders",
    ),
    "cache": ({"input_ids": [[1]], "use_cache": True}, "`use_cache` must be left out"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_followed_is_refused(arguments, message, tiny_config):
    with pytest.raises(kb.ConfigError, match=message):
        kb.TFBertModel(tiny_config)(**arguments)


def test_return_dict_is_a_truth_value(tiny_config, tiny_inputs):
    with pytest.raises(TypeError, match="`return_dict` must be True or False; got 'no'"):
        kb.TFBertModel(tiny_config)(tiny_inputs, return_dict="no")


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "XLA"])
def test_outputs_pass_a_traced_function(jit, tiny_config, tiny_inputs):
    encoder = kb.TFBertModel(tiny_config, add_pooling_layer=False)
    call = tf.function(
        lambda ids, mask, heads: encoder(ids, mask, head_mask=heads, output_attentions=True), jit_compile=jit
    )
    heads = np.array([1.0, 0.5], "float32")
    found = call(tiny_inputs["input_ids"], tiny_inputs["attention_mask"], heads)
    expected = encoder(tiny_inputs["input_ids"], tiny_inputs["attention_mask"], head_mask=heads, output_attentions=True)
    assert type(found) is type(expected) and found.pooler_output is None
    assert largest_difference(keras.tree.flatten(expected), keras.tree.flatten(found)) < 1e-5
    assert len(found.to_tuple()) == 2 and len(found.hidden_states) == 3


def test_a_functional_model_of_other_inputs_is_saved(tiny_config, tiny_inputs, tmp_path):
    encoder = kb.TFBertModel(tiny_config)
    encoder.blocks[0].trainable = False
    inputs = {
        "inputs_embeds": keras.Input((None, 16), name="inputs_embeds"),
        "attention_mask": keras.Input((None, None), dtype="int32", name="attention_mask"),
    }
    model = keras.Model(inputs, encoder(inputs, output_attentions=True))
    arrays = {
        "inputs_embeds": np.random.default_rng(0).normal(size=(2, 4, 16)).astype("float32"),
        "attention_mask": np.tril(np.ones((2, 4, 4), "int32")),
    }
    expected = encoder(arrays, output_attentions=True)
    found = model.predict(arrays, verbose=0)
    assert found["last_hidden_state"].shape == (2, 4, 16)
    assert largest_difference(keras.tree.flatten(expected), keras.tree.flatten(found)) < 1e-5
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.predict(arrays, verbose=0)
    assert sorted(again) == sorted(expected)
    for name, value in expected.items():
        assert largest_difference(keras.tree.flatten(value), keras.tree.flatten(again[name])) < 1e-5
    assert len(loaded.trainable_weights) == len(model.trainable_weights) == len(encoder.trainable_weights)


def test_an_int8_encoder_takes_vectors_and_heads(tiny_config, tiny_inputs):
    encoder = kb.TFBertModel(tiny_config)
    vectors = keras.ops.take(encoder.get_input_embeddings().weight, tiny_inputs["input_ids"], axis=0)
    expected = encoder(inputs_embeds=vectors, head_mask=np.ones((2, 2), "float32"))[0]
    encoder.quantize("int8")
    assert largest_difference([expected], [encoder(inputs_embeds=vectors, head_mask=np.ones((2, 2)))[0]]) < 0.1


def test_half_precision_takes_vectors(tiny_config):
    encoder = kb.TFBertModel(tiny_config, dtype="mixed_float16")
    assert encoder(inputs_embeds=np.ones((1, 3, 16), "float32"))[0].dtype == "float16"


def test_gradient_checkpointing_gives_the_gradients_of_a_head_mask(tiny_config, tiny_inputs):
    encoder = kb.TFBertModel(tiny_config.replace(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0))
    found = []
    for encoder.gradient_checkpointing in (False, True):
        heads = tf.ones((2, 2))
        with tf.GradientTape() as tape:
            tape.watch(heads)
            loss = tf.reduce_sum(encoder(tiny_inputs, head_mask=heads, training=True)[0] ** 3)
        found.append(tape.gradient(loss, heads).numpy())
    assert np.abs(found[0]).max() > 1e-4
    np.testing.assert_allclose(found[1], found[0], rtol=1e-3, atol=1e-6)


def test_calls_take_the_arguments_of_transformers_in_its_order():
    order = ["input_ids", "attention_mask", "token_type_ids", "position_ids", "head_mask", "inputs_embeds"]
    for family in ENCODERS.values():
        assert list(inspect.signature(family.call).parameters)[1:7] == order
