import json

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import kerasbert as kb

COUNT, WIDTH = 40, 12


def blobs(number, seed, spread=0.15):
    """Gaussian groups around far directions, and the group of each."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(number), COUNT)
    return np.eye(WIDTH)[groups] + spread * random.normal(size=(len(groups), WIDTH)), groups


def discover(features, labels=None, **settings):
    texts = [f"text {row}" for row in range(len(features))]
    labels = ["a"] * len(features) if labels is None else labels
    return kb.discover_subclasses(texts, labels, features=features, max_number=8, **settings)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("number", [2, 4])
def test_gaussian_groups_are_found(number, seed):
    features, groups = blobs(number, seed)
    found = discover(features, seed=seed).classes["a"]
    assert not found.unimodal and len(found.subclasses) == number
    assert adjusted_rand_score(groups, found.groups) > 0.95


@pytest.mark.parametrize("seed", range(8))
def test_a_single_gaussian_is_unimodal(seed):
    random = np.random.default_rng(seed)
    # Long in some directions, which is no reason for groups.
    features = 5 + random.normal(size=(150, WIDTH)) * np.linspace(0.2, 2, WIDTH)
    found = discover(features, seed=seed)
    assert found.classes["a"].unimodal and found.tree == {"a": ["a/1"]} and set(found.sublabels) == {"a/1"}


@pytest.mark.parametrize("method", ["kmeans", "gaussian_mixture", "hdbscan"])
def test_methods_find_the_groups(method):
    features, groups = blobs(3, 0)
    found = discover(features, method=method).classes["a"]
    assert adjusted_rand_score(groups, found.groups) > 0.9


@pytest.mark.slow  # compiles for a minute
def test_umap_finds_the_groups():
    pytest.importorskip("umap", reason="umap-learn is not installed; pip install 'kerasbert[umap]'")
    features, groups = blobs(3, 0)
    found = discover(features, reduction="umap", dimensions=3, number=3).classes["a"]
    assert adjusted_rand_score(groups, found.groups) > 0.95


def test_only_the_chosen_class_is_divided():
    features, groups = blobs(3, 1)
    labels = ["b" if group == 2 else "a" for group in groups]
    found = discover(features, labels, within="a")
    assert found.tree == {"a": ["a/1", "a/2"]}
    assert [name is None for name in found.sublabels] == [label == "b" for label in labels]


def test_a_given_number_is_kept_and_agreement_reported():
    features, groups = blobs(4, 2)
    known = [f"g{group}" if row % 2 else None for row, group in enumerate(groups)]
    found = discover(features, number=4, sublabels=known).classes["a"]
    assert [one.size for one in found.subclasses] == [COUNT] * 4 and found.number_scores == []
    assert found.agreement["nmi"] == pytest.approx(1) and found.agreement["num_examples"] == 2 * COUNT


def test_central_and_borderline_texts():
    features, _ = blobs(2, 0)
    features[3] = np.eye(WIDTH)[0] * 0.55 + np.eye(WIDTH)[1] * 0.45
    found = discover(features, number=2).classes["a"]
    group = found.subclasses[found.groups[3]]
    assert group.borderline[0] == "text 3"
    points = found.points[found.groups == found.groups[3]]
    nearest = np.linalg.norm(points - points.mean(axis=0), axis=1).argmin()
    assert group.central[0] == f"text {np.flatnonzero(found.groups == found.groups[3])[nearest]}"


def test_the_same_seed_gives_the_same():
    features, _ = blobs(3, 5, spread=0.4)
    assert json.dumps(discover(features).to_dict()) == json.dumps(discover(features).to_dict())


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_identical_texts_and_a_class_with_one_text(count):
    found = discover(np.ones((count, WIDTH)))
    assert found.classes["a"].unimodal and found.classes["a"].subclasses[0].size == count


def test_a_class_with_one_text_beside_others():
    features, _ = blobs(2, 0)
    found = discover(features, ["b", *["a"] * (len(features) - 1)])
    assert found.tree == {"a": ["a/1", "a/2"], "b": ["b/1"]} and found.sublabels[0] == "b/1"


def test_identical_texts_cannot_be_divided():
    with pytest.raises(kb.DataError, match="Class 'a' has 1 different texts; 2 groups cannot be made of them"):
        discover(np.ones((9, WIDTH)), number=2)


def test_few_different_texts():
    assert discover(blobs(2, 0)[0][:5]).classes["a"].unimodal


WRONG = {
    "number": ({"number": 1}, r"`number` must be an integer >= 2; got 1"),
    "texts": ({"number": 200}, r"Class 'a' has 80 different texts; 200 groups cannot be made of them"),
    "method": ({"method": "kmean"}, r"`method` must be one of .*; got 'kmean'. Did you mean 'kmeans'"),
    "hdbscan": ({"method": "hdbscan", "number": 3}, r"`number` must be None for `method` 'hdbscan'"),
    "reduction": ({"reduction": "tsne"}, r"`reduction` must be one of 'pca', 'umap'; got 'tsne'"),
    "within": ({"within": "aa"}, r"`within` must be among the classes \['a'\]; got 'aa'. Did you mean 'a'"),
    "twice": ({"within": ["a", "a"]}, r"`within` must name different classes, at least one; got \['a', 'a'\]"),
    "sublabels": ({"sublabels": ["x"]}, r"`sublabels` must have one row for each text; got 1 for 80 texts"),
}


@pytest.mark.parametrize("settings, message", WRONG.values(), ids=WRONG)
def test_wrong_arguments(settings, message):
    with pytest.raises(kb.KerasBertError, match=message):
        discover(blobs(2, 0)[0], **settings)


def test_wrong_labels_and_features():
    with pytest.raises(kb.DataError, match=r"labels, row 2: the label is missing"):
        discover(blobs(2, 0)[0][:2], ["a", None])
    with pytest.raises(kb.DataError, match=r"`labels` must hold at least one class; got none"):
        discover(np.zeros((0, 2)), [])
    with pytest.raises(kb.DataError, match=r"`features` must be finite numbers of shape \(n, hidden\)"):
        discover(np.full((3, 2), np.nan))


def test_the_tree_is_ready_for_a_hierarchical_classifier(tiny_config):
    features, groups = blobs(3, 1)
    found = discover(features, ["b" if group == 2 else "a" for group in groups])
    model = kb.build_hierarchical(found.tree, encoder=tiny_config)
    assert model.heads["subclass"].task.units == 3


def test_labels_are_read_as_fit_reads_them():
    features, groups = blobs(3, 1)
    labels = [2 if group == 2 else (1.0 if row % 2 else 1) for row, group in enumerate(groups)]
    found = discover(features, labels, within=1)
    assert found.tree == {"1": ["1/1", "1/2"]}
    with pytest.raises(kb.DataError, match="labels, row 2: the label is missing"):
        discover(features, [1, float("nan"), *labels[2:]])
