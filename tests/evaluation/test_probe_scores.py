import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.evaluation.probe_scores import ProbeScorer, sample_rows

RANDOM = np.random.default_rng(0)
# Two classes; inside each, three clear groups. The classes lie far apart.
CENTRES = 4 * RANDOM.normal(size=(2, 1, 6)) + RANDOM.normal(size=(2, 3, 6))
CLASSES = np.repeat([0, 1], 45)
GROUPS = np.tile(np.repeat([0, 1, 2], 15), 2)
VECTORS = (CENTRES[CLASSES, GROUPS] + 0.2 * RANDOM.normal(size=(90, 6))).astype("float32")
NAMES = [f"class {number}" for number in CLASSES]
SUBLABELS = [f"{a}-{b}" for a, b in zip(CLASSES, GROUPS, strict=True)]


def scorer(labels=NAMES, sublabels=None, **options):
    settings = {"folds": 3, "clusters": False, "seed": 0, **options}
    return ProbeScorer(labels, sublabels, **settings)


def test_score_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    noise = RANDOM.normal(size=(90, 6)) + CLASSES[:, None]
    accuracies = []
    for train, test in StratifiedKFold(3, shuffle=True, random_state=0).split(noise, CLASSES):
        mean, spread = noise[train].mean(0), noise[train].std(0)
        model = LogisticRegression(max_iter=1000).fit((noise[train] - mean) / spread, CLASSES[train])
        accuracies.append((model.predict((noise[test] - mean) / spread) == CLASSES[test]).mean())
    scores = scorer().score(noise)
    assert scores["score"] == pytest.approx(np.mean(accuracies), abs=0.02)
    assert 0.5 < scores["score"] < 1 and scores["deviation"] == pytest.approx(np.std(accuracies, ddof=1), abs=0.03)


def test_subclasses_are_scored_inside_their_class():
    by_subclass = scorer(sublabels=SUBLABELS, clusters=True)
    clear = by_subclass.score(VECTORS)
    only_class = by_subclass.score(np.eye(2, 6, dtype="float32")[CLASSES] + 0.01 * RANDOM.normal(size=(90, 6)))
    assert clear["subclass_score"] == 1.0 and clear["agreement"] > 0.95
    assert only_class["score"] == 1.0 and only_class["subclass_score"] < 0.6
    assert clear["silhouette"] > 0.6 > only_class["silhouette"]


def test_clusters_without_labels_find_the_number():
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import normalize

    unit = normalize(VECTORS[:45])
    assert scorer(None, clusters=True, folds=2)._best_clusters(VECTORS[:45], None)[0] == pytest.approx(
        silhouette_score(unit, GROUPS[:45]), abs=0.02
    )


def test_lists_of_labels_are_scored_by_macro_f1():
    labels = [["a"] * int(c == 0) + ["b"] * int(g == 1) for c, g in zip(CLASSES, GROUPS, strict=True)]
    several = scorer(labels)
    assert several.task == "multilabel" and several.num_labels == 2 and several.score(VECTORS)["score"] > 0.9


def test_equal_texts_have_no_clusters():
    scores = scorer(NAMES, clusters=True).score(np.ones((90, 6), "float32"))
    assert np.isnan(scores["silhouette"]) and 0.3 < scores["score"] < 0.7


def test_a_sample_keeps_the_proportions():
    labels = ["a"] * 900 + ["b"] * 90 + ["c"] * 9
    rows, kept, left_out = sample_rows(labels, 999, folds=2, max_texts=111, seed=0)
    assert [kept.count(name) for name in "abc"] == [100, 10, 0] or kept.count("c") <= 2
    assert abs(kept.count("a") - 100) <= 1 and abs(kept.count("b") - 10) <= 1
    assert [labels[row] for row in rows] == kept and set(left_out) <= {"c"}


def test_rare_labels_are_left_out():
    rows, kept, left_out = sample_rows(["a", "b"] * 3 + ["c", None, "c"][::2], 8, folds=3, max_texts=None, seed=0)
    assert rows.tolist() == [0, 1, 2, 3, 4, 5] and left_out == {"c": 2} and kept == ["a", "b"] * 3


def test_too_few_labels():
    with pytest.raises(DataError, match=r"`labels` must hold at least two labels with 3 texts each.*got {'a': 4"):
        sample_rows(["a"] * 4 + ["b"] * 2, 6, folds=3, max_texts=None, seed=0)


def test_a_missing_label_names_its_text():
    with pytest.raises(DataError, match="`labels` must name a label for every text; got none for text 2"):
        sample_rows(["a", None], 2, folds=2, max_texts=None, seed=0)


def test_a_class_without_subclasses_is_refused():
    with pytest.raises(DataError, match="`sublabels` must hold at least two subclasses of 3 texts inside one class"):
        scorer(sublabels=NAMES)


def test_a_sample_must_have_room_for_the_folds():
    with pytest.raises(ConfigError, match="`max_texts` must be an integer >= 6; got 5"):
        sample_rows(["a", "b"] * 9, 18, folds=3, max_texts=5, seed=0)
