r"""The lines of a text file, packed or not.

A line is what ends in `\n` or `\r\n`. U+2028, U+0085, a form feed or a `\r` alone end none, and a byte-order mark at the
start of a file is no text.
"""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert.reading._files import BYTE_ORDER_MARK, UTF_8, check_mark
from kerasbert.reading.sources import SourceFile

# Longest line and cell: what goes beyond it is a file that is cut in no lines, or a quote that is never closed.
LONGEST = 16 * 1024**2
LOST = "the rest of the file cannot be read"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class LostError(DataError):
    """After this one nothing of the file can be read."""


def byte_lines(file: SourceFile) -> Iterator[Any]:
    """The lines of a file with their ends, as bytes; a fault of the file comes as a `LostError` in its place.

    Raises:
        DataError: when the file cannot be opened, or is UTF-16.
    """
    try:
        with _open(file) as stream:
            if stream.peek(2)[:2] in UTF_16:
                raise DataError(f"{file.path} is UTF-16, not UTF-8; save it as UTF-8.")
            mark = BYTE_ORDER_MARK
            while line := stream.readline(LONGEST + 1):
                if len(line) > LONGEST and not line.endswith(b"\n"):
                    yield LostError(f"is longer than {LONGEST} bytes; {LOST}.{carriage_hint(line)}")
                    return
                if mark and line.startswith(mark):
                    check_mark(file.path, file.encoding)
                line, mark = line.removeprefix(mark), b""
                yield line if file.encoding == UTF_8 else _as_utf_8(line, file.encoding)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield LostError(f"{file.path} is cut or no gzip file ({shorten(str(error))}); {LOST}.")
    except OSError as error:
        raise DataError(f"{file.path} cannot be read: {error.strerror or error}.") from error


def text_lines(file: SourceFile) -> Iterator[Any]:
    """The lines of a file with their ends, as text, in which bytes that are no UTF-8 stand as half surrogates.

    Raises:
        DataError: as `byte_lines`.
    """
    for line in byte_lines(file):
        if isinstance(line, DataError):
            yield line
        elif b"\0" in line:
            yield DataError("holds a NUL byte; is it a text file, and UTF-8?")
        else:
            yield line.decode("utf-8", "surrogateescape")


def _as_utf_8(line: bytes, encoding: str) -> Any:
    """A line of another encoding, as UTF-8; what is wrong where it is not of that encoding."""
    try:
        return line.decode(encoding).encode(UTF_8)
    except UnicodeDecodeError as error:
        return DataError(f"is not {encoding} at its byte {error.start}; name the encoding that the file has.")


def carriage_hint(line: bytes | str) -> str:
    r"""What to say of a line with a `\r` inside, which ends none; empty without."""
    inside = line.rstrip(b"\r\n") if isinstance(line, bytes) else line.rstrip("\r\n").encode("utf-8", "surrogatepass")
    if b"\r" not in inside:
        return ""
    return " It has carriage returns alone (\\r), which end no line; save the file with \\n or \\r\\n as line ends."


def _open(file: SourceFile) -> Any:
    return gzip.open(file.path, "rb") if file.is_compressed else open(file.path, "rb")
