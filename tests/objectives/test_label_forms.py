import keras
import numpy as np
import pytest

from kerasbert import losses
from kerasbert._core.errors import DataError
from kerasbert.objectives.label_forms import LabelForm, as_numbers, form_of_loss

IDS, LEVEL = LabelForm(True, 3), LabelForm(True, 3, unknown=True)
ONE, ROWS, SOFT = LabelForm(False, 1), LabelForm(False, 3), LabelForm(False, 3, soft=True)
LEVEL_ROWS = LabelForm(False, 3, unknown=True)

RIGHT = {
    "ids": (IDS, [0, 2, 1], [0, 2, 1]),
    "a column of ids": (IDS, [[0], [2]], [0, 2]),
    "ids as floats": (IDS, [0.0, 2.0], [0, 2]),
    "one-hot ids": (IDS, [[0, 0, 1], [1, 0, 0]], [2, 0]),
    "one-hot booleans": (IDS, [[False, True, False]], [1]),
    "unknown level": (LEVEL, [-1, 2], [-1, 2]),
    "binary": (ONE, [0, 1], [[0], [1]]),
    "a binary column": (ONE, [[0.0], [1.0]], [[0], [1]]),
    "booleans": (ONE, [False, True], [[0], [1]]),
    "multi-hot": (ROWS, [[0, 0, 0], [1, 1, 0]], [[0, 0, 0], [1, 1, 0]]),
    "soft": (SOFT, [[0.3, 0, 1]], [[0.3, 0, 1]]),
    "unknown entries": (LEVEL_ROWS, [[-1, 0, 1]], [[-1, 0, 1]]),
    "no row": (ROWS, np.zeros((0, 3)), np.zeros((0, 3))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_labels_that_fit_are_read_as(name):
    form, labels, expected = RIGHT[name]
    form.check("`y`", labels)
    assert np.array_equal(form.canonical(np.asarray(labels)), expected)


WRONG = {
    "counted from 1": (IDS, [1, 2, 3], r"got 3 in row 3 \(counted from 1\). Ids are counted from 0: subtract 1"),
    "as large as the number": (IDS, [0, 3, 1], r"class ids from 0 to 2, .*got 3 in row 2"),
    "minus one": (IDS, [0, -1], "got -1 in row 2.*Leave rows without a label out"),
    "minus hundred": (IDS, [-100, 0], "got -100 in row 1"),
    "below unknown": (LEVEL, [-1, -2], "-1 where unknown, .*got -2 in row 2"),
    "half": (IDS, [0, 1.5], "got 1.5 in row 2"),
    "NaN": (IDS, [0, np.nan], "got nan in row 2.*Leave rows"),
    "infinity": (IDS, [np.inf, 0], "got inf in row 1"),
    "None": (IDS, np.array([0, None], object), "got nan in row 2"),
    "no one": (IDS, [[0, 0, 1], [0, 0, 0]], r"got \[0, 0, 0\] in row 2.* one 1 and else 0"),
    "two ones": (IDS, [[0, 1, 1]], r"got \[0, 1, 1\] in row 1"),
    "a distribution": (IDS, [[0.2, 0.3, 0.5]], r"got \[0.2, 0.3, 0.5\] in row 1"),
    "one-hot of four": (IDS, [[0, 0, 0, 1]], r"one-hot rows, shape \(batch, 3\); got shape \(1, 4\)"),
    "three axes": (IDS, [[[0]]], r"got shape \(1, 1, 1\)"),
    "two as a flag": (ONE, [1, 2], "0 or 1, .*got 2 in row 2"),
    "two columns": (ONE, [[0, 1]], r"shape \(batch,\) or \(batch, 1\); got shape \(1, 2\).*build_multiclass\(2\)"),
    "ids for rows": (ROWS, [0, 2], r"shape \(batch, 3\); got shape \(2,\).*Class ids are for"),
    "soft without asking": (ROWS, [[0, 0.3, 1]], r"got \[0, 0.3, 1\] in row 1.*soft_labels=True"),
    "above one": (SOFT, [[0, 1.3, 1]], "numbers from 0 to 1, .*in row 1"),
    "minus one in a row": (ROWS, [[0, 0, 0], [0, -1, 0]], r"got \[0, -1, 0\] in row 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_labels_that_do_not_fit_are_refused(name):
    form, labels, message = WRONG[name]
    with pytest.raises(DataError, match=f"`y` must be .*{message}"):
        form.check("`y`", labels)


@pytest.mark.parametrize("labels", [["a", "b"], np.array(["a"], object), "name", [b"a"]], ids=str)
def test_names_are_no_labels(labels):
    with pytest.raises(TypeError, match="`y` must be an array of numbers; .*kerasbert.data.encode_class_ids"):
        as_numbers("`y`", labels)


LOSSES = {
    "ours binary": (losses.BinaryCrossentropy(), ROWS),
    "ours soft": (losses.AsymmetricLoss(soft_labels=True), SOFT),
    "ours sparse": (losses.SparseCategoricalCrossentropy(), IDS),
    "a level": (losses.SparseLevelCrossentropy(), LEVEL),
    "a level of rows": (losses.BinaryLevelCrossentropy(), LEVEL_ROWS),
    "Keras's sparse": (keras.losses.SparseCategoricalCrossentropy(), IDS),
    "its name": ("sparse_categorical_crossentropy", IDS),
    "its function": (keras.losses.sparse_categorical_crossentropy, IDS),
    "one that ignores a class": (keras.losses.SparseCategoricalCrossentropy(ignore_class=-1), None),
    "Keras's binary": (keras.losses.BinaryCrossentropy(), SOFT),
    "Keras's focal": (keras.losses.BinaryFocalCrossentropy(), SOFT),
    "Keras's for one-hot rows": (keras.losses.CategoricalCrossentropy(), None),
    "a function of the user's": (lambda y_true, y_pred: y_pred, None),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_a_loss_takes(name):
    loss, form = LOSSES[name]
    assert form_of_loss(loss, 3) == form
