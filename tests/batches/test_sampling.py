import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.batches.sampling import draw_rows, expected_draws
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

IDS = np.repeat([0, 1, 2], [70, 25, 5])
ROWS = np.zeros((100, 2), "float32")
ROWS[:64, 0] = 1
ROWS[62:66, 1] = 1
TOKENS = TokenArrays.from_lists([[2, 5, 3]] * 100)


def test_balanced_draws_every_class_alike():
    draws = expected_draws(IDS, "balanced")
    assert np.allclose(np.bincount(IDS, weights=draws), 100 / 3)


def test_roots_of_the_frequencies():
    shares = np.bincount(IDS, weights=expected_draws(IDS, "sqrt"))
    roots = np.sqrt([70, 25, 5])
    assert np.allclose(shares, 100 * roots / roots.sum())


def test_oversampling_repeats_the_rare_rows_and_drops_none():
    draws = expected_draws(ROWS, "oversample")
    assert np.allclose(draws[62:66], np.sqrt(0.1 / 0.04)) and np.allclose(np.delete(draws, range(62, 66)), 1)


def test_heads_take_the_mean():
    both = expected_draws({"a": IDS, "b": ROWS}, "balanced")
    assert np.allclose(both, (expected_draws(IDS, "balanced") + expected_draws(ROWS, "balanced")) / 2)


def test_each_row_comes_as_often_as_expected_but_for_rounding():
    draws = expected_draws(IDS, "sqrt")
    counts = np.bincount(draw_rows(draws, np.random.default_rng(0)), minlength=100)
    assert counts.sum() == 100 and (abs(counts - draws) < 1 + 1e-9).all()


def test_the_mean_over_many_epochs_is_what_is_expected():
    draws = expected_draws(IDS, "balanced")
    random = np.random.default_rng(0)
    mean = np.mean([np.bincount(draw_rows(draws, random), minlength=100) for _ in range(2000)], axis=0)
    assert np.allclose(mean, draws, atol=0.06)


def test_batches_hold_the_drawn_rows_and_repeat_with_the_seed():
    batches = make_batches(TOKENS, IDS, batch_size=8, shuffle=True, sampling="balanced")
    epochs = []
    for _ in range(2):
        batches.begin(3)
        epochs.append(np.concatenate([labels.numpy() for _, labels in batches.dataset]))
    assert np.array_equal(*epochs) and abs(np.bincount(epochs[0]) - 100 / 3).max() < 2.5
    assert np.array_equal(np.sort(epochs[0]), np.sort(IDS[batches.rows(3)]))


def test_an_epoch_can_begin_in_its_middle():
    batches = make_batches(TOKENS, np.arange(100), batch_size=8, shuffle=True)
    batches.begin(2, 5)
    first = next(iter(batches.pipeline))[1].numpy()
    assert np.array_equal(first, batches.rows_of(2, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling": "even", "shuffle": True, "labels": IDS}, "`sampling` must be one of"),
        ({"sampling": "sqrt", "shuffle": True}, "`sampling` must be None without `labels`"),
        ({"sampling": "sqrt", "labels": IDS}, "`sampling` must be None without .* shuffle=True"),
    ],
    ids=["unknown", "labels", "order"],
)
def test_what_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        make_batches(TOKENS, **options)
