import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import kerasbert as kb
from kerasbert.classifiers import text_tokens as module
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.text_tokens import TextTokens
from kerasbert.data import LongTexts, Tokenizer, make_batches

TEXTS = ["good parcel", "where is my refund please ? thanks !"] * 2
LABELS = np.array([0, 1, 0, 1])


@pytest.fixture(scope="module")
def model(tiny_folder):
    return kb.build_multiclass(["a", "b"], encoder=tiny_folder, preprocessing=True, dropout=0.0)


@pytest.fixture(scope="module")
def tokens(tiny_folder):
    return Tokenizer.from_pretrained(tiny_folder)


@pytest.fixture(scope="module")
def expected(model, tiny_folder, tokens):
    """Of the model on token ids with the same weights."""
    plain = kb.build_multiclass(["a", "b"], encoder=tiny_folder)
    plain.set_weights(model.get_weights())
    return plain.predict(tokens(TEXTS), verbose=0)


FORMS = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "array": np.array(TEXTS),
    "array of objects": np.array(TEXTS, dtype=object),
    "series": pd.Series(TEXTS),
    "one column": np.array(TEXTS)[:, None],
    "tensor": tf.constant(TEXTS),
    "dict": {"texts": TEXTS},
    "data set": tf.data.Dataset.from_tensor_slices(TEXTS).batch(3),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_texts_in_every_form_are_predicted(form, model, expected):
    np.testing.assert_allclose(model.predict(form, verbose=0), expected, atol=1e-5)


def test_calls_and_batches_take_texts(model, expected):
    for found in (model(TEXTS), model.predict_on_batch(TEXTS), model(tf.constant(TEXTS))):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(model(TEXTS[0]), expected[:1], atol=1e-5)
    assert model.predict([], verbose=0).shape == (0, 2)
    states = model.states(TEXTS, attentions=True)
    np.testing.assert_allclose(states.output, expected, atol=1e-5)
    assert len(states.attentions) == 2 and not model.states(TEXTS).attentions


def batches_of_texts():
    return tf.data.Dataset.from_tensor_slices((TEXTS, LABELS)).batch(2)


# The first as one graph; what the others turn into is the same.
TRAINING = {
    "list": lambda model: model.fit(TEXTS, LABELS, validation_data=(TEXTS, LABELS), verbose=0),
    "array": lambda model: model.fit(np.array(TEXTS), LABELS, validation_split=0.5, verbose=0),
    "data set": lambda model: model.fit(batches_of_texts(), validation_data=batches_of_texts(), verbose=0),
    "generator": lambda model: model.fit(
        ((TEXTS, LABELS) for _ in range(1)), validation_data=(TEXTS, LABELS), verbose=0
    ),
}


@pytest.mark.long
def test_it_trains_on_texts_in_every_form(tiny_config, tokens):
    model = kb.build_multiclass(2, encoder=tiny_config, layers=1, preprocessing=tokens, learning_rate=1e-3)
    for train in TRAINING.values():
        history = train(model).history
        assert np.isfinite(history["loss"]).all() and np.isfinite(history["val_loss"]).all()
        model.run_eagerly = True
    assert np.isfinite(model.evaluate(TEXTS, LABELS, verbose=0)).all()
    assert np.isfinite(model.train_on_batch(TEXTS, LABELS)).all()
    with pytest.raises(kb.DataError, match="`y`"):
        model.fit(TEXTS, np.array([0, 1, 2, 0]), verbose=0)


def test_files_and_exports_take_texts(model, expected, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(TEXTS, verbose=0), expected, atol=1e-5)
    assert loaded.text_tokens.tokenizer.fingerprint == model.text_tokens.tokenizer.fingerprint
    model.export(tmp_path / "served", format="tf_saved_model", verbose=False)
    served = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    (found,) = served(texts=tf.constant(TEXTS)).values()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_every_builder_takes_it(tiny_folder, tiny_config, tokens):
    layerwise = kb.build_layerwise(kb.Multiclass(2), encoder=tiny_folder, preprocessing=True)
    whole = layerwise.predict(TEXTS, verbose=0)
    np.testing.assert_allclose(kb.truncate(layerwise, 1).predict(TEXTS, verbose=0), whole["layer_1"], atol=1e-5)
    options = {"encoder": tiny_config, "preprocessing": tokens}
    nested = kb.build_hierarchical({"a": ["b", "c"], "d": ["e"]}, **options).predict(TEXTS, verbose=0)
    assert np.allclose(nested["subclass"].sum(1), 1.0, atol=1e-5)
    heads = kb.build_multitask({"x": kb.Binary(), "y": kb.Multilabel(3)}, **options)(TEXTS)
    assert {name: tuple(one.shape) for name, one in heads.items()} == {"x": (4, 1), "y": (4, 3)}


