"""Inputs by name: extra keys, mappings, lists, for encoders and for the models of every builder."""

from collections import UserDict

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasbert as kb
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.inputs import named_inputs

EXTRA = ("label", "labels", "length", "special_tokens_mask", "a_column")
BUILDERS = {
    "binary": kb.build_binary,
    "multiclass": lambda **own: kb.build_multiclass(3, **own),
    "multitask": lambda **own: kb.build_multitask({"a": kb.Multiclass(2), "b": kb.Multilabel(2)}, **own),
    "hierarchical": lambda **own: kb.build_hierarchical({"a": ["b", "c"], "d": ["e"]}, **own),
    "layerwise": lambda **own: kb.build_layerwise(kb.Multiclass(3), **own),
}


def with_extra(inputs, name):
    return {name: np.ones_like(inputs["input_ids"]), **inputs}


def assert_same(found, expected):
    keras.tree.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, expected)


@pytest.mark.parametrize("family", ENCODERS)
@pytest.mark.parametrize("name", EXTRA)
def test_an_extra_key_changes_nothing_in_an_encoder(family, name, tiny_config, tiny_inputs):
    encoder = ENCODERS[family](kb.BertConfig.from_dict({**tiny_config.to_dict(), **{"model_type": family}}))
    expected = encoder(tiny_inputs).last_hidden_state
    with pytest.warns(kb.KerasbertWarning, match=f"hold '{name}', which the model does not read .* left out"):
        found = encoder(with_extra(tiny_inputs, name)).last_hidden_state
    assert_same(found, expected)


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS)
def test_an_extra_key_changes_nothing_in_a_model(builder, tiny_config, tiny_inputs):
    model = builder(encoder=tiny_config)
    expected = model.predict(tiny_inputs, verbose=0)
    for name in EXTRA:
        more = with_extra(tiny_inputs, name)
        with pytest.warns(kb.KerasbertWarning, match=f"hold '{name}'"):
            assert_same(model(more), expected)
        with pytest.warns(kb.KerasbertWarning, match=f"hold '{name}'"):
            assert_same(model.predict(more, verbose=0), expected)
    with pytest.warns(kb.KerasbertWarning, match="hold 'label'"):
        assert_same(model.predict(tf.data.Dataset.from_tensors(with_extra(tiny_inputs, "label")), verbose=0), expected)


def test_a_column_of_texts_beside_the_tokens_is_left_out(tiny_config, tiny_inputs):
    model = kb.build_binary(encoder=tiny_config)
    with pytest.warns(kb.KerasbertWarning, match="hold 'text'"):
        found = model.predict({**tiny_inputs, "text": ["a", "b"]}, verbose=0)
    assert_same(found, model.predict(tiny_inputs, verbose=0))


WAYS = {
    "call": lambda model, x, y: model(x),
    "predict": lambda model, x, y: model.predict(x, verbose=0),
    "predict_on_batch": lambda model, x, y: model.predict_on_batch(x),
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "fit": lambda model, x, y: model.fit(x, y, validation_data=(x, y), verbose=0).history["val_loss"],
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "generator": lambda model, x, y: model.fit((pair for pair in [(x, y)]), verbose=0).history["loss"],
}
FORMS = {
    "mapping": UserDict,
    "list": lambda inputs: list(inputs.values()),
    "tuple": lambda inputs: tuple(inputs.values()),
    "lists of lists": lambda inputs: {name: rows.tolist() for name, rows in inputs.items()},
    "without token types": lambda inputs: {name: inputs[name] for name in ("attention_mask", "input_ids")},
    "extra key": lambda inputs: UserDict(with_extra(inputs, "special_tokens_mask")),
}


