"""Standard output and error that are closed, full, or a pipe that nobody reads."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import final

# Of a stream, and never of a file by name: no room, no reader, not open.
STREAM_ERRORS = {errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EPIPE}


@final
class ClosedOutput(io.TextIOBase):
    """A standard output that is closed: refuses results, which would be lost."""

    def writable(self) -> bool:
        """Look like any stream."""
        return True

    def write(self, text: str) -> int:
        """Raise `OSError`."""
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


@contextlib.contextmanager
def open_streams() -> Iterator[None]:
    """Context: standard output and error are streams also where they are closed.

    Python has None for a closed one, to which nothing is printed, or which an error then goes to in place of the other.
    """
    before = sys.stdout, sys.stderr
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        if sys.stderr is None:
            sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def output_error(error: OSError) -> str | None:
    """Return the message for an error of standard output, empty after `| head`; None for an error of a file."""
    if error.filename is not None or error.errno not in STREAM_ERRORS or _takes_output():
        return None
    _give_up_output()
    if error.errno == errno.EPIPE:
        return ""
    closed = "is closed" if error.errno == errno.EBADF else f"cannot be written ({error.strerror})"
    return f"Standard output {closed}; send it to a file or a pipe that takes it: > FILE."


def printable(text: str) -> str:
    """Escape control characters, lone surrogates and changes of direction, for the terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _takes_output() -> bool:
    """Whether standard output can be flushed; one that failed fails again."""
    try:
        sys.stdout.write("")
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True


def _give_up_output() -> None:
    """Let Python find nothing left to write when it ends."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), descriptor)
