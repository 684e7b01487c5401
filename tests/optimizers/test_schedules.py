import keras
import numpy as np
import pytest

from kerasbert._core.errors import ConfigError
from kerasbert.optimizers import WarmupDecay


def test_rises_to_the_peak_and_falls_to_zero():
    schedule = WarmupDecay(1.0, total_steps=110, warmup_steps=10)
    rates = [float(schedule(step)) for step in (0, 4, 9, 10, 60, 110, 200)]
    assert np.allclose(rates, [0.1, 0.5, 1.0, 1.0, 0.5, 0.0, 0.0])


def test_no_warm_up_starts_at_the_peak():
    assert float(WarmupDecay(1.0, total_steps=10)(0)) == 1.0


def test_more_warm_up_than_steps_is_refused():
    with pytest.raises(ConfigError, match="`warmup_steps` must be an integer from 0 to 10; got 11"):
        WarmupDecay(1.0, total_steps=10, warmup_steps=11)


def test_config_round_trip():
    schedule = WarmupDecay(1.0, total_steps=10, warmup_steps=2)
    assert WarmupDecay.from_config(schedule.get_config()).get_config() == schedule.get_config()


@pytest.mark.parametrize(
    ("shape", "reference"),
    [
        ("linear", keras.optimizers.schedules.PolynomialDecay(2.0, 100, 0.0, power=1.0)),
        ("polynomial", keras.optimizers.schedules.PolynomialDecay(2.0, 100, 0.0, power=2.0)),
        ("cosine", keras.optimizers.schedules.CosineDecay(2.0, 100)),
        ("constant", lambda step: 2.0),
    ],
    ids=["linear", "polynomial", "cosine", "constant"],
)
def test_shapes_are_those_of_keras(shape, reference):
    schedule = WarmupDecay(2.0, total_steps=110, warmup_steps=10, shape=shape)
    steps = [10, 35, 60, 85, 109]
    assert np.allclose([float(schedule(s)) for s in steps], [float(reference(s - 10)) for s in steps], atol=1e-6)


def test_unknown_shape():
    with pytest.raises(ConfigError, match="`shape` must be one of .* Did you mean 'cosine'"):
        WarmupDecay(1.0, total_steps=10, shape="cosin")
