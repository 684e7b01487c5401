import dataclasses

import numpy as np
import pytest

import kerasbert as kb
from kerasbert import ConfigError, DataError
from kerasbert.labels.kinds import with_none
from kerasbert.saving.card import model_card
from kerasbert.saving.doubts import texts_and_pairs
from kerasbert.saving.folder import load_trained
from kerasbert.uncertainty.abstention import Abstention, Promise

WORDS = ["good", "bad", "card", "parcel", "thanks", "lost", "refund", "late"]
KINDS = ["binary", "multiclass", "multilabel", "multitask", "hierarchical", "independent levels"]


def texts_of(number, seed):
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(1, 5))) + f" {place}" for place in range(number)]


def labels_for(outputs, number):
    """Labels of every kind of head, each of which some text has."""
    found = {}
    for head, task in outputs.tasks.items():
        if outputs.hierarchy is not None:
            tree = outputs.hierarchy
            leaves = np.arange(number) % len(tree.names[-1])
            places = leaves if head == tree.levels[-1] else np.array(tree.parents[0])[leaves]
            names = [task.label_names[place] for place in places]
            found[head] = names if task.exclusive else [[name] for name in names]
        else:
            names = [task.label_names[place % len(task.label_names)] for place in range(number)]
            found[head] = names if task.exclusive or task.units < len(task.label_names) else [[name] for name in names]
    return outputs.unwrap(found)


@pytest.fixture(scope="module")
def fitted(saved_classifier):
    """Gives a toy classifier of a task with an out-of-scope score."""
    made = {}

    def of(task):
        if task not in made:
            trained = load_trained(saved_classifier(task))
            labels = labels_for(trained.outputs, 24)
            made[task] = trained.with_out_of_scope(texts_of(24, 0), labels, validation=texts_of(30, 1), keep=0.9)
        return made[task]

    return of


@pytest.mark.parametrize("task", ["multiclass", "multitask", "independent levels"])
def test_rejected_texts_have_no_label_in_any_head(task, fitted):
    trained, texts = fitted(task), [*texts_of(70, 2), "[SEP] " * 20]
    probabilities, scores = trained.probabilities_and_scores(texts)
    for head, values in trained.probabilities(texts).items():
        np.testing.assert_allclose(probabilities[head], values, atol=1e-6)
    np.testing.assert_allclose(scores[:3], trained.out_of_scope_score(texts[:3]), atol=1e-3)
    rejected = scores > trained.out_of_scope.threshold
    assert 0 < rejected.sum() < len(texts)
    plain, labels = trained.predict(texts), trained.predict(texts, reject=True)
    for head in trained.outputs.tasks:
        own, all_of_them = (given[head] if isinstance(given, dict) else given for given in (labels, plain))
        assert [label is None for label in own] == rejected.tolist()
        assert [
            list(np.atleast_1d(own[row])) == list(np.atleast_1d(all_of_them[row])) for row in np.flatnonzero(~rejected)
        ]


def test_saved_and_loaded_it_scores_alike(fitted, tmp_path):
    trained = fitted("multiclass")
    trained.save(tmp_path / "saved")
    again = load_trained(tmp_path / "saved")
    np.testing.assert_allclose(again.out_of_scope_score(WORDS), trained.out_of_scope_score(WORDS), atol=1e-4)
    assert again.out_of_scope.to_plain() == trained.out_of_scope.to_plain()
    card = (tmp_path / "saved" / "README.md").read_text(encoding="utf-8")
    assert "the threshold keeps 90% of the texts in scope" in card and "on 30 texts in scope." in card
    assert kb.load(tmp_path / "saved").out_of_scope_score(WORDS).shape == (8,)


def test_scored_by_other_weights_it_is_refused(fitted):
    trained, other = fitted("multiclass"), fitted("binary")
    forged = dataclasses.replace(trained, model=other.model)
    with pytest.raises(
        ConfigError, match="must have been fitted on this model's hidden states; it was fitted on other"
    ):
        forged.out_of_scope_score(WORDS)


def test_without_a_fitted_score_or_threshold_it_is_refused(saved_classifier):
    classifier = kb.load(saved_classifier("multiclass"))
    with pytest.raises(ConfigError, match="`reject` must be False for this classifier: nothing was fitted that tells"):
        classifier.predict(WORDS, reject=True)
    with pytest.raises(ConfigError, match="`abstain` must be False for a classifier without a threshold"):
        classifier.predict(WORDS, abstain=True)
    with pytest.raises(TypeError, match="`reject` must be True or False; got 1"):
        classifier.predict(WORDS, reject=1)


