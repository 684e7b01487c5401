import numpy as np
import pytest

import kerasbert as kb

WORDS = ["refund card", "late parcel", "invoice copy", "thanks team"]


@pytest.fixture(scope="module")
def found():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(4), [40, 30, 25, 20])
    features = np.eye(6)[groups] + 0.1 * random.normal(size=(len(groups), 6))
    texts = [f"{WORDS[group]} {row}" for row, group in enumerate(groups)]
    return kb.discover_subclasses([*texts, "other"], ["a"] * len(texts) + ["b"], features=[*features, np.ones(6)], number=4, within="a")  # fmt: skip


def test_groups_have_names_and_numbers(found):
    assert found.tree == {"a": ["a/card refund", "a/late parcel", "a/copy invoice", "a/team thanks"]}
    assert [one.number for one in found.classes["a"].subclasses] == [1, 2, 3, 4] and found.edits == ()


def test_renaming_reaches_everything_that_training_reads(found):
    renamed = found.rename({3: "invoices"}, within="a")
    assert renamed.tree["a"][2] == "invoices" and renamed.sublabels.count("invoices") == 25
    assert renamed.sublabels[-1] is None and found.tree["a"][2] == "a/copy invoice"
    assert renamed.edits == ({"class": "a", "group": 3, "from": "a/copy invoice", "to": "invoices"},)
    assert renamed.rename({3: "bills"}).edits[1]["from"] == "invoices"


def test_a_merged_group_is_described_anew(found):
    merged = found.merge([4, 2])
    one = merged.classes["a"].subclasses[1]
    assert [group.number for group in merged.classes["a"].subclasses] == [1, 2, 3] and one.size == 50
    assert set(one.terms[:4]) == {"late", "parcel", "thanks", "team"} and one.name.startswith("a/")
    assert merged.sublabels.count(one.name) == 50 and merged.tree["a"][0] == found.tree["a"][0]
    points = found.classes["a"].points[np.isin(found.classes["a"].groups, [1, 3])]
    expected = np.linalg.norm(points - points.mean(axis=0), axis=1)
    places = merged.classes["a"].closeness
    assert np.allclose(places.distance[merged.classes["a"].groups == 1], expected)
    assert merged.edits[0]["merged"] == [2, 4] and merged.edits[0]["from"] == ["a/late parcel", "a/team thanks"]
    with pytest.raises(kb.ConfigError, match="`number` must be a group of 'a', one of 1, 2, 3; got 4"):
        merged.rename({4: "x"})


def test_a_given_name_outlives_a_merge(found):
    renamed = found.rename({2: "late"})
    assert renamed.merge([1, 2]).tree["a"][0] == "late"
    assert renamed.merge([1, 2], name="both").tree["a"] == ["both", *found.tree["a"][2:]]
    assert found.merge([1, 2, 3, 4]).tree == {"a": ["a/1"]}


REFUSED = {
    "class": (
        lambda found: found.rename({1: "x"}, within="c"),
        r"`within` must be one of the classes \['a'\]; got 'c'",
    ),
    "group": (lambda found: found.rename({9: "x"}), "`number` must be a group of 'a', one of 1, 2, 3, 4; got 9"),
    "blank": (lambda found: found.rename({1: " "}), "`name` must be a label that files give back as it is.*got ' '"),
    "line end": (lambda found: found.rename({1: "a\nb"}), "`name` must be a label that files give back as it is"),
    "unknown": (lambda found: found.rename({1: "-1"}), "`name` must be .* not -1; got '-1'"),
    "list": (lambda found: found.rename({1: '["x", "y"]'}), "`name` must be .* no list, and not -1"),
    "another's": (lambda found: found.rename({1: "A/late  parcel"}), "`name` must be that of no other subclass"),
    "same": (lambda found: found.rename({1: "x", 2: "x"}), "`name` must be that of no other subclass, in any class"),
    "one": (lambda found: found.merge([1]), r"`numbers` must be different groups, at least two; got \[1\]"),
    "twice": (lambda found: found.merge([1, 1]), r"`numbers` must be different groups, at least two; got \[1, 1\]"),
    "merged name": (lambda found: found.merge([1, 2], name=""), "`name` must be a label that files give back as it is"),
}


@pytest.mark.parametrize("refused, message", REFUSED.values(), ids=REFUSED)
def test_wrong_names_and_groups(refused, message, found):
    with pytest.raises(kb.ConfigError, match=message):
        refused(found)


def test_wrong_types(found):
    with pytest.raises(TypeError, match=r"`names` must be a dict of group number -> name; got \['x'\]"):
        found.rename(["x"])
    with pytest.raises(TypeError, match="`name` must be a text; got 3"):
        found.rename({1: 3})
    with pytest.raises(TypeError, match="`number` must be an integer >= 1; got '1'"):
        found.merge(["1", "2"])
    with pytest.raises(TypeError, match="`numbers` must be a list of group numbers; got '1,2'"):
        found.merge("1,2")
