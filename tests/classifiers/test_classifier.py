import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert import (
    ConfigError,
    DataError,
    Multiclass,
    Multilabel,
    build_multiclass,
    build_multilabel,
    build_multitask,
)
from kerasbert.batches.memory import MemoryRows
from kerasbert.batches.stream import StreamBatches, plan_rows
from kerasbert.tokenization.token_arrays import TokenArrays

TEXTS = {"list": ["a", "b"], "array": np.array(["a", "b"]), "dict": {"input_ids": ["a", "b"]}, "one": "a"}


def test_parts_are_found(tiny_config):
    model = build_multilabel(3, encoder=tiny_config, max_length=20)
    assert model.encoder.config == tiny_config and model.max_length == 20
    assert model.head.label_names == ("0", "1", "2")


def test_one_head_is_asked_of_several(tiny_config):
    model = build_multitask({"a": Multiclass(2), "b": Multiclass(2)}, encoder=tiny_config)
    with pytest.raises(ConfigError, match="The model has the heads a, b; choose one"):
        _ = model.head


def test_tasks_and_outputs_come_in_the_order_of_the_heads(tiny_config):
    model = build_multitask({"b": Multilabel(3), "a": Multiclass(2)}, encoder=tiny_config)
    assert list(model.head_tasks.items()) == [("b", "multilabel"), ("a", "multiclass")]
    assert [output.shape[-1] for output in model.head_outputs] == [3, 2]


def test_the_output_of_a_single_head(tiny_config):
    model = build_multiclass(4, encoder=tiny_config)
    assert list(model.head_tasks.values()) == ["multiclass"] and model.head_outputs[0].shape == (None, 4)


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("method", ["fit", "predict", "evaluate"])
def test_raw_text_is_refused(texts, method, tiny_config):
    model = build_multilabel(3, encoder=tiny_config)
    with pytest.raises(DataError, match="`x` must be token ids.*got raw text.*kerasbert.TextClassifier"):
        getattr(model, method)(texts)


@pytest.mark.parametrize(
    "heads", [{"a": Multilabel(2)}, {"a": Multiclass(2), "b": Multiclass(2)}], ids=["multilabel", "two"]
)
def test_class_weight_is_refused_where_keras_gets_it_wrong(heads, tiny_config, tiny_inputs):
    model = build_multitask(heads, encoder=tiny_config)
    with pytest.raises(ConfigError, match="`class_weight` must be None .*balance='balanced'.*pass `sample_weight`"):
        model.fit(tiny_inputs, class_weight={0: 2.0})


def test_class_weight_works_on_class_ids(tiny_config, tiny_inputs):
    model = build_multiclass(2, encoder=tiny_config)
    assert model.fit(tiny_inputs, np.array([0, 1]), class_weight={0: 2.0, 1: 1.0}, verbose=0).history["loss"]


def test_no_rows_give_no_predictions(tiny_config, tiny_inputs):
    empty = {name: value[:0] for name, value in tiny_inputs.items()}
    assert build_multilabel(3, encoder=tiny_config).predict(empty).shape == (0, 3)


PREDICTIONS = {
    "dataset": lambda model, tokens: model.predict(kb.data.make_batches(tokens, batch_size=2).dataset, verbose=0),
    "batches": lambda model, tokens: model.predict(kb.data.make_batches(tokens, batch_size=2), verbose=0),
    "by length": lambda model, tokens: model.predict(
        kb.data.make_batches(tokens, batch_size=2, by_length=True), verbose=0
    ),
    "stream": lambda model, tokens: model.predict(stream_of(tokens), verbose=0),
}


def stream_of(tokens):
    plan = plan_rows(tokens.lengths, np.bincount(tokens.lengths), token_budget=24, shuffle=False)
    return StreamBatches(MemoryRows(tokens, {}), plan, {}, pad_id=0)


@pytest.mark.parametrize("way", PREDICTIONS)
@pytest.mark.parametrize("heads", [1, 2])
def test_predicted_rows_come_in_the_order_of_the_texts(way, heads, tiny_config):
    lengths = np.random.default_rng(0).integers(3, 12, 9)
    tokens = TokenArrays.from_lists([[2, *[5 + row] * (length - 2), 3] for row, length in enumerate(lengths)])
    tasks = {name: Multiclass(3) for name in ("a", "b")[:heads]}
    model = build_multitask(tasks, encoder=tiny_config)
    found, expected = PREDICTIONS[way](model, tokens), model.predict(tokens.padded(), verbose=0)
    assert all(np.allclose(found[name], expected[name], atol=1e-5) for name in tasks)