def test_a_text_classifier_fits_it_and_evaluates(saved_classifier):
    classifier = kb.load(saved_classifier("binary"))
    labels = labels_for(classifier.trained_.outputs, 24)
    given = {"validation": (texts_of(30, 1), None), "out_of_scope_texts": texts_of(10, 5)}
    part = classifier.fit_out_of_scope(texts_of(24, 0), labels, **given, keep=0.9, layers=[-1], max_neighbours=5)
    assert classifier.trained_.out_of_scope is part and "keep=0.9, 95 % interval" in repr(part)
    assert (part.num_examples, part.num_validation) == (10, 30) and set(part.layers) <= {2}
    found = classifier.evaluate_out_of_scope(texts_of(20, 6), texts_of(12, 7), resamples=5)
    scores = classifier.out_of_scope_score(texts_of(20, 6))
    assert found["kept"] == (scores <= part.threshold).mean() and found["num_out_of_scope"] == 12


@pytest.fixture(scope="module")
def trained_with_it(tiny_folder):
    classifier = kb.TextClassifier(
        "binary", encoder=tiny_folder, epochs=1, verbose=False, max_length=8, out_of_scope=True
    )
    return classifier.fit(texts_of(24, 0), ["x", "y"] * 12, validation=(texts_of(20, 1), ["x", "y"] * 10))


def test_a_training_fits_it_on_its_texts_and_the_validation_texts(trained_with_it):
    part = trained_with_it.trained_.out_of_scope
    assert (part.num_reference, part.num_validation, part.keep) == (24, 20, 0.95)
    assert len(trained_with_it.predict(texts_of(5, 2), reject=True)) == 5


def test_texts_that_were_trained_on_do_not_validate(trained_with_it):
    with pytest.raises(DataError, match="must not be those that the classifier was trained on"):
        trained_with_it.fit_out_of_scope(texts_of(24, 0), ["x", "y"] * 12, validation=texts_of(24, 0))


def test_a_training_that_cannot_fit_it_is_refused_before_it_begins(tiny_folder):
    given = {"encoder": tiny_folder, "epochs": 1, "verbose": False, "out_of_scope": True}
    texts, labels = texts_of(24, 0), ["x", "y"] * 12
    with pytest.raises(ConfigError, match="`out_of_scope` must be False without validation texts"):
        kb.TextClassifier("binary", **given).fit(texts, labels)
    with pytest.raises(DataError, match="`validation` must hold at least 19 texts to keep 0.95"):
        kb.TextClassifier("binary", **given).fit(texts, labels, validation=(texts_of(6, 1), ["x", "y"] * 3))
    with pytest.raises(DataError, match="at least one text of every label, .* 1 of 3 have none, such as 'z'"):
        more = {**given, "label_names": ["x", "y", "z"]}
        with pytest.warns(kb.KerasbertWarning):
            kb.TextClassifier("multiclass", **more).fit(texts, labels, validation=(texts_of(20, 1), ["x", "z"] * 10))


def abstaining(trained, threshold):
    names = ["probabilities"] if trained.outputs.hierarchy is not None else list(trained.outputs.tasks)
    promise = Promise(threshold, 0.9, 0.95, 0.9, 0.95, 0.5, (0.4, 0.6), 100)
    return dataclasses.replace(trained, uncertainty={"abstention": Abstention(dict.fromkeys(names, promise))})


@pytest.mark.parametrize("task", KINDS)
def test_unsure_predictions_have_no_label(task, saved_classifier):
    trained, texts = load_trained(saved_classifier(task)), texts_of(20, 3)
    answered = abstaining(trained, 0.0).predict(texts, abstain=True)
    withheld = abstaining(trained, 1.0).predict(texts, abstain=True)
    for head in trained.outputs.tasks:
        own, none = (given[head] if isinstance(given, dict) else given for given in (answered, withheld))
        assert all(label is not None for label in own) and all(label is None for label in none)


def test_a_promise_is_fitted_on_held_out_texts(saved_classifier):
    classifier = kb.load(saved_classifier("multiclass"))
    texts = texts_of(200, 4)
    labels = [*classifier.predict(texts[:180]), *np.roll(classifier.predict(texts[180:]), 1)]
    fitted = classifier.fit_abstention(texts, labels, precision=0.7)
    promise = fitted.promises["probabilities"]
    assert "answered, precision >= 0.7 with 95% confidence" in repr(fitted)
    assert "of what it answers at least 70.0% is right, with 95% confidence" in model_card(classifier.trained_)
    assert promise.num_texts == 200 and promise.lower >= 0.7
    assert sum(label is not None for label in classifier.predict(texts, abstain=True)) == round(promise.answered * 200)


def test_none_stands_in_arrays_lists_and_rows():
    hidden = np.array([True, False])
    assert with_none(np.array([3, 4]), hidden).tolist() == [None, 4]
    assert with_none([["a"], []], hidden) == [None, []]
    assert [None if row is None else row.tolist() for row in with_none(np.eye(2), hidden)] == [None, [0.0, 1.0]]


def test_texts_and_second_texts_come_as_a_tuple():
    assert texts_and_pairs("validation", ("a", "b")) == (["a", "b"], None)
    assert texts_and_pairs("validation", (["a"], ["b"])) == (["a"], ["b"])
    with pytest.raises(TypeError, match="`validation` must be a list of texts; got one text 'a'"):
        texts_and_pairs("validation", "a")
