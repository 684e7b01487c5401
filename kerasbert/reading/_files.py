"""What all readers of files share: refusing what is no file with content, and decoding it."""

import codecs
import re
import stat
from pathlib import Path

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.paths import local_path

# Far above any text data that fits the memory of a training machine, far below what a sparse file can claim.
LARGEST_FILE = 16 * 1024**3
# What a shell or a reader of many files would expand.
PATTERN = re.compile(r"[*?\[]")
UTF_8 = "utf-8"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What readers look for in bytes.
SEPARATORS = '\n\r\t ,;|"{}[]\\09az'
OTHER_ENCODING = (
    "save the file as UTF-8 (in Excel 'CSV UTF-8'), or name its encoding: encoding='cp1252' (--encoding cp1252) for "
    "Windows-1252, 'latin-1' for Latin-1"
)


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


def check_encoding(encoding: str) -> str:
    """The name of an encoding in which a data file may be.

    Args:
        encoding: such as `"utf-8"`, `"latin-1"` or `"cp1252"`.

    Returns:
        Python's name of it.

    Raises:
        ConfigError: when Python does not know it, or its line ends and separators are not those of ASCII, as of UTF-16.
        TypeError: when it is no text.

    Example:
        >>> check_encoding("Latin-1"), check_encoding("utf-8-sig")
        ('iso8859-1', 'utf-8')
    """
    if not isinstance(encoding, str):
        raise TypeError(
            f"`encoding` must be a name such as 'utf-8'; got {shorten(encoding)} of {type(encoding).__name__}."
        )
    try:
        name = codecs.lookup(encoding).name
        found = SEPARATORS.encode(name)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"`encoding` must be one that Python knows, such as 'latin-1' or 'cp1252'; got {encoding!r}."
        ) from error
    if name == "utf-8-sig":
        return UTF_8
    if found != SEPARATORS.encode("ascii"):
        raise ConfigError(f"`encoding` must keep ASCII as it is; got {encoding!r}. Save the file as UTF-8.")
    return name


def check_mark(source: str, encoding: str) -> None:
    """Refuse to read a file that begins with UTF-8's byte-order mark in another encoding.

    Raises:
        DataError: when the encoding is another one.
    """
    if encoding != UTF_8:
        raise DataError(f"{source} begins with the byte-order mark of UTF-8; leave out the encoding {encoding!r}.")


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


def decode_lines(content: bytes, source: str, encoding: str = UTF_8) -> list[str]:
    r"""The lines of UTF-8 bytes, without their ends, `\n` or `\r\n`; nothing else ends a line.

    Args:
        content: of a file; a byte-order mark at its start is dropped.
        source: named in messages.
        encoding: from `check_encoding`.

    Returns:
        The lines; a last one without an end is one too.

    Raises:
        DataError: when it is not UTF-8, or its only line ends are carriage returns alone.

    Example:
        >>> decode_lines(b"good\r\nbad\x0cfine", "texts.txt")
        ['good', 'bad\x0cfine']
    """
    lines = _decoded(content, source, encoding).split("\n")
    if len(lines) == 1 and "\r" in lines[0].rstrip("\r"):
        raise DataError(
            f"{source} has carriage returns alone (\\r), which end no line; save it with \\n or \\r\\n as line ends."
        )
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def _decoded(content: bytes, source: str, encoding: str = UTF_8) -> str:
    # By hand and not by "utf-8-sig", which counts the bytes of an error from behind the mark.
    try:
        if content.startswith(BYTE_ORDER_MARK):
            check_mark(source, encoding)
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name = "UTF-8" if encoding == UTF_8 else encoding
        raise DataError(f"{source} is not {name} at byte {error.start}, line {line}; {OTHER_ENCODING}.") from error
