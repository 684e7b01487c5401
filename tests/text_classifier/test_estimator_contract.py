"""One contract for every task and head, in the way of scikit-learn's `check_estimator`.

Checks of scikit-learn's own list that make no sense for text are in `NOT_FOR_TEXT`, each with its reason.
"""

import copy
import inspect

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

import kerasbert as kb

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6
INDICATOR = np.array([[1, 0], [1, 1], [0, 0], [0, 1]] * 6)
LABELS = {
    "binary": np.array(["no", "yes"] * 12),
    "binary, integers": np.array([0, 1] * 12),
    "multiclass": np.array(["x", "y", "z", "y"] * 6),
    "multiclass, integers": np.array([3, 1, 7, 1] * 6),
    "multilabel": [["x"], ["x", "y"], [], ["y"]] * 6,
    "multilabel, indicator": INDICATOR,
    "multitask": {"topic": ["x", "y", "z", "y"] * 6, "flags": [["a"], [], ["b"], ["a", "b"]] * 6},
}
GIVEN = copy.deepcopy(LABELS)
HEADS = {"multitask": {"topic": "multiclass", "flags": "multilabel"}}
VARIANTS = {
    "mean": {},
    "cls, hidden layer": {"pooling": "cls", "hidden_units": (4,)},
    "max over two layers": {"pooling": "max", "layers": (-1, -2), "combine": "max"},
    "attention": {"pooling": "attention"},
    "pooler": {"pooling": "pooler"},
}
# Names of scikit-learn's checks that feed numbers where this classifier takes texts, or test what it does not offer.
NOT_FOR_TEXT = {
    "numeric features": ["check_estimators_dtypes", "check_n_features_in", "check_fit2d_1sample", "check_estimators_nan_inf"],
    "sparse features": ["check_estimator_sparse_array", "check_estimator_sparse_matrix"],
    "sample weights, which fit does not take": ["check_sample_weights_list", "check_sample_weights_shape"],
    "pickling, which is refused on purpose; `save` and `load` are tested instead": ["check_estimators_pickle"],
}  # fmt: skip


def make(case, encoder, **options):
    task = case.split(",")[0]
    return kb.TextClassifier(
        task, heads=HEADS.get(task), encoder=encoder, epochs=1, batch_size=8, verbose=False, **options
    )


@pytest.fixture(scope="module")
def fitted(tiny_folder):
    kept = {}

    def get(case, variant="mean"):
        if (case, variant) not in kept:
            kept[case, variant] = make(case, tiny_folder, **VARIANTS[variant]).fit(TEXTS, LABELS[case])
        return kept[case, variant]

    return get


every_case = pytest.mark.parametrize("case", LABELS)
# Every task with the default head, and every head with one task.
BOTH = [(case, "mean") for case in LABELS] + [("multilabel", variant) for variant in VARIANTS if variant != "mean"]
every_case_and_head = pytest.mark.parametrize(("case", "variant"), BOTH)


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray) and one.dtype.kind == "f":
        return np.allclose(one, other, atol=1e-6)
    return np.array_equal(np.asarray(one, dtype=object), np.asarray(other, dtype=object))


def rows(value):
    return rows(next(iter(value.values()))) if isinstance(value, dict) else len(value)


def test_the_checks_left_out_exist():
    missing = [name for names in NOT_FOR_TEXT.values() for name in names if not hasattr(estimator_checks, name)]
    assert not missing


def test_constructor_only_stores():
    names = ["a", "b"]
    classifier = kb.TextClassifier("multilabel", label_names=names, epochs=-5, pooling="nonsense")
    assert classifier.label_names is names and classifier.epochs == -5
    for name in inspect.signature(kb.TextClassifier).parameters:
        assert hasattr(classifier, name)


def test_parameters_round_trip_and_clone():
    classifier = kb.TextClassifier("binary", epochs=7, layers=(-1, -2))
    assert clone(classifier).get_params() == classifier.get_params()
    assert classifier.set_params(epochs=2) is classifier
    assert classifier.get_params()["epochs"] == 2
    assert repr(classifier) == "TextClassifier(epochs=2, layers=(-1, -2), task='binary')"


def test_an_unknown_parameter_is_refused_and_nothing_changes():
    classifier = kb.TextClassifier()
    with pytest.raises(kb.ConfigError, match="`parameter` must be one of .*; got 'epoch'. Did you mean 'epochs'"):
        classifier.set_params(seed=5, epoch=3)
    assert classifier.seed == 0


def test_tags():
    assert is_classifier(kb.TextClassifier())


def test_not_fitted_is_told_in_scikit_learns_way():
    for question in ("predict", "predict_proba"):
        with pytest.raises(kb.NotFittedError, match="not trained yet; call `fit` first"):
            getattr(kb.TextClassifier(), question)(["a"])
    assert not hasattr(kb.TextClassifier(), "classes_")


@every_case
def test_fit_returns_self_and_is_fitted(case, fitted):
    classifier = fitted(case)
    check_is_fitted(classifier)
    assert isinstance(classifier, kb.TextClassifier)


@every_case
def test_fit_changes_no_parameter(case, fitted, tiny_folder):
    assert fitted(case).get_params() == make(case, tiny_folder).get_params()