def test_batches_themselves_are_trained_and_judged_on(tiny_config):
    tokens = TokenArrays.from_lists([[2, 5, 3], [2, 6, 7, 3]])
    batches = kb.data.make_batches(tokens, np.array([0, 1]))
    model = build_multiclass(2, encoder=tiny_config)
    assert model.fit(batches, validation_data=batches, verbose=0).history["val_loss"]
    assert model.evaluate(batches, verbose=0) == model.evaluate(batches.dataset, verbose=0)


def test_dropout_can_be_switched_off(tiny_config, tiny_inputs):
    model = build_multiclass(3, encoder=tiny_config, dropout=0.0)
    expected = np.asarray(model(tiny_inputs, training=False))
    assert not np.allclose(model(tiny_inputs, training=True), expected, atol=1e-6)
    model.switch_off_dropout()
    assert np.allclose(model(tiny_inputs, training=True), expected, atol=1e-6)


def test_heads_keep_the_order_in_which_they_were_given(tiny_config, tmp_path):
    heads = {name: Multiclass(2) for name in ("zeta", "alpha", "mid")}
    model = build_multitask(heads, encoder=tiny_config)
    model.save(tmp_path / "model.keras")
    loaded, clone = keras.models.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)
    assert list(model.heads) == list(loaded.heads) == list(clone.heads) == list(heads)


CLASS_WEIGHT_CALLS = {
    "fit": lambda model, x, y: model.fit(x, y, class_weight={0: 2.0}),
    "fit by position": lambda model, x, y: model.fit(x, y, 2, 1, 0, None, 0.0, None, True, {0: 2.0}),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y, class_weight={0: 2.0}),
    "train_on_batch by position": lambda model, x, y: model.train_on_batch(x, y, None, {0: 2.0}),
}


@pytest.mark.parametrize("call", CLASS_WEIGHT_CALLS.values(), ids=CLASS_WEIGHT_CALLS)
def test_every_call_with_class_weight_is_guarded(call, tiny_config, tiny_inputs):
    with pytest.raises(ConfigError, match="`class_weight` must be None for a model with multilabel heads"):
        call(build_multilabel(3, encoder=tiny_config), tiny_inputs, np.eye(2, 3))
    call(build_multiclass(2, encoder=tiny_config), tiny_inputs, np.array([0, 1]))


def test_a_pattern_of_rates_that_matches_nothing_is_refused(tiny_config, tiny_inputs):
    model = build_multiclass(2, encoder=tiny_config)
    model.compile(
        kb.optimizers.AdamW(1e-3, rate_factors={"embedings": 0.1, "": 1.0}), "sparse_categorical_crossentropy"
    )
    with pytest.raises(ConfigError, match="'embedings', which occurs in none. Did you mean 'embeddings'"):
        model.fit(tiny_inputs, np.array([0, 1]), verbose=0)


def test_a_pattern_for_a_frozen_part_is_fine(tiny_config, tiny_inputs):
    model = build_multiclass(2, encoder=tiny_config)
    model.encoder.trainable = False
    model.compile(
        kb.optimizers.AdamW(1e-3, rate_factors={"embeddings": 0.1, "": 1.0}), "sparse_categorical_crossentropy"
    )
    assert model.fit(tiny_inputs, np.array([0, 1]), verbose=0).history["loss"]


@pytest.mark.parametrize("wish", [{"output_hidden_states": False}, {"output_attentions": True}], ids=str)
def test_what_a_config_asks_of_calls_changes_no_classifier(wish, tiny_config, tiny_inputs):
    encoder = kb.TFBertModel(tiny_config)
    asked = kb.TFBertModel(tiny_config.replace(**wish))
    asked.set_weights(encoder.get_weights())
    models = [build_multiclass(2, encoder=one, layers=(1, 2)) for one in (encoder, asked)]
    models[1].set_weights(models[0].get_weights())
    assert np.allclose(*(model.predict(tiny_inputs, verbose=0) for model in models), atol=1e-6)