def test_the_length_is_the_models(tiny_folder, tokens):
    model = kb.build_binary(encoder=tiny_folder, preprocessing=True, max_length=5)
    assert model.text_tokens.tokenizer.max_length == model.max_length == 5 != tokens.max_length
    assert model.text_tokens(TEXTS)["input_ids"].shape == (4, 5)


def test_token_ids_are_refused_by_a_model_of_texts(model, tokens):
    with pytest.raises(kb.DataError, match=r"`x` must be texts.* got a dict of \['input_ids'"):
        model.predict(tokens(TEXTS), verbose=0)
    batches = make_batches(tokens.encode(TEXTS), LABELS)
    with pytest.raises(kb.DataError, match="`x` must be texts.* got token ids.*set_weights"):
        model.evaluate(batches, verbose=0)
    with pytest.raises(kb.DataError, match="`x` must be texts.* got a dict.*set_weights"):
        kb.finetune(model, batches, epochs=1)
    with pytest.raises(kb.DataError, match="`x` must be texts"):
        model.predict(np.ones((2, 3)), verbose=0)
    with pytest.raises(kb.DataError, match=r"`texts\[1\]` holds half of a surrogate pair at character 1"):
        model.predict(["a", "b\ud800"], verbose=0)
    with pytest.raises(TypeError, match=r"`texts\[1\]` must be a text; got 3"):
        model.predict(["a", 3], verbose=0)


def test_a_folder_of_it_is_refused(model, tokens, tmp_path):
    with pytest.raises(kb.KerasBertError, match="set_weights"):
        model.save_pretrained(tmp_path / "folder", tokenizer=tokens)
    assert not list(tmp_path.iterdir())
    with pytest.raises(kb.ConfigError, match="tokenises itself .* written by `model.save` .* set_weights"):
        architecture_of(model)


WRONG = {
    "config": (lambda folder, config: {"encoder": config, "preprocessing": True}, kb.ConfigError, "must be a Tokenizer where `encoder` is no name"),
    "kind": (lambda folder, config: {"encoder": folder, "preprocessing": "yes"}, TypeError, "must be True, False or a Tokenizer; got 'yes'"),
    "windows": (
        lambda folder, config: {"encoder": folder, "preprocessing": True, "window_pooling": "max"},
        kb.ConfigError,
        "`preprocessing` must be False with `window_pooling`",
    ),
    "window tokenizer": (
        lambda folder, config: {
            "encoder": folder,
            "preprocessing": Tokenizer.from_pretrained(folder, long_texts=LongTexts("windows")),
        },
        kb.ConfigError,
        "`long_texts` must not be 'windows'",
    ),
    "vocabulary": (
        lambda folder, config: {"encoder": config.replace(vocab_size=9), "preprocessing": Tokenizer.from_pretrained(folder)},
        kb.ConfigError,
        "`encoder` has 9 rows of token embeddings",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("options", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused(options, error, message, tiny_folder, tiny_config):
    with pytest.raises(error, match=message):
        kb.build_binary(**options(tiny_folder, tiny_config))


def test_other_backends_are_refused(monkeypatch, tokens, tiny_folder):
    monkeypatch.setattr(module.keras.backend, "backend", lambda: "jax")
    for build in (lambda: TextTokens(tokens), lambda: kb.build_binary(encoder=tiny_folder, preprocessing=True)):
        with pytest.raises(kb.ConfigError, match="needs Keras's TensorFlow backend.* the backend is 'jax'"):
            build()


def test_the_layer_stands_in_any_model(tokens, tiny_config, tmp_path):
    texts = keras.Input((1,), dtype="string")
    hidden = kb.TFBertModel(tiny_config)(TextTokens(tokens)(texts)).last_hidden_state
    mine = keras.Model(texts, keras.layers.GlobalMaxPooling1D()(hidden))
    column = np.array(TEXTS, dtype=object)[:, None]
    found = mine.predict(tf.constant(column), verbose=0)
    mine.save(tmp_path / "mine.keras")
    again = keras.models.load_model(tmp_path / "mine.keras").predict(tf.constant(column), verbose=0)
    np.testing.assert_allclose(again, found, atol=1e-6)
    config = TextTokens(tokens).get_config()
    assert json.loads(json.dumps(config)) == config
    with pytest.raises(kb.ConfigError, match="holds no tokenizer"):
        TextTokens.from_config({**config, "tokenizer": {**config["tokenizer"], "rules": "{}"}})
    with pytest.raises(TypeError, match="`tokenizer` must be a kerasbert.data.Tokenizer; got 'bert'"):
        TextTokens("bert")
