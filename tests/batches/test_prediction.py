"""Batches for prediction hold every text once, near their budget, and change no answer."""

import numpy as np
import pytest

from kerasbert.batches.prediction import TEXTS_AT_ONCE, TOKENS_AT_ONCE, fixed_batches, planned_inputs, prediction_plan
from kerasbert.tokenization.token_arrays import TokenArrays


@pytest.fixture(scope="module")
def tokens():
    random = np.random.default_rng(0)
    return TokenArrays.from_lists([[2] * int(length) for length in random.integers(1, 400, size=3000)])


def test_every_text_once_from_short_to_long(tokens):
    order = np.concatenate(prediction_plan(tokens.lengths))
    assert sorted(order) == list(range(3000))
    assert (np.diff(tokens.lengths[order]) >= 0).all()


def test_the_budget_holds_and_is_used(tokens):
    batches = list(planned_inputs(tokens, 0))
    shapes = [inputs["input_ids"].shape for _, inputs in batches]
    assert all(rows <= TEXTS_AT_ONCE and (rows * length <= TOKENS_AT_ONCE or rows == 1) for rows, length in shapes)
    assert all(rows * length > TOKENS_AT_ONCE / 2 for rows, length in shapes[1:-1])
    assert sum(rows * length for rows, length in shapes) < 1.1 * tokens.lengths.sum()
    for rows, inputs in batches:
        np.testing.assert_array_equal(inputs["attention_mask"].sum(axis=1), tokens.lengths[rows])


def test_one_text_above_the_budget_is_a_batch():
    assert [rows.tolist() for rows in prediction_plan(np.array([TOKENS_AT_ONCE + 1, 2]))] == [[1], [0]]


def test_fixed_lengths_are_few(tokens):
    assert len(fixed_batches(tokens).shapes) <= 8


def test_nothing_to_predict():
    assert prediction_plan(np.zeros(0, int)) == []


def test_the_end_of_an_epoch_waits_for_no_thread(tokens):
    """Autotuning must stay off: its sleeping thread holds up the end of an iteration."""
    assert fixed_batches(tokens).dataset.options().autotune.enabled is False
