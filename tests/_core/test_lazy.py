import keras
import pytest

import kerasbert as kb
from kerasbert._core.lazy import lazy_names


def test_names_are_those_under_type_checking():
    load, names, listed = lazy_names("kerasbert.optimizers")
    assert listed == ["AdamW", "WarmupDecay"] and set(listed) <= set(names())
    assert issubclass(load("AdamW"), keras.optimizers.Optimizer)


def test_a_name_is_kept_once_it_was_loaded():
    assert kb.training.TrainingSettings is vars(kb.training)["TrainingSettings"]


def test_modules_are_names_too():
    load, _, _ = lazy_names("kerasbert")
    assert load("layers") is kb.layers


def test_stars_and_dir_list_the_names():
    found = {}
    exec("from kerasbert.evaluation import *", found)
    assert {"tune_thresholds", "Explanation"} <= set(found) & set(dir(kb.evaluation))


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'kerasbert.optimizers' has no attribute 'Adam'"):
        kb.optimizers.Adam  # noqa: B018
