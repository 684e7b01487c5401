"""Learning-rate schedules that Keras lacks."""

import math
from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_choice, check_int, check_number
from kerasbert._core.names import PACKAGE
from kerasbert.optimizers.rates import SHAPES


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from zero to a peak, then decay to zero: linear is what BERT is fine-tuned with.

    Args:
        peak: the highest rate, > 0.
        total_steps: optimiser steps of the whole training, >= 1; the rate is 0 afterwards.
        warmup_steps: steps of the warm-up, 0 to `total_steps`.
        shape: of the decay over the rest: `"linear"`, `"cosine"` (half a wave), `"polynomial"` (the linear one to the
            power of 2, or `power`) or `"constant"` (none).
        power: of `"polynomial"`, > 0.

    Call arguments:
        step: number of steps done.

    Raises:
        ConfigError: when a number is out of its range or the shape unknown.

    Example:
        >>> schedule = WarmupDecay(1e-4, total_steps=100, warmup_steps=10)
        >>> [round(float(schedule(step)), 6) for step in (0, 10, 55, 100)]
        [1e-05, 0.0001, 5e-05, 0.0]

    Reference:
        Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019, appendix A.2.
    """

    def __init__(
        self, peak: float, *, total_steps: int, warmup_steps: int = 0, shape: str = "linear", power: float = 2.0
    ) -> None:
        super().__init__()
        self.peak = check_number("peak", peak, 0, open_minimum=True)
        self.total_steps = check_int("total_steps", total_steps, 1)
        self.warmup_steps = check_int("warmup_steps", warmup_steps, 0, total_steps)
        self.shape = check_choice("shape", shape, SHAPES)
        self.power = check_number("power", power, 0, open_minimum=True)

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        # The first step is taken at 1 / warmup_steps of the peak, not at zero, where it would be wasted.
        rising = (step + 1.0) / max(self.warmup_steps, 1)
        left = (self.total_steps - step) / max(self.total_steps - self.warmup_steps, 1)
        return self.peak * ops.clip(ops.minimum(rising, self._decay(ops.clip(left, 0.0, 1.0))), 0.0, 1.0)

    def _decay(self, left: Any) -> Any:
        """Return the share of the peak at a share of steps left."""
        if self.shape == "constant":
            return ops.ones_like(left)
        if self.shape == "cosine":
            return 0.5 - 0.5 * ops.cos(math.pi * left)
        return left**self.power if self.shape == "polynomial" else left

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
            "shape": self.shape,
            "power": self.power,
        }
