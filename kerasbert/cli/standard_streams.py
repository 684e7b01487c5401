"""Standard output and error of the command where they are closed, full, or a pipe that nobody reads."""

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
    """Stands for a standard output that is closed: results are refused and not lost.

    Example:
        >>> ClosedOutput().write("0.9")
        Traceback (most recent call last):
        ...
        OSError: [Errno 9] Bad file descriptor
    """

    def writable(self) -> bool:
        """It looks like any stream."""
        return True

    def write(self, text: str) -> int:
        """Refuse a text.

        Raises:
            OSError: always.
        """
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


@contextlib.contextmanager
def open_streams() -> Iterator[None]:
    """Context: standard output and error are streams, whether they are closed or not.

    Python has None for a closed one, to which nothing is printed, or which an error then goes to in place of the other.

    Yields:
        When they are.
    """
    before = sys.stdout, sys.stderr
    if sys.stdout is None:
        sys.stdout = ClosedOutput()  # type: ignore[assignment]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        if sys.stderr is None:
            sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def output_error(error: OSError) -> str | None:
    """What to tell of an error of standard output; None when it is of a file.

    Args:
        error: of the system.

    Returns:
        Words; empty where nobody reads the pipe any more, as after `| head`.
    """
    if error.filename is not None or error.errno not in STREAM_ERRORS or _takes_output():
        return None
    _give_up_output()
    if error.errno == errno.EPIPE:
        return ""
    closed = "is closed" if error.errno == errno.EBADF else f"cannot be written ({error.strerror})"
    return f"Standard output {closed}; send it to a file or a pipe that takes it: > FILE."


def printable(text: str) -> str:
    """A text for the terminal, in which control characters, half characters and changes of direction are written out.

    Example:
        >>> printable("a\\x1b[31mb")
        'a\\\\x1b[31mb'
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _takes_output() -> bool:
    """Whether standard output takes what it holds back; one that failed fails again."""
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
