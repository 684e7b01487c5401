import pytest

from kerasbert.classifiers.pretrained_config import training_data_of

DATA = {
    "num_texts": 7,
    "num_held_out": 0,
    "num_cut": 1,
    "max_length": 32,
    "pairs": False,
    "validation_given": False,
    "labels": {"a": [3, 4], "b": [1, 2, 4]},
}
HEADS = {"a": 2, "b": 3}


def test_what_an_export_noted_is_kept():
    assert training_data_of(DATA, HEADS) == DATA
    one = {**DATA, "labels": {"a": [3, 4]}}
    assert training_data_of(one, HEADS) == one


@pytest.mark.parametrize(
    "change",
    [
        {"num_texts": "7"},
        {"num_cut": -1},
        {"pairs": None},
        {"labels": {"a": [3, 4], "c": [1]}},
        {"labels": {"a": [3, 4], "b": [1, 2]}},
        {"labels": {"a": [3, 4], "b": [1, 2, "x"]}},
        {"labels": [3, 4]},
    ],
    ids=str,
)
def test_what_has_another_form_is_left_out(change):
    assert training_data_of({**DATA, **change}, HEADS) == {}


@pytest.mark.parametrize("noted", [None, [], "text", {}])
def test_nothing_noted(noted):
    assert training_data_of(noted, HEADS) == {}