@every_case
def test_labels_go_out_as_they_came_in(case, fitted):
    predicted = fitted(case).predict(TEXTS)
    given = LABELS[case]
    if isinstance(given, np.ndarray):
        assert predicted.shape == given.shape
        assert {type(value) for value in predicted.ravel().tolist()} == {
            type(value) for value in given.ravel().tolist()
        }
        assert set(predicted.ravel().tolist()) <= set(given.ravel().tolist())


@every_case_and_head
def test_shapes_and_probabilities(case, variant, fitted):
    classifier = fitted(case, variant)
    probabilities = classifier.predict_proba(TEXTS[:5])
    classes = classifier.classes_
    for head in probabilities if isinstance(probabilities, dict) else [None]:
        values = probabilities if head is None else probabilities[head]
        assert values.shape == (5, len(classes if head is None else classes[head]))
        assert values.dtype == np.float32 and np.isfinite(values).all()
        assert ((values >= 0) & (values <= 1)).all()


@every_case_and_head
def test_a_subset_and_another_order_get_the_same_answers(case, variant, fitted):
    classifier = fitted(case, variant)
    texts = [*TEXTS[:4], "lost lost lost parcel parcel please ? ! ? !"]
    together = classifier.predict_proba(texts)
    for index in (4, 0):
        alone = classifier.predict_proba([texts[index]])
        for head in together if isinstance(together, dict) else [None]:
            expected, got = (together, alone) if head is None else (together[head], alone[head])
            np.testing.assert_allclose(got[0], expected[index], atol=1e-5)


@every_case
def test_no_text_gives_no_row(case, fitted):
    assert rows(fitted(case).predict([])) == 0
    assert rows(fitted(case).predict_proba([])) == 0


@every_case
def test_containers_of_texts_are_alike(case, fitted):
    classifier = fitted(case)
    expected = classifier.predict_proba(TEXTS[:3])
    for texts in (tuple(TEXTS[:3]), np.array(TEXTS[:3]), np.array(TEXTS[:3], dtype=object)):
        assert same(classifier.predict_proba(texts), expected)


@every_case
def test_fitting_again_with_the_seed_gives_the_same(case, fitted, tiny_folder):
    again = copy.copy(fitted(case)).fit(TEXTS, LABELS[case])
    ours, expected = again.predict_proba(TEXTS[:4]), fitted(case).predict_proba(TEXTS[:4])
    for head in ours if isinstance(ours, dict) else [None]:
        pair = (ours, expected) if head is None else (ours[head], expected[head])
        np.testing.assert_allclose(*pair, atol=1e-4)


@every_case_and_head
def test_saved_and_loaded_it_answers_the_same(case, variant, fitted, tmp_path):
    classifier = fitted(case, variant)
    classifier.save(tmp_path / "model")
    again = kb.load(tmp_path / "model")
    assert same(again.predict_proba(TEXTS[:4]), classifier.predict_proba(TEXTS[:4]))
    assert str(again.predict(TEXTS[:4])) == str(classifier.predict(TEXTS[:4]))
    assert same(again.classes_, classifier.classes_)


@every_case
def test_data_is_not_changed(case, fitted):
    before = copy.deepcopy(LABELS[case])
    fitted(case).evaluate(TEXTS, LABELS[case])
    assert same(before, GIVEN[case]) and same(LABELS[case], GIVEN[case])


@every_case
def test_labels_of_another_length_are_refused(case, tiny_folder):
    with pytest.raises(kb.DataError, match="23|one row for each text|as many"):
        make(case, tiny_folder).fit(TEXTS[:23], LABELS[case])


@pytest.mark.parametrize("texts", ["one text", [1, 2], [["a"]], None, np.zeros((3, 2))], ids=str)
def test_what_is_no_list_of_texts_is_refused(texts, fitted):
    with pytest.raises((TypeError, kb.DataError), match="`texts"):
        fitted("binary").predict(texts)


@every_case
def test_score_is_accuracy(case, fitted):
    classifier = fitted(case)
    if case == "multitask":
        assert 0 <= classifier.score(TEXTS, LABELS[case]) <= 1
        return
    right = [str(a) == str(b) for a, b in zip(_plain(classifier.predict(TEXTS)), _plain(LABELS[case]), strict=True)]
    assert classifier.score(TEXTS, LABELS[case]) == pytest.approx(np.mean(right))


def _plain(labels):
    return labels.tolist() if isinstance(labels, np.ndarray) else labels


@pytest.mark.parametrize("case", ["binary", "multiclass, integers", "multilabel, indicator"])
def test_cross_validation(case, tiny_folder):
    scores = cross_val_score(make(case, tiny_folder), TEXTS, LABELS[case], cv=2, scoring="f1_macro")
    assert scores.shape == (2,) and np.isfinite(scores).all()


def test_cross_validated_probabilities(tiny_folder):
    values = cross_val_predict(make("binary", tiny_folder), TEXTS, LABELS["binary"], cv=2, method="predict_proba")
    assert values.shape == (len(TEXTS), 2)


@pytest.mark.long
def test_grid_search_in_a_pipeline(tiny_folder):
    pipeline = Pipeline([("lower", FunctionTransformer(_lower)), ("bert", make("binary", tiny_folder))])
    search = GridSearchCV(pipeline, {"bert__pooling": ["mean", "cls"]}, cv=2, scoring="roc_auc")
    search.fit(TEXTS, LABELS["binary"])
    assert search.best_params_["bert__pooling"] in ("mean", "cls")
    assert search.predict(["GOOD card"]).shape == (1,)


def _lower(texts):
    return [text.lower() for text in texts]
