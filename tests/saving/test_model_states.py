"""Classifiers with a cache: the answers of one without, whatever is done to them in between."""

import dataclasses

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers.pooled_states import with_pooled_states
from kerasbert.saving.model_states import classifier_state

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?", "good card", "", "refund please " * 30]
TASKS = ("binary", "multitask", "hierarchical")


def loaded(saved_classifier, task):
    return kb.load(saved_classifier(task)).trained_


def with_cache(trained, cache=None):
    return dataclasses.replace(trained, cache=cache or kb.PredictionCache())


def assert_same(trained, texts=TEXTS, pairs=None):
    """With its cache a classifier answers as it does without."""
    expected = dataclasses.replace(trained, cache=None).probabilities(texts, pairs)
    for head, found in trained.probabilities(texts, pairs).items():
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[head], atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_known_texts_are_not_computed(task, saved_classifier, tmp_path):
    for attempt in range(2):
        with kb.PredictionCache(tmp_path) as cache:
            trained = with_cache(loaded(saved_classifier, task), cache)
            assert_same(trained)
            assert_same(trained, TEXTS[::-1])
            assert cache.statistics["computed"] == (0 if attempt else 6)
            assert trained.probabilities([])[next(iter(trained.outputs.tasks))].shape[0] == 0


def test_answers_go_through_it(saved_classifier):
    trained = with_cache(loaded(saved_classifier, "multiclass"))
    plain = dataclasses.replace(trained, cache=None)
    labels = plain.predict(TEXTS)
    assert trained.predict(TEXTS).tolist() == labels.tolist()
    np.testing.assert_allclose(trained.predict_proba(TEXTS), plain.predict_proba(TEXTS), atol=1e-6)
    assert trained.evaluate(TEXTS, labels)["accuracy"] == 1.0 and trained.cache.statistics["computed"] == 6


def test_vectors_are_kept_beside_the_probabilities(saved_classifier):
    trained = with_cache(loaded(saved_classifier, "multitask"))
    for _ in range(2):
        probabilities, vectors = trained.probabilities_and_vectors(TEXTS)
        expected, read = dataclasses.replace(trained, cache=None).probabilities_and_vectors(TEXTS)
        np.testing.assert_allclose(vectors, read, atol=1e-6)
        assert list(probabilities) == list(expected)
        for head in expected:
            np.testing.assert_allclose(probabilities[head], expected[head], atol=1e-6)
    assert trained.cache.statistics["computed"] == 6


@pytest.mark.parametrize("task", ["multitask", "hierarchical"])
def test_what_out_of_scope_scores_read_is_kept_too(task, saved_classifier):
    trained = with_cache(loaded(saved_classifier, task))
    model, tokens = with_pooled_states(trained.model, (0, 1)), trained.tokenizer.encode(TEXTS)
    expected = dataclasses.replace(trained, cache=None)._pooled(tokens, model, (0, 1))
    for _ in range(2):
        found = trained._pooled(tokens, model, (0, 1))
        for part, other in ((found[0], expected[0]), *zip(found[1], expected[1], strict=True)):
            assert list(part) == list(other)
            for name in part:
                np.testing.assert_allclose(part[name], other[name], atol=1e-5)
    assert trained.cache.statistics["computed"] == 6


def test_thresholds_take_no_part(saved_classifier):
    trained = with_cache(loaded(saved_classifier, "binary"))
    trained.predict(TEXTS)
    for threshold, label in ((0.0, trained.classes[1]), (1.0, trained.classes[0])):
        other = dataclasses.replace(trained, thresholds={"probabilities": np.array([threshold])})
        assert set(other.predict(TEXTS)) == {label}
    assert trained.cache.statistics["computed"] == 6


def test_pairs_are_not_their_texts(saved_classifier):
    trained = with_cache(loaded(saved_classifier, "binary"))
    for pairs in (None, TEXTS[::-1], TEXTS):
        assert_same(trained, TEXTS, pairs)


