import keras

from kerasbert.optimizers import AdamW
from kerasbert.optimizers.variables import build_variables


class Scope:
    """Counts how often it is entered, as a strategy does."""

    entered = 0

    def scope(self):
        return self

    def __enter__(self):
        self.entered += 1

    def __exit__(self, *error):
        pass


def test_variables_are_made_once_inside_the_scope():
    optimizer, weights, strategy = AdamW(1e-3), [keras.Variable([1.0, 2.0])], Scope()
    build_variables(optimizer, weights, strategy)
    made = optimizer.variables
    build_variables(optimizer, weights, strategy)
    assert (
        optimizer.built
        and strategy.entered == 1
        and all(a is b for a, b in zip(made, optimizer.variables, strict=True))
    )
