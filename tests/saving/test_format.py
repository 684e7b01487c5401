import pytest

from kerasbert.saving.format import FORMAT_VERSION, upgrade


def test_names_of_the_first_version_are_translated():
    old = {
        "format_version": 1,
        "arguments": {"combine_first": True, "multilabel": True, "layers": [1]},
        "settings": {
            "combine_first": True,
            "window_budget": 8,
            "progress": False,
            "multilabel": True,
            "optimization": {"accumulate": 2, "clip_norm": 1.0, "ema": None},
            "history": {"loss": [1.0]},
            "data": {},
            "label_kinds": {"a": "names"},
        },
    }
    assert upgrade(old) == {
        "format_version": FORMAT_VERSION,
        "arguments": {"combine_before_pooling": True, "level_task": "multilabel", "layers": [1]},
        "settings": {
            "combine_before_pooling": True,
            "max_windows_per_batch": 8,
            "verbose": False,
            "gradient_accumulation_steps": 2,
            "global_clipnorm": 1.0,
            "ema": None,
            "level_task": "multilabel",
        },
        "history": {"loss": [1.0]},
        "data": {},
        "label_kinds": {"a": "names"},
    }


@pytest.mark.parametrize("settings", [None, [], {"optimization": 3}, {"optimization": None}])
def test_what_is_malformed_is_left_to_the_check(settings):
    assert upgrade({"arguments": 1, "settings": settings}) == {
        "format_version": FORMAT_VERSION,
        "arguments": 1,
        "settings": settings,
    }


def test_the_newest_version_stays_as_it_is():
    description = {"format_version": FORMAT_VERSION, "settings": {"window_budget": 1}}
    assert upgrade(description) == description
