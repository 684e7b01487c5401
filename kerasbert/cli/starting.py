"""Load TensorFlow, and classifiers, when a command needs them: what is refused before is refused at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from kerasbert._core.errors import ArtifactError
from kerasbert._core.paths import local_path
from kerasbert._core.progress import waiting
from kerasbert._core.staging import recover_folder
from kerasbert.saving.inspection import check_is_folder

if TYPE_CHECKING:
    from kerasbert.engines.saved import EngineClassifier
    from kerasbert.saving.trained_classifier import TrainedClassifier

INTERRUPTED = 130
SHOW_CURSOR = "\x1b[?25h"


def start_tensorflow() -> None:
    """Import TensorFlow and Keras without their start-up chatter, while a line moves on standard error."""
    if "tensorflow" in sys.modules and "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _ends_at_once(), _standard_error_apart() as stream, waiting("loading TensorFlow", stream):
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
        # The first look for devices complains of missing drivers on machines without an accelerator.
        tensorflow.config.list_physical_devices()
        import keras  # noqa: F401


def load_classifier(folder: Path, *, engine: str | None = None, threads: int | None = None) -> "TrainedClassifier":
    """Load a saved classifier, and TensorFlow before it, with the engine that computes in its place where one is named.

    Raises:
        ArtifactError: as `kerasbert.load`.
        ConfigError: as `kerasbert.load`.
    """
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    check_is_folder(folder)
    start_tensorflow()
    from kerasbert.saving.trained_classifier import trained_of
    from kerasbert.text_classifier.loading import load

    with waiting(f"loading {folder}"):
        return trained_of(load(folder, engine=engine, threads=threads))


def load_with_engine(folder: Path, engine: str, threads: int | None) -> "EngineClassifier":
    """Open a saved classifier in the engine that it was saved with; loads neither TensorFlow nor Keras.

    Raises:
        ArtifactError: as `open_with_engine`.
        ConfigError: as `open_with_engine`.
    """
    from kerasbert.engines.saved import open_with_engine

    with waiting(f"loading {folder}"):
        return open_with_engine(folder, engine, threads=threads)


@contextlib.contextmanager
def _standard_error_apart() -> Iterator[TextIO]:
    """Context: what C++ code writes to the descriptor of standard error is dropped; yields a stream that still reaches it."""
    if sys.stderr is not None:
        sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        with open(os.dup(kept), "w", encoding="utf-8", errors="replace") as stream:
            yield stream
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _ends_at_once() -> Iterator[None]:
    """Context: Ctrl-C ends the process, of which nothing is on disk yet; raised inside an import it may be lost, or a traceback."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    descriptor = os.dup(2)

    def end(number: int, frame: FrameType | None) -> NoReturn:
        cursor = SHOW_CURSOR if os.isatty(descriptor) else ""
        os.write(descriptor, f"{cursor}Interrupted.\n".encode())
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(descriptor)
