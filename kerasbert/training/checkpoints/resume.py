"""A training that keeps checkpoints while it runs, and goes on from the newest one."""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, final

import keras
import numpy as np

from kerasbert._core.checks import check_int
from kerasbert._core.errors import ConfigError
from kerasbert._core.progress import announce
from kerasbert._version import __version__
from kerasbert.training.checkpoints import state
from kerasbert.training.checkpoints.batch_log import BatchLog
from kerasbert.training.checkpoints.checkpoint import FINISHED, Checkpoint, CheckpointFolder
from kerasbert.training.checkpoints.fingerprint import differences
from kerasbert.training.checkpoints.signals import StopSignals, TrainingStopped
from kerasbert.training.loop import Position


@contextlib.contextmanager
def open_run(
    folder: str | os.PathLike[str],
    *,
    every: int,
    resume: bool | None,
    settings: Mapping[str, Any],
    shown: bool = True,
    writes: bool = True,
    log_dir: str | os.PathLike[str] | None = None,
) -> Iterator["CheckpointedRun"]:
    """Open a folder of checkpoints for a training; yields the run for `run_epochs(..., start=run)`.

    Args:
        folder: of this training alone.
        every: batches from one checkpoint to the next, >= 1.
        resume: None goes on where there is something to go on with; True demands it; False removes it and starts afresh.
        settings: what the training is started with; a checkpoint of other settings is refused.
        shown: whether to tell on standard error where it goes on.
        writes: False for a worker that only reads what another one writes.
        log_dir: where `batches.csv` is written; None: in `folder`.

    Raises:
        ArtifactError: when the folder cannot be used, or none of its checkpoints is whole.
        ConfigError: when there is nothing to resume, or the checkpoints are of other settings.
    """
    check_int("checkpoint_every", every, 1)
    with CheckpointFolder(folder, writes=writes) as checkpoints, StopSignals() as signals:
        if resume is False and writes:
            checkpoints.clear()
        saved = checkpoints.newest() if writes or resume is not False else None
        if saved is None and resume:
            raise ConfigError(
                f"`resume` must not be True: {str(checkpoints.folder)!r} holds no checkpoint. Leave it out to start."
            )
        if saved is not None:
            _refuse_other(saved, settings, checkpoints)
        run = CheckpointedRun(checkpoints, saved, every, dict(settings), signals)
        run.log = BatchLog(Path(log_dir or checkpoints.folder)) if writes else None
        if saved is not None and not run.finished:
            announce(f"Going on after batch {run.step} of epoch {run.epoch + 1}.", shown=shown)
        try:
            yield run
        finally:
            if run.log is not None:
                run.log.close()


@final
class CheckpointedRun(Position):
    """The position of a training that writes checkpoints; made by `open_run`.

    Args:
        checkpoints: its folder.
        saved: what it starts from; None: the beginning.
        every: batches from one checkpoint to the next.
        settings: kept in each checkpoint.
        signals: ask it to stop.
    """

    def __init__(
        self,
        checkpoints: CheckpointFolder,
        saved: Checkpoint | None,
        every: int,
        settings: dict[str, Any],
        signals: StopSignals,
    ) -> None:
        where = {} if saved is None else saved.state
        super().__init__(where.get("epoch", 0), where.get("step", 0))
        self.checkpoints = checkpoints
        self.saved = saved
        self.every = every
        self.settings = settings
        self.signals = signals
        self.log: BatchLog | None = None

    @property
    def finished(self) -> bool:
        """Whether what was saved is the end of a training."""
        return self.saved is not None and self.saved.state["finished"]

    def bind(self, model: keras.Model) -> None:
        """Take the model that is trained, or that the trained one is a part of, and give it the saved weights."""
        self._whole = model
        if self.saved is not None:
            state.assign(model.variables, self.saved, state.MODEL)

    def history(self) -> dict[str, list[Any]]:
        """Return the history of a finished training."""
        return {} if self.saved is None else state.unpack(self.saved.state["history"], self.saved.arrays)

    def restore(self, model: keras.Model, callback_list: keras.callbacks.CallbackList, steps: int) -> None:
        self._model, self._steps = model, steps
        self._callbacks = [one for one in callback_list.callbacks if state.remembers(one)]
        if self.saved is not None:
            state.restore(self._whole, model, self._callbacks, self.saved)
            self.saved = None  # its memory is given back
        if self.log is not None:
            self.log.open(self.epoch, self.step)

    def after_step(self, epoch: int, step: int, loss: float, rows_of: Callable[[int, int], np.ndarray]) -> None:
        if self.log is not None:
            self.log.write(epoch, step, rows_of(epoch, step), loss)
        done = step + 1
        if (epoch * self._steps + done) % self.every == 0 or self.signals.caught:
            self._keep(epoch, done)
        self._stop_if_asked()

    def after_batches(self, epoch: int) -> None:
        self._keep(epoch, self._steps)

    def while_judging(self) -> None:
        self._stop_if_asked()

    def finish(self, history: Mapping[str, list[Any]]) -> None:
        """Keep the end of the training, so that the same call gives the same model at once."""
        if not self.checkpoints.writes:
            return
        arrays = state.arrays_of(self._whole.variables, state.MODEL)
        packed = state.pack(dict(history), "history", arrays)
        self.checkpoints.write(FINISHED, Checkpoint(arrays, {**self._facts(), "finished": True, "history": packed}))

    def _keep(self, epoch: int, step: int) -> None:
        if not self.checkpoints.writes:
            return
        checkpoint = state.capture(self._whole, self._model, self._callbacks)
        checkpoint.state.update(self._facts(), epoch=epoch, step=step, finished=False)
        self.checkpoints.write(epoch * self._steps + step, checkpoint)

    def _facts(self) -> dict[str, Any]:
        return {"settings": self.settings, "versions": _versions()}

    def _stop_if_asked(self) -> None:
        number = self.signals.caught
        if number is not None:
            name = signal.Signals(number).name
            raise TrainingStopped(
                number,
                f"Stopped by {name}. A checkpoint is in {str(self.checkpoints.folder)!r}; run the same again to go on.",
            )


def _refuse_other(saved: Checkpoint, settings: Mapping[str, Any], checkpoints: CheckpointFolder) -> None:
    # What JSON makes of both, so that tuples equal lists.
    found = differences(json.loads(json.dumps(saved.state["settings"])), json.loads(json.dumps(settings)))
    if found:
        raise ConfigError(
            f"The training in {str(checkpoints.folder)!r} is another one: {'; '.join(found)}. Run it with what it was "
            f"started with, choose another folder, or start afresh with resume=False (--no-resume)."
        )
    if saved.state["versions"] != _versions():
        announce(f"This training was started with {saved.state['versions']}, and goes on with {_versions()}.")


def _versions() -> dict[str, str]:
    return {"kerasbert": __version__, "keras": keras.__version__, keras.backend.backend(): _backend_version()}


def _backend_version() -> str:
    import tensorflow as tf

    return str(tf.__version__)
