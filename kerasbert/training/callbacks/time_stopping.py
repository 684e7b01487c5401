"""Stopping after a time."""

import time
from typing import Any, final

import keras

from kerasbert._core.checks import check_bool, check_number
from kerasbert._core.progress import announce


@final
class TimeStopping(keras.callbacks.Callback):
    """Stops training after a number of seconds, at the end of a batch; what tensorflow-addons' callback of that name did.

    A training that is resumed goes on counting where it was.

    Args:
        seconds: > 0.
        verbose: whether to say that it stopped.

    Raises:
        ConfigError: when `seconds` is out of its range.

    Example:
        >>> TimeStopping(3600).seconds
        3600.0
    """

    def __init__(self, seconds: float = 86400, *, verbose: bool = False) -> None:
        super().__init__()
        self.seconds = check_number("seconds", seconds, 0, open_minimum=True)
        self.verbose = check_bool("verbose", verbose)

    def on_train_begin(self, logs: Any = None) -> None:
        self._start = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.monotonic() - self._start >= self.seconds and not self.model.stop_training:
            self.model.stop_training = True
            announce(f"Training stopped after {self.seconds:g} seconds.", shown=self.verbose)

    def training_state(self) -> dict[str, float]:
        return {"spent": time.monotonic() - self._start}

    def restore_training_state(self, state: dict[str, float]) -> None:
        self._start = time.monotonic() - state["spent"]
