"""What all readers of files share: refusing what is no file with content, and decoding it."""

import re
import stat
from pathlib import Path

from kerasbert._core.errors import DataError
from kerasbert._core.locations import local_path

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
        DataError: when the path is an address, missing, a folder, a device or pipe, unreadable, empty or too large.
    """
    local_path(path, error=DataError)
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


def read_text(path: Path) -> str:
    """The content of a UTF-8 file; a byte-order mark is dropped, line ends are kept.

    Args:
        path: of the file.

    Returns:
        The text.

    Raises:
        DataError: when it cannot be opened or is not UTF-8; the message names the byte.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    # By hand and not by "utf-8-sig", which counts the bytes of an error from behind the mark.
    mark = b"\xef\xbb\xbf"
    try:
        return content.decode("utf-8").removeprefix(mark.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
