"""Random label columns are read back as what they were, or refused."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasbert import KerasBertError, KerasbertWarning
from kerasbert.labels.kinds import labels_as
from kerasbert.labels.names import label_key
from kerasbert.tasks.table import TASKS

NAMES = st.text(st.characters(codec=None), max_size=4) | st.sampled_from(
    ["0", "1", "1.0", "2", "007", "a", "b", "[a]", "x;y", "NaN"]
)
NUMBERS = st.integers(-3, 40) | st.sampled_from([0.0, 1.0, 2.0, 0.5, math.nan, math.inf]) | st.booleans()
PARTS = NAMES | NUMBERS | st.none()
COLUMNS = st.one_of(
    st.lists(NAMES, min_size=1, max_size=8),
    st.lists(st.integers(-3, 4), min_size=1, max_size=8),
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=1, max_size=8),
    st.lists(PARTS, min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=1, max_size=8),
    st.lists(st.lists(PARTS, max_size=4), min_size=1, max_size=8),
    st.lists(st.lists(st.sampled_from("abc"), max_size=3), min_size=1, max_size=8),
    st.lists(st.lists(st.sampled_from("abc"), max_size=3).map(str), min_size=1, max_size=8),
)
RELAXED = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def attempt(task, column):
    """What is read, or None where the column is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KerasbertWarning)
        try:
            return TASKS[task].read(column)
        except (KerasBertError, TypeError):
            return None


def decided(task, read):
    """The labels as `predict` answers them where all decisions are right."""
    return labels_as(read.kind, read.names, read.array.astype(int))


def key(part):
    """What a label means, whatever its type."""
    if isinstance(part, str):
        return label_key(part)
    return str(int(part))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@RELAXED
@given(column=COLUMNS)
def test_single_labels_come_back(task, column):
    read = attempt(task, column)
    if read is None:
        return
    answers = list(decided(task, read))
    flat = [cell[0] if isinstance(cell, list) else cell for cell in column]
    assert [key(answer) for answer in answers] == [key(_unprinted(cell)) for cell in flat]
    again = attempt(task, answers)
    assert again.names == read.names and np.array_equal(again.array, read.array) and again.kind == read.kind


@RELAXED
@given(column=COLUMNS)
def test_several_labels_come_back(column):
    read = attempt("multilabel", column)
    if read is None:
        return
    answers = decided("multilabel", read)
    if read.kind == "indicator":
        assert answers.tolist() == [
            [int(float(str(part).replace("True", "1").replace("False", "0"))) for part in _parts(row)] for row in column
        ]
    else:
        assert [{key(part) for part in answer} for answer in answers] == [
            {key(part) for part in _parts(row)} for row in column
        ]
    again = attempt("multilabel", answers)
    assert again.names == read.names and np.array_equal(again.array, read.array)


@RELAXED
@given(column=COLUMNS)
def test_known_names_give_the_same_array(column):
    for task in ("multiclass", "multilabel"):
        read = attempt(task, column)
        if read is not None:
            again = TASKS[task].read(column, read.names)
            assert again.names == read.names and np.array_equal(again.array, read.array)


def _unprinted(cell):
    """A list of one that was written as text."""
    parts = _parts(cell)
    return parts[0] if len(parts) == 1 else cell


def _parts(cell):
    if isinstance(cell, list):
        return cell
    if isinstance(cell, str) and cell.strip()[:2] in ("['", "[]"):
        return eval(cell)
    return [cell]
