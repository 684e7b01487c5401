"""What a training leaves behind for people: `history.csv`, curves, and events for TensorBoard."""

import csv
import io
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import keras

from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import atomic_file_write
from kerasbert._core.paths import local_output
from kerasbert._core.pictures import check_picture_file, save_figure
from kerasbert._core.progress import announce

HISTORY_FILE = "history.csv"
CURVES_FILE = "curves.png"
HISTORY_START = b"epoch,seconds,learning_rate"


def make_logs(folder: str | os.PathLike[str]) -> list[keras.callbacks.Callback]:
    """Return callbacks that write `history.csv`, `curves.png` (if matplotlib is installed) and events for TensorBoard.

    Raises:
        ArtifactError: when the folder cannot be made, or holds files of these names that are not kerasbert's.
    """
    folder = local_output(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"`log_dir` {str(folder)!r} cannot be made: {error.strerror}.") from error
    _refuse_other_files(folder)
    return [HistoryFile(folder), EventFiles(folder)]


def _refuse_other_files(folder: Path) -> None:
    """Refuse files of others; a history of ours is written anew, and the curves beside it are ours."""
    file = folder / HISTORY_FILE
    if not os.path.lexists(file):
        check_picture_file(folder / CURVES_FILE)
        return
    start = b""
    if file.is_file():
        with open(file, "rb") as stream:
            start = stream.read(len(HISTORY_START))
    if start != HISTORY_START:
        raise ArtifactError(
            f"{str(file)!r} exists and was not written by kerasbert; choose another `log_dir`, or move it elsewhere."
        )


@final
class HistoryFile(keras.callbacks.Callback):
    """Writes `history.csv` anew after each epoch, so that it is whole after a restart, and the curves at the end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / HISTORY_FILE
        self.lines: list[dict[str, Any]] = []
        self._epoch_start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch_start = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        line = {"epoch": epoch + 1, "seconds": round(time.monotonic() - self._epoch_start, 3)}
        line |= {"learning_rate": _rate_of(self.model), **_numbers(logs)}
        self.lines = [*(one for one in self.lines if one["epoch"] <= epoch), line]
        self._write()

    def on_train_end(self, logs: Any = None) -> None:
        try:
            draw_curves(self.lines, self.file.with_name(CURVES_FILE))
        except ImportError:
            announce("No curves were drawn: pip install 'kerasbert[report]'.")

    def training_state(self) -> dict[str, Any]:
        return {"lines": self.lines}

    def restore_training_state(self, state: dict[str, Any]) -> None:
        self.lines = state["lines"]

    def _write(self) -> None:
        text = io.StringIO()
        table = csv.DictWriter(
            text, list(dict.fromkeys(name for line in self.lines for name in line)), lineterminator="\n"
        )
        table.writeheader()
        table.writerows(self.lines)
        with atomic_file_write(self.file, known=True) as beside:
            beside.write_text(text.getvalue(), encoding="utf-8")


@final
class RateLog(keras.callbacks.Callback):
    """Notes the learning rate at the end of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.rates = [*self.rates[:epoch], _rate_of(self.model)]

    def training_state(self) -> dict[str, Any]:
        return {"rates": self.rates}

    def restore_training_state(self, state: dict[str, Any]) -> None:
        self.rates = list(state["rates"])


@final
class EventFiles(keras.callbacks.Callback):
    """Writes each epoch's numbers as events for TensorBoard, which need not be installed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._writers: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, value in {**_numbers(logs), "learning_rate": _rate_of(self.model)}.items():
            part = "validation" if name.startswith("val_") else "train"
            self._write(part, f"epoch_{name.removeprefix('val_')}", value, epoch)

    def on_train_end(self, logs: Any = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, part: str, name: str, value: float, epoch: int) -> None:
        import tensorflow as tf

        writer = self._writers.get(part)
        if writer is None:
            (self.folder / part).mkdir(exist_ok=True)
            file = self.folder / part / f"events.out.tfevents.{time.time_ns()}.kerasbert"
            # An event file is a record file of a version and events.
            writer = self._writers[part] = tf.io.TFRecordWriter(str(file))
            writer.write(tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
        summary = tf.compat.v1.Summary(value=[tf.compat.v1.Summary.Value(tag=name, simple_value=value)])
        writer.write(tf.compat.v1.Event(wall_time=time.time(), step=epoch, summary=summary).SerializeToString())
        writer.flush()


def _rate_of(model: keras.Model) -> float:
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


def _numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the metrics of an epoch that are one number."""
    return {name: float(value) for name, value in (logs or {}).items() if keras.ops.ndim(value) == 0}


def draw_curves(lines: list[dict[str, Any]], file: Path) -> None:
    """Draw each quantity over the epochs as PNG, training and validation in one panel; needs matplotlib.

    Args:
        lines: name -> number for each epoch, with `epoch`.
        file: the PNG to write.
    """
    from matplotlib.figure import Figure

    names = [
        name for name in dict.fromkeys(name for line in lines for name in line) if name not in ("epoch", "seconds")
    ]
    panels = [name for name in names if not name.startswith("val_")]
    if not panels:
        return
    figure = Figure(figsize=(4 * len(panels), 3), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for name, label in ((panel, "training"), (f"val_{panel}", "validation")):
            points = [(line["epoch"], line[name]) for line in lines if name in line]
            if points:
                axes.plot(*zip(*points, strict=True), marker="o", label=label)
        axes.set(title=panel, xlabel="epoch")
        if f"val_{panel}" in names:
            axes.legend()
    save_figure(figure, file, dpi=120, known=True)