CHANGES = {
    "a bias": lambda model: model.head.output_layer.bias.assign([9.0, -9.0, 0.0]),
    "the encoder": lambda model: model.encoder.weights[0].assign(model.encoder.weights[0] * 1.5),
    "int8": lambda model: model.quantize("int8"),
    "training": lambda model: (
        model.compile("sgd", "sparse_categorical_crossentropy"),
        model.train_on_batch(
            {"input_ids": np.array([[2, 5, 3]]), "attention_mask": np.ones((1, 3), "int32")}, np.array([1])
        ),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_model_that_is_changed_in_place_answers_anew(change, saved_classifier, tmp_path):
    trained = with_cache(loaded(saved_classifier, "multiclass"), kb.PredictionCache(tmp_path))
    assert_same(trained)
    # What no look at the weights has confirmed is dropped when they change.
    trained.cache.flush()
    change(trained.model)
    assert_same(trained)
    assert trained.cache.statistics["computed"] == 12
    again = with_cache(loaded(saved_classifier, "multiclass"), trained.cache)
    assert_same(again)
    assert trained.cache.statistics["computed"] == 12


def test_models_that_differ_in_a_setting_have_their_own_entries(tiny_config, tiny_folder):
    cache, tokenizer = kb.PredictionCache(), kb.data.Tokenizer.from_folder(tiny_folder, max_length=16)
    relu = dataclasses.replace(tiny_config, hidden_act="relu")
    settings = [{}, {"layers": (1, 2), "combine": "mean"}, {"pooling": "cls"}, {"pooling": "max"}, {"encoder": relu}]
    first = kb.build_multiclass(3, encoder=tiny_config, compile=False)
    for number, own in enumerate(settings, 1):
        model = kb.build_multiclass(3, compile=False, name=f"model_{number}", **{"encoder": tiny_config, **own})
        model.set_weights(first.get_weights())
        assert_same(with_cache(kb.TrainedClassifier(model, tokenizer), cache))
        assert cache.statistics["computed"] == 6 * number
    named = kb.build_multiclass(3, encoder=tiny_config, compile=False, name="another_name")
    named.set_weights(first.get_weights())
    assert_same(with_cache(kb.TrainedClassifier(named, tokenizer), cache))
    assert cache.statistics["computed"] == 6 * len(settings)


class FirstToken(keras.layers.Layer):
    def call(self, hidden_states, attention_mask):
        return hidden_states[:, 0]


def test_a_pooling_of_the_users_is_kept_apart_or_refused(tiny_config, tiny_folder, monkeypatch):
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=16)
    model = kb.build_binary(encoder=tiny_config, pooling=FirstToken(), compile=False)
    classifier = kb.TextClassifier.from_trained(kb.TrainedClassifier(model, tokenizer))
    with pytest.raises(kb.ConfigError, match="`pooling`: the class FirstToken must be registered"):
        classifier.use_cache(kb.PredictionCache())
    keras.saving.register_keras_serializable("test_model_states")(FirstToken)
    assert_same(classifier.use_cache(kb.PredictionCache()).trained_)
    before = classifier_state(model).digest
    monkeypatch.setattr("inspect.getsource", lambda kind: "class FirstToken: other code")
    assert classifier_state(model).digest != before


def test_precision_is_part_of_an_entry(tiny_config, tiny_folder):
    cache, tokenizer = kb.PredictionCache(), kb.data.Tokenizer.from_folder(tiny_folder, max_length=16)
    whole = kb.build_binary(encoder=tiny_config, compile=False)
    keras.config.set_dtype_policy("mixed_bfloat16")
    half = kb.build_binary(encoder=tiny_config, compile=False)
    half.set_weights(whole.get_weights())
    for model in (whole, half):
        with_cache(kb.TrainedClassifier(model, tokenizer), cache).predict(TEXTS)
    assert cache.statistics["computed"] == 12


def test_windows_are_keys_too(tiny_config, tiny_folder):
    long_texts = kb.data.LongTexts("windows")
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=8, long_texts=long_texts)
    model = kb.build_binary(encoder=tiny_config, window_pooling="mean", compile=False)
    trained = with_cache(kb.TrainedClassifier(model, tokenizer))
    for _ in range(2):
        assert_same(trained, [*TEXTS, "refund please " * 29])
    assert trained.cache.statistics["computed"] == 7


def test_a_text_classifier_uses_one_through_a_training(tiny_folder, tmp_path):
    cache = kb.PredictionCache(tmp_path / "cache")
    classifier = kb.TextClassifier("binary", encoder=tiny_folder, epochs=1, verbose=False, warm_start=True)
    with pytest.raises(kb.NotFittedError, match="is not trained yet"):
        classifier.use_cache(cache)
    labels = ["a", "b", "a", "b", "a", "b", "a"]
    assert classifier.fit(TEXTS, labels).use_cache(cache) is classifier
    first = classifier.predict_proba(TEXTS)
    classifier.fit(TEXTS, labels)
    assert classifier.trained_.cache is cache and not np.allclose(classifier.predict_proba(TEXTS), first, atol=1e-5)
    assert_same(classifier.trained_)
    classifier.save(tmp_path / "saved")
    assert kb.load(tmp_path / "saved").trained_.cache is None
    assert classifier.use_cache(None).trained_.cache is None
    with pytest.raises(TypeError, match="`cache` must be a kerasbert.PredictionCache or None; got 'folder'"):
        classifier.use_cache("folder")
