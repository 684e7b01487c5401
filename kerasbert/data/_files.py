"""What all readers of files share: refusing what is no file with content, and decoding it."""

import re
import stat
from pathlib import Path

from kerasbert._core.errors import DataError

# Far above any text data that fits the memory of a training machine, far below what a sparse file can claim.
LARGEST_FILE = 16 * 1024**3
# What a shell or a reader of many files would expand.
PATTERN = re.compile(r"[*?\[]")


def check_file(path: Path, *, largest: int | None = LARGEST_FILE, empty: bool = False) -> None:
    """Refuse what is no regular file with content, before it is opened: a pipe would never answer.

    Args:
        path: to be read.
        largest: most bytes; None: any number, for what is read piece by piece.
        empty: whether a file of no bytes is let through.

    Raises:
        DataError: when the path is missing, a folder, a device or pipe, unreadable, empty or too large.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        hint = " Patterns are not expanded; give one file." if PATTERN.search(path.name) else ""
        raise DataError(f"{path} does not exist.{hint}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path} is a folder; give a data file.")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path} is not a regular file; give a data file.")
    if status.st_size == 0 and not empty:
        raise DataError(f"{path} is empty (0 bytes).")
    if largest is not None and status.st_size > largest:
        raise DataError(f"{path} has {status.st_size} bytes; at most {largest} are read. Split the file.")


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        DataError: when it cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def read_text(path: Path) -> str:
    """The content of a UTF-8 file; a byte-order mark is dropped, line ends are kept.

    Args:
        path: of the file.

    Returns:
        The text.

    Raises:
        DataError: when it cannot be opened or is not UTF-8; the message names the byte.
    """
    return _decoded(read_bytes(path), str(path))


def decode_lines(content: bytes, source: str) -> list[str]:
    r"""The lines of UTF-8 bytes, without their ends, `\n` or `\r\n`; nothing else ends a line.

    Args:
        content: of a file; a byte-order mark at its start is dropped.
        source: named in messages.

    Returns:
        The lines; a last one without an end is one too.

    Raises:
        DataError: when it is not UTF-8, or its only line ends are carriage returns alone.

    Example:
        >>> decode_lines(b"good\r\nbad\x0cfine", "texts.txt")
        ['good', 'bad\x0cfine']
    """
    lines = _decoded(content, source).split("\n")
    if len(lines) == 1 and "\r" in lines[0].rstrip("\r"):
        raise DataError(
            f"{source} has carriage returns alone (\\r), which end no line; save it with \\n or \\r\\n as line ends."
        )
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _decoded(content: bytes, source: str) -> str:
    # By hand and not by "utf-8-sig", which counts the bytes of an error from behind the mark.
    mark = b"\xef\xbb\xbf"
    try:
        return content.decode("utf-8").removeprefix(mark.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{source} is not UTF-8 at byte {error.start}, line {line}; save it as UTF-8.") from error
