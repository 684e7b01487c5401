"""The progress bar of a training run, on standard error."""

import logging
import sys
import time
from typing import Any, final

import keras

from kerasbert.data.batch_source import BatchSource

LOGGER = logging.getLogger("kerasbert")


def announce(message: str, *, shown: object = True) -> None:
    """Tell people something: on standard error when `shown`, and always to the logger `kerasbert`."""
    LOGGER.info(message)
    if shown:
        print(message, file=sys.stderr)


@final
class Progress(keras.callbacks.Callback):
    """A bar for each epoch with loss, examples per second and time left; the epoch's metrics stay above it.

    Args:
        train: the training batches, for their number and size.
        epochs: number of epochs.
    """

    def __init__(self, train: BatchSource, epochs: int) -> None:
        super().__init__()
        self.steps = train.steps
        self.examples = train.num_examples
        self.epochs = epochs

    def on_train_begin(self, logs: Any = None) -> None:
        """Show the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]:.0f}/s  loss {task.fields[loss]:.4f}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.bar.start()
        self.task = self.bar.add_task("training", total=self.steps * self.epochs, speed=0.0, loss=float("nan"))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Name the epoch."""
        self.epoch_start = time.perf_counter()
        self.bar.update(self.task, description=f"epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Advance by a batch."""
        done = (batch + 1) / max(self.steps, 1) * self.examples
        speed = done / (time.perf_counter() - self.epoch_start)
        self.bar.update(self.task, advance=1, speed=speed, loss=float((logs or {}).get("loss", float("nan"))))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print the epoch's numbers."""
        seconds = time.perf_counter() - self.epoch_start
        numbers = "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        self.bar.console.print(
            f"epoch {epoch + 1}/{self.epochs}  {seconds:.0f} s  {numbers}", highlight=False, soft_wrap=True
        )

    def on_train_end(self, logs: Any = None) -> None:
        """Take the bar away."""
        self.bar.stop()
