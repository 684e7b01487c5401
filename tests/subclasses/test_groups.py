import numpy as np
import pytest

from kerasbert.subclasses.groups import Subclass, closeness, describe_groups, name_from_terms

POINTS = np.array([[0.0, 0], [2, 0], [4, 0], [10, 0], [12, 0]])
GROUPS = np.array([0, 0, 0, 1, 1])


def test_closeness_is_measured_from_the_centres():
    found = closeness(POINTS, GROUPS)  # centres at 2 and 11
    assert found.distance.tolist() == [2, 0, 2, 1, 1] and found.other.tolist() == [1, 1, 1, 0, 0]
    assert np.allclose(found.borderline, [2 / 11, 0, 2 / 7, 1 / 8, 1 / 10])


def test_one_group_has_no_border():
    found = closeness(POINTS, np.zeros(5, int))
    assert np.isnan(found.borderline).all() and set(found.other) == {-1} and found.distance[0] == 5.6


def test_centres_in_one_place():
    assert closeness(np.zeros((2, 2)), np.array([0, 1])).borderline.tolist() == [1, 1]


def test_groups_are_named_from_their_terms():
    texts = ["refund card", "refund card", "refund", "late parcel", "late parcel"]
    first, second = describe_groups("billing", texts, POINTS, GROUPS)
    assert (first.name, first.number, first.size) == ("billing/refund card", 1, 3)
    assert second.name in ("billing/late parcel", "billing/parcel late") and second.number == 2
    assert first.central[0] == "refund card" and first.borderline[0] == "refund" and not first.is_renamed
    (whole,) = describe_groups("billing", texts, POINTS, np.zeros(5, int))
    assert whole.name == "billing/1" and "refund" in whole.terms


def test_what_is_kept_keeps_its_name_and_number():
    kept = Subclass("money back", 1, [], [], [], 4, True)
    first, second = describe_groups("a", ["x"] * 5, POINTS, GROUPS, [kept, None])
    assert (first.name, first.number, first.size, first.is_renamed) == ("money back", 4, 3, True)
    assert second.name == "a/2"


@pytest.mark.parametrize(
    ("terms", "taken", "expected"),
    [
        (["refund", "card", "money"], (), "a/refund card"),
        (["refund", "refunds", "card"], (), "a/refund card"),
        (["refund", "card", "money"], ["a/Refund  card"], "a/refund card money"),
        (["refund"], ["a/refund"], "a/refund 3"),
        ([], (), "a/3"),
        ([], ["a/3", "a/3 3"], "a/3 4"),
    ],
)
def test_names_differ(terms, taken, expected):
    assert name_from_terms("a", terms, 3, taken) == expected
