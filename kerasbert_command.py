"""The console script: runs `kerasbert.cli`.

It lies outside the package, which loads Keras, and so TensorFlow, unless this module is there: the command loads them when it
needs them.
"""

import os
import sys

INTERRUPTED = 130


def run() -> None:
    """Run the command and exit with its code."""
    _open_standard_descriptors()
    try:
        from kerasbert.cli import main

        code = main()
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _open_standard_descriptors() -> None:
    # Else the first files that are opened get these numbers, and what is written to standard error goes into them.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
