"""The progress bar of a training run, on standard error."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, final

import keras

from kerasbert._core.names import SINGLE_HEAD
from kerasbert._core.progress import end_waiting, progress_console

# Of the parts of an epoch's line, the speeds are left out first.
FIRST_SPEED = 3
# What the names of a vote's scores start with.
VOTE = f"{SINGLE_HEAD}_"

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
        self.bar.update(self.task, completed=done, state="  ".join(self._speed(batch)) + loss)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.start[0] if self.start else 0.0
        votes = getattr(self.model, "votes", None) is not None
        console = self.bar.console
        parts = [(0, f"epoch {epoch + 1}/{self.epochs}"), (0, f"{seconds:.0f} s")]
        parts += enumerate(self._speed(self.steps - 1) if self.start else [], start=FIRST_SPEED)
        parts += _numbers(logs or {}, votes=votes)
        line = fitted_line(parts, console.width if votes or console.is_terminal else None)
        console.print(line, highlight=False, soft_wrap=True)

    def on_train_end(self, logs: Any = None) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away, also when training ended otherwise."""
        if self.bar is not None:
            self.bar.stop()

    def _speed(self, batch: int) -> list[str]:
        start, first = self.start or (0.0, 0)
        share = (batch + 1 - first) / max(self.steps, 1) / max(time.perf_counter() - start, 1e-9)
        shown = [f"{share * self.num_examples:.0f} texts/s"]
        if self.num_tokens:
            shown.append(f"{share * self.num_tokens:.0f} tokens/s")
        if self.padding is not None:
            shown.append(f"{self.padding:.1%} padding")
        return shown


def fitted_line(parts: Sequence[tuple[int, str]], width: int | None) -> str:
    """Join parts, each with a rank; where they are wider than `width`, those of the highest ranks but 0 are left out."""
    kept = list(parts)
    while width is not None and len(line := "  ".join(text for _, text in kept)) > width:
        place = max(range(len(kept)), key=lambda at: (kept[at][0], at))
        if not kept[place][0]:
            return line
        del kept[place]
    return "  ".join(text for _, text in kept)


def _numbers(logs: Mapping[str, Any], *, votes: bool) -> list[tuple[int, str]]:
    """Ranked numbers of an epoch; of a layerwise model the losses and the vote's scores, those on validation data first."""
    found = {name: value for name, value in logs.items() if not hasattr(value, "shape")}
    if not votes:
        return [(0, f"{name} {value:.4f}") for name, value in found.items()]
    losses = {name: found[name] for name in ("loss", "val_loss") if name in found}
    scores = {
        name.replace(VOTE, "", 1): value
        for name, value in found.items()
        if name.startswith((VOTE, f"val_{VOTE}")) and not name.endswith(f"{VOTE}loss")
    }
    ranked: list[tuple[int, str, float]] = [(0, name, value) for name, value in losses.items()]
    ranked += [(1 if name.startswith("val_") else 2, name, value) for name, value in scores.items()]
    return [(rank, f"{name} {value:.4f}") for rank, name, value in ranked]
