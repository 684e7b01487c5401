"""Signals that ask a training to stop: it finishes its step, keeps a checkpoint and ends."""

import signal
import threading
from types import FrameType
from typing import Any, Self, final

STOPPING = (signal.SIGTERM, signal.SIGINT)


class TrainingStopped(SystemExit):
    """A training that was stopped by a signal, after its checkpoint was written.

    A `SystemExit`, so that a script ends without a traceback, with the exit code that shells give to the signal: 143 for
    SIGTERM and 130 for SIGINT. The message says what was kept and how to go on.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(128 + number)
        self.message = message

    def __str__(self) -> str:
        return self.message


@final
class StopSignals:
    """Context in which SIGTERM and SIGINT are noted instead of obeyed; the second one ends the process at once.

    Outside the main thread, where Python allows no handlers, nothing is noted.
    """

    def __init__(self) -> None:
        #: The signal that came, or None.
        self.caught: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in STOPPING}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.caught = number
        for each in STOPPING:
            signal.signal(each, signal.SIG_DFL)
