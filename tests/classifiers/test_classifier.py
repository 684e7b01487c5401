import numpy as np
import pytest

from kerasbert import (
    ConfigError,
    DataError,
    Multiclass,
    Multilabel,
    build_multiclass,
    build_multilabel,
    build_multitask,
)

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


def test_dropout_can_be_switched_off(tiny_config, tiny_inputs):
    model = build_multiclass(3, encoder=tiny_config, dropout=0.0)
    expected = np.asarray(model(tiny_inputs, training=False))
    assert not np.allclose(model(tiny_inputs, training=True), expected, atol=1e-6)
    model.switch_off_dropout()
    assert np.allclose(model(tiny_inputs, training=True), expected, atol=1e-6)
