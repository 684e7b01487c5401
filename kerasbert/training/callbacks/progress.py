"""The progress bar of a training run, on standard error."""

import time
from typing import Any, final

import keras

from kerasbert._core.progress import end_waiting, progress_console

# Of the first step TensorFlow makes a graph, which takes seconds in which no text is read.
BEFORE_THE_FIRST_STEP = "tracing the first step"


@final
class Progress(keras.callbacks.Callback):
    """A bar with loss, texts and tokens per second, padding and time left; the metrics of each epoch stay above it."""

    def __init__(
        self, steps: int, epochs: int, *, num_examples: int, num_tokens: int | None, padding: float | None
    ) -> None:
        super().__init__()
        self.steps = steps
        self.epochs = epochs
        self.num_examples = num_examples
        self.num_tokens = num_tokens
        self.padding = padding
        self.bar: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=progress_console(),
            transient=True,
        )
        end_waiting()
        self.bar.start()
        total = self.steps * self.epochs
        self.task = self.bar.add_task("training", total=total, state=BEFORE_THE_FIRST_STEP)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        self.start: tuple[float, int] | None = None
        self.bar.update(self.task, description=f"epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Start the clock with the first batch that is run, which need not be the first of the epoch."""
        self.start = self.start or (time.perf_counter(), batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        done = self.epoch * self.steps + batch + 1
        loss = f"  loss {float(logs['loss']):.4f}" if logs and "loss" in logs else ""
        self.bar.update(self.task, completed=done, state=self._speed(batch) + loss)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.start[0] if self.start else 0.0
        numbers = "  ".join(
            f"{name} {value:.4f}" for name, value in (logs or {}).items() if not hasattr(value, "shape")
        )
        speed = self._speed(self.steps - 1) if self.start else ""
        self.bar.console.print(
            f"epoch {epoch + 1}/{self.epochs}  {seconds:.0f} s  {speed}  {numbers}", highlight=False, soft_wrap=True
        )

    def on_train_end(self, logs: Any = None) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away, also when training ended otherwise."""
        if self.bar is not None:
            self.bar.stop()

    def _speed(self, batch: int) -> str:
        start, first = self.start or (0.0, 0)
        share = (batch + 1 - first) / max(self.steps, 1) / max(time.perf_counter() - start, 1e-9)
        shown = [f"{share * self.num_examples:.0f} texts/s"]
        if self.num_tokens:
            shown.append(f"{share * self.num_tokens:.0f} tokens/s")
        if self.padding is not None:
            shown.append(f"{self.padding:.1%} padding")
        return "  ".join(shown)
