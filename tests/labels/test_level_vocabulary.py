"""The levels of a hierarchy in a token cache, against the labels of the same rows in memory."""

import json

import numpy as np
import pytest

from kerasbert import ConfigError, DataError
from kerasbert.batches.sampling import expected_draws, row_draws
from kerasbert.batches.stream import stream_batches
from kerasbert.data import prepare_tokens
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy
from kerasbert.labels.level_vocabulary import LevelTree

TREE = {"pets": ["cat", "dog"], "cars": ["van"], "other": ["other"]}
CHILDREN = [("pets", "dog"), ("cars", "van"), ("pets", "cat"), ("other", None), ("pets", None), ("pets", "dog")]


def write(path, pairs):
    rows = [{"text": f"a {'b ' * (n % 4)}", "label": one, "sublabel": two} for n, (one, two) in enumerate(pairs)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def make(toy_folder, tmp_path):
    def make(pairs, **options):
        data = write(tmp_path / "rows.jsonl", pairs)
        return prepare_tokens(data, tmp_path / "tokens", task="hierarchical", encoder=toy_folder, **options)

    return make


@pytest.fixture
def cache(make):
    return make(CHILDREN * 5)


def in_memory(pairs):
    return {"class": [one for one, _ in pairs], "subclass": [two for _, two in pairs]}


def test_tree_and_labels_are_those_in_memory(cache):
    cells = in_memory(CHILDREN * 5)
    assert cache.hierarchy == parse_tree(collect_subclasses(cells["class"], cells["subclass"]))
    expected = encode_hierarchy(cells, cache.hierarchy)
    found = cache.read(np.arange(30))[1]
    assert list(found) == ["class", "subclass"]
    assert all(np.array_equal(found[level], expected[level]) for level in expected)
    assert (found["subclass"] == -1).sum() == 10
    for level, head in cache.heads.items():
        known = expected[level][expected[level] >= 0]
        assert head.counts == tuple(np.bincount(known, minlength=len(head.names)))


def test_streams_count_and_draw_as_in_memory(cache):
    expected = encode_hierarchy(in_memory(CHILDREN * 5), cache.hierarchy)
    counts = stream_batches(cache).label_counts
    assert counts["subclass"].counts.tolist() == list(cache.heads["subclass"].counts)
    assert np.allclose(row_draws(cache, "balanced")(np.arange(30)), expected_draws(expected, "balanced"))


def test_a_given_tree_keeps_its_order_and_fills_in_classes(make):
    cache = make([(None, "dog"), ("cars", None), ("", "van"), ("pets", "cat")], subclasses=TREE)
    assert cache.names == parse_tree(TREE)
    labels = cache.read(np.arange(4))[1]
    assert labels["class"].tolist() == [0, 1, 1, 0] and labels["subclass"].tolist() == [1, -1, 2, 0]


def test_a_third_level(make, tmp_path, toy_folder):
    deep = {"a": {"a1": ["a11"]}, "b": {"b1": ["b11", "b12"]}}
    rows = [
        {"text": "a", "one": "a", "two": "a1", "three": "a11"},
        {"text": "b", "one": "b", "two": "", "three": "b12"},
    ]
    (tmp_path / "deep.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {"label_columns": ["one", "two", "three"], "subclasses": deep, "encoder": toy_folder}
    cache = prepare_tokens(tmp_path / "deep.jsonl", tmp_path / "deep", task="hierarchical", **options)
    labels = cache.read(np.arange(2))[1]
    assert {level: array.tolist() for level, array in labels.items()} == {
        "class": [0, 1],
        "subclass": [0, 1],
        "level_3": [0, 2],
    }


def test_a_row_that_contradicts_the_tree_is_told_or_left_out(make):
    rows = [*CHILDREN, ("cars", "dog"), (None, None)]
    with pytest.raises(DataError, match="row|line"):
        make(rows)
    with pytest.raises(DataError, match=r"'dog' stands under 'pets' and under 'cars'; .* such as 'cars: dog'"):
        make(rows)
    cache = make(rows, on_error="skip")
    assert (cache.num_rows, cache.skipped["count"]) == (6, 2)
    assert "the class is missing" in cache.skipped["first"][1]


WRONG = {
    "one class": ([("a", "b")], {}, DataError, "at least two different classes"),
    "other name": ([("pets", "cow")], {"subclasses": TREE}, DataError, "the label 'cow' is unknown"),
    "columns": (CHILDREN, {"label_columns": "label"}, ConfigError, "must name a column for each of class, subclass"),
    "names": (CHILDREN, {"label_names": ["a", "b"]}, ConfigError, "must be None for a hierarchical task"),
}


@pytest.mark.parametrize(("pairs", "options", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_prepared(pairs, options, error, message, make):
    with pytest.raises(error, match=message):
        make(pairs, **options)


def test_another_tree_is_a_change(make):
    make(CHILDREN)
    assert make(CHILDREN).reused
    assert not make(CHILDREN, subclasses=TREE, overwrite=True).reused
    assert make(CHILDREN, subclasses=TREE).reused


def test_subclasses_go_with_a_hierarchical_task(tmp_path, toy_folder):
    data = write(tmp_path / "rows.jsonl", CHILDREN)
    with pytest.raises(ConfigError, match="`subclasses` goes with task 'hierarchical'"):
        prepare_tokens(data, tmp_path / "tokens", task="multiclass", encoder=toy_folder, subclasses=TREE)


def test_as_many_columns_as_levels():
    with pytest.raises(ConfigError, match="each of class, subclass"):
        LevelTree(["a", "b", "c"])
