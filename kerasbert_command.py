"""The console script: imports TensorFlow without its start-up chatter, then runs `kerasbert.cli`.

It lies outside the package because importing anything inside it imports Keras, and so TensorFlow, first.
"""

import contextlib
import os
import sys
from collections.abc import Iterator


def run() -> None:
    """Run the command and exit with its code."""
    _open_standard_descriptors()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _quiet_standard_error():
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
        # The first look for devices complains of missing drivers on machines without an accelerator.
        tensorflow.config.list_physical_devices()
    from kerasbert.cli import main

    sys.exit(main())


def _open_standard_descriptors() -> None:
    # Else the first files that are opened get these numbers, and what is written to standard error goes into them.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@contextlib.contextmanager
def _quiet_standard_error() -> Iterator[None]:
    # TensorFlow's C++ code writes to the descriptor itself before its log level is read.
    if sys.stderr is not None:
        sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
