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
from kerasbert.data.stream import MemoryRows, StreamBatches, plan_rows
from kerasbert.data.tokens import TokenArrays

TEXTS = {"list": ["a", "b"], "array": np.array(["a", "b"]), "dict": {"input_ids": ["a", "b"]}, "one": "a"}


def test_parts_are_found(tiny_config):
    model = build_multilabel(3, encoder=tiny_config, max_length=20)
    assert model.encoder.config == tiny_config and model.max_length == 20
    assert model.head.label_names == ("0", "1", "2")


def test_one_head_is_asked_of_several(tiny_config):
    model = build_multitask({"a": Multiclass(2), "b": Multiclass(2)}, encoder=tiny_config)
    with pytest.raises(ConfigError, match="The model has the heads a, b; choose one"):
        _ = model.head


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
    "dataset": lambda model, tokens: model.predict(kb.make_batches(tokens, batch_size=2).dataset, verbose=0),
    "batches": lambda model, tokens: model.predict(kb.make_batches(tokens, batch_size=2), verbose=0),
    "by length": lambda model, tokens: model.predict(kb.make_batches(tokens, batch_size=2, by_length=True), verbose=0),
    "stream": lambda model, tokens: model.predict(stream_of(tokens), verbose=0),
}


def stream_of(tokens):
    plan = plan_rows(tokens.lengths, np.bincount(tokens.lengths), longest=12, token_budget=24, shuffle=False)
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
    batches = kb.make_batches(tokens, np.array([0, 1]))
    model = build_multiclass(2, encoder=tiny_config)
    assert model.fit(batches, validation_data=batches, verbose=0).history["val_loss"]
    assert model.evaluate(batches, verbose=0) == model.evaluate(batches.dataset, verbose=0)


def test_dropout_can_be_switched_off(tiny_config, tiny_inputs):
    model = build_multiclass(3, encoder=tiny_config, dropout=0.0)
    expected = np.asarray(model(tiny_inputs, training=False))
    assert not np.allclose(model(tiny_inputs, training=True), expected, atol=1e-6)
    model.switch_off_dropout()
    assert np.allclose(model(tiny_inputs, training=True), expected, atol=1e-6)
