"""The learning-rate range test."""

import keras
import numpy as np
import pytest

from kerasbert import ConfigError, TextClassifier, find_learning_rate
from kerasbert.training.learning_rate_finder import LearningRateFinder, smooth


def test_it_finds_where_the_loss_falls_and_leaves_the_model_as_it_was(toy_model, toy_batches):
    model = toy_model()
    before = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    test = find_learning_rate(model, toy_batches, lowest=1e-6, highest=1.0, steps=60)
    after = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
    assert test.rates[0] == pytest.approx(1e-6)
    assert np.diff(np.log(test.rates)) == pytest.approx(np.log(1e6) / 59)
    assert 1e-5 < test.suggestion < test.rates[int(np.argmin(test.smoothed))]
    assert f"{test.suggestion:.1e}" in test.summary()


def test_the_rate_that_is_named_is_the_one_used(toy_model, toy_batches):
    # One step of Adam moves every weight by the rate, so that a step at rate r is told by the weights.
    model = toy_model()
    moved = []
    original = type(model).train_on_batch

    class Watched(type(model)):
        def train_on_batch(self, *arguments, **options):
            before = self.encoder.trainable_weights[-1].numpy()
            result = original(self, *arguments, **options)
            moved.append(np.abs(self.encoder.trainable_weights[-1].numpy() - before).max())
            return result

    model.__class__ = Watched
    test = find_learning_rate(model, toy_batches, lowest=1e-5, highest=1e-3, steps=10, global_clipnorm=None)
    assert moved[0] == pytest.approx(test.rates[0], rel=0.05)
    assert moved[-1] == pytest.approx(test.rates[-1], rel=0.6)


def test_it_ends_where_the_loss_explodes(toy_model, toy_batches):
    test = find_learning_rate(
        toy_model(), toy_batches, lowest=1e-3, highest=1.0, steps=400, global_clipnorm=None, head_ratio=500.0
    )
    assert len(test.rates) == len(test.losses) < 57


def curve(places):
    """A loss that falls fastest at 10 ** -3.5 and explodes from 10 ** -1 on; `places` are logarithms of rates."""
    return 2 - 1 / (1 + np.exp(-3 * (places + 3.5))) + np.exp(4 * (places + 0.8))


@pytest.mark.parametrize("steps", [50, 100, 300])
def test_the_suggestion_is_the_steepest_place_at_any_density(steps):
    places = np.linspace(-7, 0, steps)
    for seed in range(5):
        noise = 0.03 * np.random.default_rng(seed).normal(size=steps)
        test = LearningRateFinder(10.0**places, curve(places) + noise, 1.0)
        assert abs(np.log10(test.suggestion) + 3.5) <= 0.3
    exact = LearningRateFinder(10.0**places, curve(places), 1.0)
    assert abs(np.log10(exact.suggestion) + 3.5) <= 7 / (steps - 1)


def test_more_steps_are_more_passes_of_the_same_density(toy_model, toy_batches):
    range_of_rates = {"lowest": 1e-3, "highest": 1e-2}
    once, thrice = (find_learning_rate(toy_model(), toy_batches, steps=steps, **range_of_rates) for steps in (20, 60))
    assert np.array_equal(once.rates, thrice.rates) and len(thrice.losses) == 20
    ratio = thrice.suggestion / once.suggestion
    assert 0.5 <= ratio <= 2
    assert len(find_learning_rate(toy_model(), toy_batches, lowest=1e-3, highest=1.1e-3, steps=30).rates) == 10


def test_the_loss_is_that_of_finetune(toy_model, toy_batches):
    plain = find_learning_rate(toy_model(), toy_batches, steps=10).losses
    smoothed = find_learning_rate(toy_model(), toy_batches, steps=10, label_smoothing=0.5).losses
    same = find_learning_rate(toy_model(), toy_batches, steps=10, label_smoothing=0.0).losses
    assert np.allclose(plain, same) and not np.allclose(plain, smoothed)


def test_a_classifier_follows_or_refuses_its_settings(tiny_folder):
    texts, labels = ["good card", "bad parcel"] * 8, ["a", "b"] * 8
    own = {"encoder": tiny_folder, "verbose": False, "dropout": 0.0}
    losses = [
        TextClassifier("multiclass", label_smoothing=share, **own).find_learning_rate(texts, labels, steps=10).losses
        for share in (None, 0.5)
    ]
    assert not np.allclose(*losses)
    with pytest.raises(ConfigError, match="`ema` must be left out for a range test.*got 0.9"):
        TextClassifier("multiclass", ema=0.9, **own).find_learning_rate(texts, labels)


def test_smoothing_is_a_weighted_mean_and_its_slope_that_of_a_weighted_line():
    rates, losses = 10.0 ** np.linspace(-5, -3, 30), np.random.default_rng(0).random(30)
    values, slopes = smooth(rates, losses)
    places = np.log10(rates) - np.log10(rates[7])
    weights = np.exp(-0.5 * (places / 0.25) ** 2)
    slope, _ = np.polyfit(places, losses, 1, w=np.sqrt(weights))  # np.polyfit squares its weights
    assert values[7] == pytest.approx(np.average(losses, weights=weights)) and slopes[7] == pytest.approx(slope)


def test_its_picture(tmp_path):
    pytest.importorskip("matplotlib")
    test = LearningRateFinder(10.0 ** np.linspace(-6, 0, 40), np.linspace(2, 1, 40), 1.0)
    test.save_picture(tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"must end in .pdf, .png or .svg"):
        test.save_picture(tmp_path / "rates.txt")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lowest": 0.0}, "`lowest`"),
        ({"highest": 1e-9}, "`highest`"),
        ({"steps": 3}, "`steps`"),
        ({"head_ratio": 0.0}, "`head_ratio`"),
    ],
)
def test_arguments_are_checked(options, words, toy_model, toy_batches):
    with pytest.raises(ConfigError, match=words):
        find_learning_rate(toy_model(), toy_batches, **options)
