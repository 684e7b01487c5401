import dataclasses

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.saving.folder import load_trained
from kerasbert.saving.trained_classifier import trained_of

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 4
LABELS = ["x", "y", "x", "y"] * 4


@pytest.fixture(scope="module")
def fitted(tiny_folder):
    return kb.TextClassifier("binary", encoder=tiny_folder, epochs=1, verbose=False).fit(TEXTS, LABELS)


def test_it_answers_as_its_text_classifier(fitted):
    trained = fitted.trained_
    np.testing.assert_array_equal(trained.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert trained.evaluate(TEXTS, LABELS) == fitted.evaluate(TEXTS, LABELS)
    assert trained.classes.tolist() == fitted.classes_.tolist() == ["x", "y"]


@pytest.mark.parametrize(("threshold", "label"), [(0.0, "y"), (1.0, "x")])
def test_it_decides_by_its_thresholds(threshold, label, fitted):
    trained = dataclasses.replace(fitted.trained_, thresholds={"probabilities": np.array([threshold])})
    assert set(trained.predict(TEXTS)) == {label}
    assert set(trained.y_pred(trained.probabilities(TEXTS))["probabilities"].ravel()) == {int(label == "y")}


def test_a_model_and_a_tokenizer_are_enough(tiny_config, tiny_folder):
    model = kb.build_multitask({"a": kb.Multilabel(["p", "q"]), "b": kb.Binary()}, encoder=tiny_config, compile=False)
    trained = kb.TrainedClassifier(model, kb.data.Tokenizer.from_folder(tiny_folder, max_length=16))
    assert {head: own.tolist() for head, own in trained.thresholds.items()} == {"a": [0.5, 0.5], "b": [0.5]}
    assert trained.label_kinds == {"a": "names", "b": "names"} and trained.task == "multitask"
    assert set(trained.predict(["good"])) == {"a", "b"}


def test_saved_and_loaded_it_is_the_same(fitted, tmp_path):
    trained = dataclasses.replace(fitted.trained_, metrics={"reading": {"columns": ["label"]}})
    trained.save(tmp_path / "saved")
    again = load_trained(tmp_path / "saved")
    np.testing.assert_allclose(again.predict_proba(TEXTS), trained.predict_proba(TEXTS), atol=1e-6)
    assert again.metrics == trained.metrics and again.history == trained.history and again.data == trained.data
    assert kb.load(tmp_path / "saved").get_params()["epochs"] == 1


def test_of_a_text_classifier_or_itself(fitted):
    assert trained_of(fitted) is trained_of(fitted.trained_) is fitted.trained_


@pytest.mark.parametrize("function", [kb.explain, kb.predict_early])
def test_an_untrained_one_is_refused(function):
    with pytest.raises(kb.NotFittedError, match="This TextClassifier is not trained yet; call `fit` first"):
        function(kb.TextClassifier(), "text")


@pytest.mark.parametrize("other", [None, "folder", np.zeros(3)])
def test_something_else_is_refused(other):
    with pytest.raises(TypeError, match="`classifier` must be a trained TextClassifier or a TrainedClassifier; got"):
        trained_of(other)


def test_what_fit_makes_is_read_only(fitted):
    with pytest.raises(AttributeError):
        fitted.thresholds_ = {}
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.trained_.thresholds = {}


BUILT = {
    "one row a text": lambda config: kb.build_multiclass(3, encoder=config, compile=False),
    "windows": lambda config: kb.build_binary(encoder=config, window_pooling="mean", max_length=8, compile=False),
    "layerwise": lambda config: kb.build_layerwise(kb.Multiclass(3), encoder=config, compile=False),
    "levels": lambda config: kb.build_hierarchical({"a": ["b", "c"], "d": ["e"]}, encoder=config, compile=False),
}


@pytest.mark.parametrize("number", [3, 70], ids=["at once", "in batches"])
@pytest.mark.parametrize("name", BUILT)
def test_vectors_are_those_that_the_heads_read(name, number, tiny_config, tiny_folder):
    long_texts = kb.data.LongTexts("windows") if name == "windows" else None
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=long_texts)
    trained = kb.TrainedClassifier(BUILT[name](tiny_config), tokenizer)
    texts = [f"{'good ' * (place % 9)} card" for place in range(number)]
    probabilities, vectors = trained.probabilities_and_vectors(texts)
    for head, values in trained.probabilities(texts).items():
        np.testing.assert_allclose(probabilities[head], values, atol=1e-6)
    model = trained.model
    first = trained.tokenizer.encode(texts[:1]).padded(tokenizer.pad_id)
    read = model.get_layer("features_2").output if name == "layerwise" else model.vectors
    alone = keras.Model(model.input, read)(first, training=False)
    assert vectors.shape == (number, tiny_config.hidden_size)
    np.testing.assert_allclose(vectors[0], keras.ops.convert_to_numpy(alone)[0], atol=1e-5)


def test_no_text_gives_no_vector(tiny_config, tiny_folder):
    trained = kb.TrainedClassifier(BUILT["one row a text"](tiny_config), kb.data.Tokenizer.from_folder(tiny_folder))
    probabilities, vectors = trained.probabilities_and_vectors([])
    assert vectors.shape == (0, tiny_config.hidden_size) and probabilities["probabilities"].shape == (0, 3)