@pytest.mark.filterwarnings("ignore::kerasbert.KerasbertWarning")
@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_takes_every_form(way, tiny_config, tiny_inputs):
    labels = np.array([0, 2])
    forms = {name: FORMS[name] for name in ("mapping", "list", "extra key")}
    models = {name: kb.build_multiclass(3, encoder=tiny_config, dropout=0.0) for name in ("as dict", *forms)}
    for model in models.values():
        model.switch_off_dropout()
        model.set_weights(models["as dict"].get_weights())
    expected = WAYS[way](models["as dict"], tiny_inputs, labels)
    for name, form in forms.items():
        assert_same(WAYS[way](models[name], form(tiny_inputs), labels), expected)


@pytest.mark.filterwarnings("ignore::kerasbert.KerasbertWarning")
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_model_takes_every_form(form, tiny_config, tiny_inputs):
    model = kb.build_binary(encoder=tiny_config)
    assert_same(model.predict(form(tiny_inputs), verbose=0), model.predict(tiny_inputs, verbose=0))


@pytest.mark.filterwarnings("ignore::kerasbert.KerasbertWarning")
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_encoder_takes_every_form(form, tiny_config, tiny_inputs):
    encoder = kb.TFBertModel(tiny_config)
    expected = encoder(tiny_inputs).last_hidden_state
    assert_same(encoder(form(tiny_inputs)).last_hidden_state, expected)
    assert_same(encoder.predict(form(tiny_inputs), verbose=0).last_hidden_state, expected)


def test_an_encoder_takes_what_a_tokenizer_of_transformers_returns(tiny_config, tiny_inputs):
    transformers = pytest.importorskip("transformers")
    encoder = kb.TFBertModel(tiny_config)
    encoding = transformers.BatchEncoding(tiny_inputs)
    assert_same(encoder(encoding).last_hidden_state, encoder(**encoding).last_hidden_state)


def test_token_ids_alone_are_taken_as_lists(tiny_config):
    encoder = kb.TFBertModel(tiny_config)
    assert_same(encoder([[2, 5, 3]])[0], encoder(np.array([[2, 5, 3]]))[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attention_mask": None}, "attention_mask cannot be left out; got"),
        ({"attention_mask": None, "atention_mask": [[1]]}, "got .*'atention_mask'.* Did you mean 'attention_mask'"),
        ({"input_ids": [[2, 3], [2]]}, r"`input_ids` must have rows of one length; got rows of \[1, 2\].*padding=True"),
    ],
    ids=["missing", "misspelt", "ragged"],
)
def test_what_is_missing_is_named(change, message, tiny_config, tiny_inputs):
    inputs = {name: rows for name, rows in {**tiny_inputs, **change}.items() if rows is not None}
    with pytest.raises(kb.ConfigError, match=message):
        kb.build_binary(encoder=tiny_config).predict(inputs, verbose=0)


def test_a_misspelt_mask_of_an_encoder_is_refused(tiny_config, tiny_inputs):
    inputs = {"input_ids": tiny_inputs["input_ids"], "attention_masks": tiny_inputs["attention_mask"]}
    with pytest.raises(kb.ConfigError, match="Did you mean 'attention_mask'"):
        kb.TFBertModel(tiny_config)(inputs)


def test_one_array_is_refused_by_a_model(tiny_config, tiny_inputs):
    with pytest.raises(kb.ConfigError, match=r"by name or as a list in this order; got one array of shape \(2, 4\)"):
        kb.build_binary(encoder=tiny_config).predict(tiny_inputs["input_ids"])


def test_too_many_arrays_are_refused():
    with pytest.raises(kb.ConfigError, match="A list of inputs must be a, b, in this order; got 3 arrays"):
        named_inputs([np.ones((1, 2))] * 3, ("a", "b"), ("a",))


def test_a_saved_model_keeps_the_order_of_a_list(tiny_config, tiny_inputs, tmp_path):
    model = kb.build_multiclass(3, encoder=tiny_config)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same(loaded.predict(list(tiny_inputs.values()), verbose=0), model.predict(tiny_inputs, verbose=0))
