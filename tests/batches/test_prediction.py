"""Batches for prediction hold every text once, near their budget, and change no answer."""

import numpy as np
import pytest

from kerasbert.batches.memory import make_batches
from kerasbert.batches.prediction import TEXTS_AT_ONCE, TOKENS_AT_ONCE, PredictionBatches, prediction_batches
from kerasbert.tokenization.token_arrays import TokenArrays


@pytest.fixture(scope="module")
def tokens():
    random = np.random.default_rng(0)
    return TokenArrays.from_lists([[2] * int(length) for length in random.integers(1, 400, size=3000)])


def test_every_text_once_from_short_to_long(tokens):
    batches = prediction_batches(tokens)
    read = np.concatenate([np.asarray(batch["attention_mask"]).sum(axis=1) for batch in batches.dataset])
    np.testing.assert_array_equal(read, tokens.lengths[batches.order])
    assert sorted(batches.order) == list(range(3000))
    assert len(list(batches.dataset)) == batches.steps == len(batches)


def test_the_budget_holds_and_is_used(tokens):
    shapes = [batch["input_ids"].shape for batch in prediction_batches(tokens).dataset]
    assert all(rows <= TEXTS_AT_ONCE and (rows * length <= TOKENS_AT_ONCE or rows == 1) for rows, length in shapes)
    assert all(rows * length > TOKENS_AT_ONCE / 2 for rows, length in shapes[1:-1])
    assert prediction_batches(tokens).padding < 0.1


def test_one_text_above_the_budget_is_a_batch():
    batches = prediction_batches(TokenArrays.from_lists([[2] * (TOKENS_AT_ONCE + 1), [2, 3]]))
    assert [tuple(batch["input_ids"].shape) for batch in batches.dataset] == [(1, 2), (1, TOKENS_AT_ONCE + 1)]


def test_fixed_lengths_are_few(tokens):
    assert len(prediction_batches(tokens, fixed_lengths=True).shapes) <= 8
    assert isinstance(prediction_batches(tokens), PredictionBatches)


def test_nothing_to_predict():
    assert prediction_batches(TokenArrays.from_lists([])).steps == 0


def test_the_end_of_an_epoch_waits_for_no_thread(tokens):
    """Autotuning must stay off: its sleeping thread holds up the end of an iteration."""
    for batches in (make_batches(tokens, batch_size=32), prediction_batches(tokens)):
        assert batches.dataset.options().autotune.enabled is False
